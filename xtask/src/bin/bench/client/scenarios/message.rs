//! `message`: the time from writing a message to the event stream's socket to the last byte of the frame that shows it.
//! The time inside the socket counts too.

use std::time::Instant;

use super::{
    super::{
        Result,
        echo::Echo,
        peer::mark,
        person::{Reader, SIZE},
        report::Row,
        samples::Samples,
    },
    Plan,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut reader = Reader::of(1, 50)?;
    reader.load(plan.long())?;
    reader.terminal.rests(plan.settled())?;
    let (mut echo, mut delays) = (Echo::start()?, Samples::default());
    for _ in 0..plan.pick(1000, 10) {
        reader.pauses()?;
        let sent = Instant::now();
        let mark = mark(reader.stream.say(reader.room, 1)?);
        let frame = reader.terminal.frame_that(&mark, |screen| screen.contents().contains(&mark))?;
        delays.push((frame.ended - sent).as_secs_f64() * 1e3);
        reader.pauses()?;
        echo.ask()?;
    }
    Ok(vec![Row {
        size: format!("{} messages, {}x{}", plan.long(), SIZE.columns, SIZE.rows),
        what: "ms from the socket to its frame",
        ours: delays,
        echo: Some(echo.delays),
        goal: Some(2.0),
    }])
}
