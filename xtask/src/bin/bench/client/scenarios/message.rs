//! `message`: the time from writing a message to the event stream's socket to the last byte of the frame that shows it.
//! The time inside the socket counts too.

use std::time::Instant;

use super::{
    super::{Result, echo::Echo, report::Row, samples::Samples, scripted_server::mark, session::SIZE},
    Plan,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut session = plan.session_with(plan.long_history())?;
    let (mut echo, mut delays) = (Echo::start()?, Samples::default());
    for _ in 0..plan.pick(1000, 10) {
        session.pause()?;
        let sent = Instant::now();
        let mark = mark(session.stream.send_messages(session.room, 1)?);
        let frame = session.terminal.wait_for_frame(&mark, |screen| screen.contents().contains(&mark))?;
        delays.push((frame.ended - sent).as_secs_f64() * 1e3);
        session.pause()?;
        echo.measure()?;
    }
    Ok(vec![Row {
        size: format!("{} messages, {}x{}", plan.long_history(), SIZE.columns, SIZE.rows),
        what: "ms from the socket to its frame",
        ours: delays,
        echo: Some(echo.delays),
        goal: Some(2.0),
    }])
}
