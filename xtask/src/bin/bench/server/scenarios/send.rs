//! `send`: durable, acknowledged messages per second. Each sender waits for its acknowledgement; one stream is open. On
//! PostgreSQL, the floor is pgbench with as many clients as senders.

use std::time::Duration;

use super::{
    super::{
        Result,
        cpu::micros_each,
        floor,
        report::Row,
        store::Store,
        target::Target,
        workload::{Workload, send_messages},
    },
    Plan,
};

/// Senders, messages, goal.
const FULL: &[(usize, u64, &str)] =
    &[(1, 3000, "≥ 3,000/s"), (8, 12_000, "≥ 15,000/s"), (64, 40_000, "≥ 35,000/s, ≤ 30 µs each")];
const QUICK: &[(usize, u64, &str)] = &[(1, 20, "≥ 3,000/s"), (8, 80, "≥ 15,000/s")];
/// How long pgbench inserts.
const PGBENCH: Duration = Duration::from_secs(5);

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    plan.pick(FULL, QUICK)
        .iter()
        .map(|&(senders, messages, goal)| rows(plan, senders, messages, goal))
        .collect::<Result<Vec<_>>>()
        .map(|rows| rows.into_iter().flatten().collect())
}

/// What this goal is on PostgreSQL.
fn goal_on(store: &Store, senders: usize, of_sqlite: &'static str) -> &'static str {
    match (store, senders) {
        (Store::Sqlite, _) => of_sqlite,
        (Store::Postgres { nodes: 1, .. }, 1) => "≥ 0.2 × pgbench",
        (Store::Postgres { nodes: 1, .. }, 64) => "≥ 0.6 × pgbench",
        (Store::Postgres { .. }, _) => "",
    }
}

fn rows(plan: &Plan, senders: usize, messages: u64, goal: &'static str) -> Result<[Row; 2]> {
    let (size, goal) = (format!("{senders} senders"), goal_on(&plan.store, senders, goal));
    let mut row = Row { size: size.clone(), what: "messages/s", goal, ..Row::default() };
    let mut cost = Row { size, what: "CPU µs per message", ..Row::default() };
    let mut target = Target::server(&plan.store, senders)?;
    let mut load = target.load(1, senders)?;
    // The first messages make the server prepare its SQL statements.
    send_messages(&mut target, &mut load, Workload { messages: senders as u64, every: None })?;
    for _ in 0..plan.runs {
        let measured = send_messages(&mut target, &mut load, Workload { messages, every: None })?;
        row.ours.push(messages as f64 / measured.acknowledged_after.as_secs_f64());
        row.server_cpu.push(micros_each(measured.cpu, messages));
        row.bench_cpu.push(micros_each(measured.bench_cpu, messages));
        row.tally += measured.tally;
        cost.ours.push(micros_each(measured.cpu, messages));
        if let Some(postgres) = &target.program.postgres {
            row.what = "messages/s (floor: pgbench)";
            row.floor.push(floor::rows_per_second(postgres, senders, plan.pick(PGBENCH, Duration::from_secs(1)))?);
        } else {
            let bare = floor::insert(messages, senders as u64, None)?;
            row.floor.push(messages as f64 / bare.took.as_secs_f64());
            cost.floor.push(micros_each(bare.cpu, messages));
        }
    }
    Ok([row, cost])
}
