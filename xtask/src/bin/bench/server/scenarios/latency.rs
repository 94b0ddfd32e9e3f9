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
    let every = plan.pick(Duration::from_millis(20), Duration::from_millis(2));
    let paced = Workload { messages, every: Some(every) };
    let row = |what, goal| Row { size: format!("{subscribers} subscribers, 50/s"), what, goal, ..Row::default() };
    let (mut middle, mut late) = (row("p50 ms", ""), row("p99 ms", "≤ 1.3 × floor + one commit"));
    let mut commit = row("one commit at that pace, p99 ms", "");
    let deliveries = messages * subscribers as u64;
    for &kind in plan.kinds {
        let mut target = Target::start(kind, &plan.store, 1)?;
        for measured in measure(&mut target, plan, subscribers, paced)? {
            if kind == Kind::Server {
                middle.server_cpu.push(micros_each(measured.cpu, deliveries));
                middle.bench_cpu.push(micros_each(measured.bench_cpu, deliveries));
            }
            middle.push(kind, percentile(&measured.delays(), 50));
            late.push(kind, percentile(&measured.delays(), 99));
            middle.tally += measured.tally;
        }
        if kind == Kind::Server {
            for _ in 0..plan.runs {
                commit.floor.push(percentile(&commits(&target, messages, every)?, 99));
            }
        }
    }
    Ok(vec![middle, late, commit])
}

fn measure(target: &mut Target, plan: &Plan, subscribers: usize, paced: Workload) -> Result<Vec<Measured>> {
    let mut load = target.load(subscribers, 1)?;
    send_messages(target, &mut load, Workload { messages: 5, every: None })?;
    (0..plan.runs).map(|_| send_messages(target, &mut load, paced)).collect()
}

/// The durations of commits of the bare database at that pace.
fn commits(target: &Target, messages: u64, every: Duration) -> Result<Vec<Duration>> {
    match &target.program.postgres {
        None => Ok(floor::insert(messages, 1, Some(every))?.commits),
        Some(postgres) => floor::commits(postgres, messages, every),
    }
}
