//! `connect`: many streams opened at once. The server verifies the token of each.

use std::time::Instant;

use super::{
    super::{
        Result,
        cpu::{self, micros_each},
        report::Row,
        tally::Tally,
        target::Target,
    },
    Plan,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let streams = plan.pick(2000, 20);
    let row = |what, goal| Row { size: format!("{streams} streams"), what, goal, ..Row::default() };
    let mut cost = row("CPU µs per connection", "≤ 46 µs, 0 failures");
    let mut time = row("ms until all are live", "");
    for _ in 0..plan.runs {
        let (cpu, bench_cpu, ms, tally) = measure(&Target::server(0)?, streams)?;
        cost.ours.push(cpu);
        cost.server_cpu.push(cpu);
        cost.bench_cpu.push(bench_cpu);
        cost.tally += tally;
        time.ours.push(ms);
        let (cpu, _, ms, tally) = measure(&Target::floor()?, streams)?;
        cost.floor.push(cpu);
        cost.tally += tally;
        time.floor.push(ms);
        if plan.has_peer {
            let (cpu, _, ms, tally) = measure(&Target::peer()?, streams)?;
            cost.peer.push(cpu);
            cost.tally += tally;
            time.peer.push(ms);
        }
    }
    Ok(vec![cost, time])
}

fn measure(target: &Target, streams: usize) -> Result<(f64, f64, f64, Tally)> {
    let (cpu, bench_cpu, begin) = (target.program.cpu()?, cpu::own(), Instant::now());
    let mut load = target.load(streams, 0)?;
    let time = begin.elapsed();
    let (cpu, bench_cpu) = (target.program.cpu()?.since(&cpu), cpu::own().saturating_sub(bench_cpu));
    let live = load.subscribers.live as u64;
    let tally = Tally { delivered: live, ..load.subscribers.take_tally(streams as u64) };
    Ok((micros_each(cpu, live), micros_each(bench_cpu, live), time.as_secs_f64() * 1e3, tally))
}
