//! `idle`: connected, with nothing pending and no input. Only a heartbeat is a reason for a thread to wake up.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    super::{
        Result, report::Row, samples::Samples, scripted_server::HEARTBEAT_SECONDS, session::Session, usage::Usage,
    },
    Plan,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let beats: u32 = 4;
    let every = plan.pick(Duration::from_secs(HEARTBEAT_SECONDS), Duration::from_millis(50));
    let mut session = Session::start(1, 50)?;
    session.stream.send_heartbeat()?; // the first one has a new position, which the client saves
    session.terminal.wait_until_idle(plan.idle_time())?;
    let process = session.terminal.process();
    let (before, begun) = (Usage::of(process)?, Instant::now());
    for _ in 0..beats {
        thread::sleep(every / 2); // the measured time
        session.stream.send_heartbeat()?;
        thread::sleep(every / 2);
    }
    let (after, passed) = (Usage::of(process)?, begun.elapsed());
    let woken = after.sleeps.saturating_sub(before.sleeps);
    let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64() / passed.as_secs_f64();
    let size = format!("{:.0} s, {beats} heartbeats", passed.as_secs_f64());
    let row = |what, figure, goal| Row {
        size: size.clone(),
        what,
        ours: Samples::one(figure),
        goal: Some(goal),
        ..Row::default()
    };
    Ok(vec![row("wake-ups of any thread", woken as f64, f64::from(beats)), row("% of a core", cpu * 100.0, 0.05)])
}
