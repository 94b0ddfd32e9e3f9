//! `idle`: the cost of a stream on which nothing happens: memory while it is open, CPU time for its heartbeats, and
//! memory that is not freed after it closes. Each run starts a new server, because memory depends on what ran before.

use std::time::{Duration, Instant};

use super::{
    super::{Result, cpu::micros_each, load::TIMEOUT, program::Program, report::Row, tally::Tally, target::Target},
    Plan,
};
use crate::runs::Runs;

/// How long to wait before reading the memory of a program, which frees memory with a delay.
const LULL: Duration = Duration::from_secs(4);

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &streams in plan.pick::<&[usize]>(&[1000, 10_000], &[20]) {
        let row = |what, goal| Row { size: format!("{streams} streams"), what, goal, ..Row::default() };
        let mut resident = row("resident KiB per stream", "≤ 3 KiB");
        let mut kept = row("KiB kept per stream that left", "returned to the system");
        let mut cpu = row("CPU µs per stream in a quarter of a minute", "heartbeats only");
        for _ in 0..plan.runs {
            for &kind in plan.kinds {
                let idle = measure(&Target::start(kind, &plan.store, 0)?, plan, streams)?;
                resident.push(kind, idle.resident);
                kept.push(kind, idle.kept);
                cpu.push(kind, idle.cpu);
                resident.tally += idle.tally;
            }
        }
        cpu.server_cpu = Runs::clone(&cpu.ours);
        rows.extend([resident, cpu, kept]);
    }
    Ok(rows)
}

struct Idle {
    resident: f64,
    kept: f64,
    cpu: f64,
    tally: Tally,
}

fn measure(target: &Target, plan: &Plan, streams: usize) -> Result<Idle> {
    let (program, per_stream) = (&target.program, |kib: f64| kib / streams as f64);
    std::thread::sleep(plan.pick(LULL, Duration::ZERO)); // until the memory for the sign-in is freed
    let resident = program.resident_kib()?;
    let mut load = target.load(streams, 0)?;
    load.run_for(plan.pick(LULL, Duration::from_millis(50)))?; // until the work of opening streams is done
    let (full, cpu) = (program.resident_kib()?, program.cpu()?);
    load.run_for(plan.pick(Duration::from_secs(15), Duration::from_millis(200)))?; // one heartbeat
    let cpu = program.cpu()?.since(&cpu);
    let live = load.subscribers.len() as u64 - load.subscribers.take_tally(0).ended;
    let open = program.descriptors()?;
    drop(load);
    wait_until_idle(program, open.saturating_sub(streams))?;
    std::thread::sleep(plan.pick(LULL, Duration::ZERO));
    Ok(Idle {
        resident: per_stream(full - resident),
        kept: per_stream(program.resident_kib()? - resident),
        cpu: micros_each(cpu, streams as u64),
        tally: Tally { expected: streams as u64, delivered: live, ..Tally::default() },
    })
}

/// Waits until the program has closed its end of all streams.
fn wait_until_idle(program: &Program, descriptors: usize) -> Result<()> {
    let deadline = Instant::now() + TIMEOUT;
    while program.descriptors()? > descriptors {
        if Instant::now() > deadline {
            return Err("timed out waiting until the program closes its streams".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
