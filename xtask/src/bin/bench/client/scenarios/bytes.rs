//! `bytes`: how much the client writes to the terminal for one message, compared with the cells that differ. On a slow
//! connection you wait for every byte.

use super::{
    super::{Result, peer::mark, person::Reader, report::Row, samples::Samples, screen::Difference},
    Plan,
};

/// Messages of a room whose pane is less than half full.
const FEW: u64 = 5;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut full = Figures::default();
    let mut reader = Reader::of(1, 50)?;
    (0..plan.pick(300, 5)).try_for_each(|_| full.take(&mut reader))?;
    let mut half_empty = Figures::default();
    let rooms = plan.pick(30, 2);
    let mut reader = Reader::of(rooms, FEW)?;
    for nth in 1..=rooms {
        (0..10).try_for_each(|_| half_empty.take(&mut reader))?;
        if nth < rooms {
            reader.next_room(FEW)?;
        }
    }
    Ok(full.rows("full pane").into_iter().chain(half_empty.rows("half-empty pane")).collect())
}

#[derive(Default)]
struct Figures {
    written: Samples,
    share: Samples,
    clears: u32,
}

impl Figures {
    fn take(&mut self, reader: &mut Reader) -> Result<()> {
        reader.pauses()?;
        let before = reader.terminal.screen().clone();
        let mark = mark(reader.stream.say(reader.room, 1)?);
        let frame = reader.terminal.frame_that(&mark, |screen| screen.contents().contains(&mark))?;
        let difference = Difference::between(&before, reader.terminal.screen());
        self.written.push(frame.bytes.len() as f64);
        self.share.push(frame.bytes.len() as f64 / difference.allowance() as f64);
        self.clears += u32::from(frame.clears());
        Ok(())
    }

    fn rows(self, pane: &str) -> [Row; 3] {
        let row = |what, ours, goal| Row { size: pane.to_owned(), what, ours, goal, ..Row::default() };
        [
            row("bytes for a message", self.written, None),
            row("share of what the cells that differ allow", self.share, Some(1.0)),
            row("frames that clear", Samples::one(f64::from(self.clears)), Some(0.0)),
        ]
    }
}
