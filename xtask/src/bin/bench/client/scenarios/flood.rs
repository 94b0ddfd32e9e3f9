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
        peer::{Stream, mark},
        person::Reader,
        process::Notes,
        report::Row,
        samples::Samples,
    },
    Plan,
};

const PER_SECOND: u64 = 5_000;
const EVERY: Duration = Duration::from_millis(1);
/// Letters typed before they are deleted again.
const LINE: u64 = 40;
const ECHOES: usize = 500;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut reader = Reader::of(1, 50)?;
    reader.load(plan.pick(2_000, 100))?;
    reader.terminal.rests(plan.settled())?;
    let (mut echo, mut delays) = (Echo::start()?, Samples::default());
    (0..plan.pick(ECHOES, 5)).try_for_each(|_| echo.ask())?;
    let (keys, over) = (plan.pick(300, 5), AtomicBool::new(false));
    let Reader { terminal, stream, room, .. } = &mut reader;
    let (before, written, begun) = (Notes::of(terminal.process())?, terminal.written, Instant::now());
    let last = thread::scope(|scope| -> Result<u64> {
        let pouring = scope.spawn(|| pour(stream, *room, &over));
        let typed = (0..keys).try_for_each(|nth| -> Result<()> {
            let (row, column) = terminal.screen().cursor_position();
            let (key, column) = if (nth / LINE).is_multiple_of(2) { ("x", column + 1) } else { ("\x7f", column - 1) };
            let pressed = terminal.press(key)?;
            let frame = terminal.frame_that("a letter", |screen| screen.cursor_position() == (row, column))?;
            delays.push((frame.ended - pressed).as_secs_f64() * 1e3);
            // A fast typist, never in step with the frames.
            let pause = Duration::from_millis(30 + nth * 7 % 17);
            let next = Instant::now() + pause;
            while terminal.frame_within(next.saturating_duration_since(Instant::now()))?.is_some() {}
            Ok(())
        });
        over.store(true, Ordering::SeqCst);
        while !pouring.is_finished() {
            terminal.rests(EVERY)?; // otherwise the client would stop reading, and the flood would never end
        }
        typed?;
        pouring.join().map_err(|_| "the flood panicked")?
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = Notes::of(reader.terminal.process())?.cpu.saturating_sub(before.cpu).as_secs_f64();
    let written = (reader.terminal.written - written) as f64 / 1024.0;
    reader.terminal.shows(&mark(last))?;
    reader.terminal.rests(plan.settled())?;
    (0..plan.pick(ECHOES, 5)).try_for_each(|_| echo.ask())?;
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

/// Sends messages at a fixed rate until `over` is set. Returns the `seq` of the last one.
fn pour(stream: &mut Stream, room: quchat_shared::RoomId, over: &AtomicBool) -> Result<u64> {
    let (begun, mut said, mut last) = (Instant::now(), 0, 0);
    while !over.load(Ordering::SeqCst) {
        let due = u64::try_from(begun.elapsed().as_micros())?.saturating_mul(PER_SECOND) / 1_000_000;
        if due > said {
            last = stream.say(room, due - said)?;
            said = due;
        }
        thread::sleep(EVERY); // the pace of the flood
    }
    Ok(last)
}
