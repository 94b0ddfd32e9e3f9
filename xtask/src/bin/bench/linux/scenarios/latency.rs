//! `latency`: the time from send to delivery at a low, steady rate.

use std::time::Duration;

use super::{
    super::{
        Result,
        cpu::micros_each,
        floor,
        report::Row,
        stage::Stage,
        talk::{Talk, Talked, talk},
    },
    Plan, percentile,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (subscribers, messages) = plan.pick((100, 1000), (5, 20));
    let talked = Talk { messages, every: Some(plan.pick(Duration::from_millis(20), Duration::from_millis(2))) };
    let row = |what, goal| Row { size: format!("{subscribers} subscribers, 50/s"), what, goal, ..Row::default() };
    let (mut middle, mut late) = (row("p50 ms", ""), row("p99 ms", "≤ 1.3 × floor + one commit"));
    let mut commit = row("one commit at that pace, p99 ms", "");
    let deliveries = messages * subscribers as u64;
    for measured in measure(Stage::server(1)?, plan, subscribers, talked)? {
        middle.ours.push(percentile(&measured.delays, 50));
        late.ours.push(percentile(&measured.delays, 99));
        middle.server_cpu.push(micros_each(measured.cpu, deliveries));
        middle.generator_cpu.push(micros_each(measured.generator, deliveries));
        middle.tally += measured.tally;
    }
    for measured in measure(Stage::floor()?, plan, subscribers, talked)? {
        middle.floor.push(percentile(&measured.delays, 50));
        late.floor.push(percentile(&measured.delays, 99));
        middle.tally += measured.tally;
    }
    for _ in 0..plan.runs {
        commit.floor.push(percentile(&floor::insert(messages, 1, talked.every)?.commits, 99));
    }
    if plan.has_peer {
        for measured in measure(Stage::peer()?, plan, subscribers, talked)? {
            middle.peer.push(percentile(&measured.delays, 50));
            late.peer.push(percentile(&measured.delays, 99));
            middle.tally += measured.tally;
        }
    }
    Ok(vec![middle, late, commit])
}

fn measure(mut stage: Stage, plan: &Plan, subscribers: usize, paced: Talk) -> Result<Vec<Talked>> {
    let mut drive = stage.drive(subscribers, 1)?;
    talk(&mut stage, &mut drive, Talk { messages: 5, every: None })?;
    (0..plan.runs).map(|_| talk(&mut stage, &mut drive, paced)).collect()
}
