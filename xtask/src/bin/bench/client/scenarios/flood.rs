//! `flood`: typing while many messages arrive in the open room. The messages are a load themselves, so the noise of the
//! machine is measured before and after them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    super::{
        Result,
        echo::Echo,
        report::Row,
        samples::Samples,
        scripted_server::{Stream, mark},
        session::Session,
        usage::Usage,
    },
    Plan,
    key::letter,
};

const PER_SECOND: u64 = 5_000;
const EVERY: Duration = Duration::from_millis(1);
const ECHOES: usize = 500;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut session = plan.session_with(plan.pick(2_000, 100))?;
    let (mut echo, mut delays) = (Echo::start()?, Samples::default());
    (0..plan.pick(ECHOES, 5)).try_for_each(|_| echo.measure())?;
    let (keys, is_over) = (plan.pick(300, 5), AtomicBool::new(false));
    let Session { terminal, stream, room, .. } = &mut session;
    let (before, written, begun) = (Usage::of(terminal.process())?, terminal.written, Instant::now());
    let last = thread::scope(|scope| -> Result<u64> {
        let flooding = scope.spawn(|| flood(stream, *room, &is_over));
        let typed = (0..keys).try_for_each(|nth| -> Result<()> {
            delays.push(letter(terminal, nth)?);
            // A fast typist, never in step with the frames.
            let pause = Duration::from_millis(30 + nth as u64 * 7 % 17);
            let next = Instant::now() + pause;
            while terminal.next_frame(next.saturating_duration_since(Instant::now()))?.is_some() {}
            Ok(())
        });
        is_over.store(true, Ordering::SeqCst);
        while !flooding.is_finished() {
            terminal.wait_until_idle(EVERY)?; // otherwise the client would stop reading, and the flood would never end
        }
        typed?;
        flooding.join().map_err(|_| "the flood panicked")?
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = Usage::of(session.terminal.process())?.cpu.saturating_sub(before.cpu).as_secs_f64();
    let written = (session.terminal.written - written) as f64 / 1024.0;
    session.terminal.wait_for_text(&mark(last))?;
    session.terminal.wait_until_idle(plan.idle_time())?;
    (0..plan.pick(ECHOES, 5)).try_for_each(|_| echo.measure())?;
    let size = format!("{PER_SECOND} messages a second");
    let row = |what, figure| Row { size: size.clone(), what, ours: Samples::one(figure), ..Row::default() };
    Ok(vec![
        Row {
            size: size.clone(),
            what: "ms from a letter to its frame",
            ours: delays,
            echo: Some(echo.delays),
            goal: Some(50.0),
        },
        row("KiB a second to the terminal", written / seconds),
        row("% of a core", cpu / seconds * 100.0),
    ])
}

/// Sends messages at a fixed rate until `is_over` is set. Returns the `seq` of the last one.
fn flood(stream: &mut Stream, room: quchat_shared::RoomId, is_over: &AtomicBool) -> Result<u64> {
    let (begun, mut sent, mut last) = (Instant::now(), 0, 0);
    while !is_over.load(Ordering::SeqCst) {
        let due = u64::try_from(begun.elapsed().as_micros())?.saturating_mul(PER_SECOND) / 1_000_000;
        if due > sent {
            last = stream.send_messages(room, due - sent)?;
            sent = due;
        }
        thread::sleep(EVERY); // the pace of the flood
    }
    Ok(last)
}
