//! `connect`: many streams opened at once. The server verifies the token of each.

use std::time::Instant;

use super::{
    super::{
        Result,
        cpu::{self, micros_each},
        program::Kind,
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
        for &kind in plan.kinds {
            let opened = measure(&Target::start(kind, &plan.store, 0)?, streams)?;
            if kind == Kind::Server {
                cost.server_cpu.push(opened.cpu);
                cost.bench_cpu.push(opened.bench_cpu);
            }
            cost.push(kind, opened.cpu);
            cost.tally += opened.tally;
            time.push(kind, opened.ms);
        }
    }
    Ok(vec![cost, time])
}

struct Opened {
    /// µs per stream, of the target and of the bench.
    cpu: f64,
    bench_cpu: f64,
    /// The time until all streams were live.
    ms: f64,
    tally: Tally,
}

fn measure(target: &Target, streams: usize) -> Result<Opened> {
    let (cpu, bench_cpu, begin) = (target.program.cpu()?, cpu::own(), Instant::now());
    let mut load = target.load(streams, 0)?;
    let time = begin.elapsed();
    let (cpu, bench_cpu) = (target.program.cpu()?.since(&cpu), cpu::own().saturating_sub(bench_cpu));
    let live = load.subscribers.live as u64;
    Ok(Opened {
        cpu: micros_each(cpu, live),
        bench_cpu: micros_each(bench_cpu, live),
        ms: time.as_secs_f64() * 1e3,
        tally: Tally { delivered: live, ..load.subscribers.take_tally(streams as u64) },
    })
}
