//! `key`: the time from typing a byte to the last byte of the frame that shows it. A letter changes one cell; a page up
//! or down changes nearly all cells.

use super::{
    super::{Result, echo::Echo, report::Row, samples::Samples, session::SIZE, terminal::Terminal},
    Plan,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut session = plan.session_with(plan.long_history())?;
    let size = format!("{} messages, {}x{}", plan.long_history(), SIZE.columns, SIZE.rows);
    let mut row = |what, keys, press: fn(&mut Terminal, usize) -> Result<f64>| -> Result<Row> {
        let (mut echo, mut delays) = (Echo::start()?, Samples::default());
        for nth in 0..plan.pick(keys, 10) {
            session.pause()?;
            delays.push(press(&mut session.terminal, nth)?);
            session.pause()?;
            echo.measure()?;
        }
        Ok(Row { size: size.clone(), what, ours: delays, echo: Some(echo.delays), goal: Some(2.0) })
    };
    Ok(vec![row("ms from a letter to its frame", 1000, letter)?, row("ms from a page key to its frame", 400, page)?])
}

/// Types a letter and returns the ms until its frame. After `LINE` letters, deletes them again one by one.
pub(super) fn letter(terminal: &mut Terminal, nth: usize) -> Result<f64> {
    const LINE: usize = 40;
    let (row, column) = terminal.screen().cursor_position();
    let (key, shown) = if (nth / LINE).is_multiple_of(2) {
        (char::from(b'a' + u8::try_from(nth % 26)?), (row, column + 1))
    } else {
        ('\x7f', (row, column - 1))
    };
    let pressed = terminal.type_keys(key.encode_utf8(&mut [0; 4]))?;
    let frame = terminal.wait_for_frame("a letter", |screen| screen.cursor_position() == shown)?;
    Ok((frame.ended - pressed).as_secs_f64() * 1e3)
}

/// Scrolls up a few pages, then down again.
fn page(terminal: &mut Terminal, nth: usize) -> Result<f64> {
    const PAGES: usize = 10;
    let before = terminal.screen().contents();
    let key = if (nth / PAGES).is_multiple_of(2) { "\x1b[5~" } else { "\x1b[6~" };
    let pressed = terminal.type_keys(key)?;
    let frame = terminal.wait_for_frame("another page", |screen| screen.contents() != before)?;
    Ok((frame.ended - pressed).as_secs_f64() * 1e3)
}
