//! `latency`: the time from send to delivery at a low, steady rate.

use std::time::Duration;

use super::{
    super::{
        Result,
        cpu::micros_each,
        floor,
        program::Kind,
        report::Row,
        target::Target,
        workload::{Measured, Workload, send_messages},
    },
    Plan, percentile,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (subscribers, messages) = plan.pick((100, 1000), (5, 20));
    let paced = Workload { messages, every: Some(plan.pick(Duration::from_millis(20), Duration::from_millis(2))) };
    let row = |what, goal| Row { size: format!("{subscribers} subscribers, 50/s"), what, goal, ..Row::default() };
    let (mut middle, mut late) = (row("p50 ms", ""), row("p99 ms", "≤ 1.3 × floor + one commit"));
    let mut commit = row("one commit at that pace, p99 ms", "");
    let deliveries = messages * subscribers as u64;
    for &kind in plan.kinds {
        for measured in measure(Target::start(kind, 1)?, plan, subscribers, paced)? {
            if kind == Kind::Server {
                middle.server_cpu.push(micros_each(measured.cpu, deliveries));
                middle.bench_cpu.push(micros_each(measured.bench_cpu, deliveries));
            }
            middle.push(kind, percentile(&measured.delays, 50));
            late.push(kind, percentile(&measured.delays, 99));
            middle.tally += measured.tally;
        }
    }
    for _ in 0..plan.runs {
        commit.floor.push(percentile(&floor::insert(messages, 1, paced.every)?.commits, 99));
    }
    Ok(vec![middle, late, commit])
}

fn measure(mut target: Target, plan: &Plan, subscribers: usize, paced: Workload) -> Result<Vec<Measured>> {
    let mut load = target.load(subscribers, 1)?;
    send_messages(&mut target, &mut load, Workload { messages: 5, every: None })?;
    (0..plan.runs).map(|_| send_messages(&mut target, &mut load, paced)).collect()
}
