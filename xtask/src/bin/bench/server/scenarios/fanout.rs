//! `fanout`: the server's CPU time per delivery. One sender waits for each acknowledgement.

use super::{
    super::{
        Result,
        cpu::micros_each,
        program::Kind,
        report::Row,
        target::Target,
        workload::{Measured, Workload, send_messages},
    },
    Plan,
};

/// Subscribers, messages, goal.
const FULL: &[(usize, u64, &str)] =
    &[(100, 2000, "≤ 1.0 × floor"), (1000, 200, "≤ 0.3 × floor"), (5000, 40, "≤ 0.2 × floor")];
const QUICK: &[(usize, u64, &str)] = &[(10, 20, "≤ 1.0 × floor")];

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    plan.pick(FULL, QUICK).iter().map(|&(subscribers, messages, goal)| row(plan, subscribers, messages, goal)).collect()
}

fn row(plan: &Plan, subscribers: usize, messages: u64, goal: &'static str) -> Result<Row> {
    let size = format!("{subscribers} subscribers");
    let mut row = Row { size, what: "CPU µs per delivery", goal, ..Row::default() };
    let deliveries = messages * subscribers as u64;
    for &kind in plan.kinds {
        for measured in measure(Target::start(kind, &plan.store, 1)?, plan, subscribers, messages)? {
            let cpu = micros_each(measured.cpu, deliveries);
            if kind == Kind::Server {
                row.server_cpu.push(cpu);
                row.bench_cpu.push(micros_each(measured.bench_cpu, deliveries));
            }
            row.push(kind, cpu);
            row.tally += measured.tally;
        }
    }
    Ok(row)
}

fn measure(mut target: Target, plan: &Plan, subscribers: usize, messages: u64) -> Result<Vec<Measured>> {
    let mut load = target.load(subscribers, 1)?;
    send_messages(&mut target, &mut load, Workload { messages: 5, every: None })?; // after these, every stream is live
    (0..plan.runs).map(|_| send_messages(&mut target, &mut load, Workload { messages, every: None })).collect()
}
