//! `bytes`: how much the client writes to the terminal for one message, compared with what the changed cells need. On a
//! slow connection you wait for every byte.

use super::{
    super::{Result, report::Row, samples::Samples, screen::Difference, scripted_server::mark, session::Session},
    Plan,
};

/// Messages of a room whose pane is less than half full.
const FEW: u64 = 5;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut full = Figures::default();
    let mut session = Session::start(1, 50)?;
    (0..plan.pick(300, 5)).try_for_each(|_| full.take(&mut session))?;
    let mut half_empty = Figures::default();
    let rooms = plan.pick(30, 2);
    let mut session = Session::start(rooms, FEW)?;
    for nth in 1..=rooms {
        (0..10).try_for_each(|_| half_empty.take(&mut session))?;
        if nth < rooms {
            session.next_room(FEW)?;
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
    fn take(&mut self, session: &mut Session) -> Result<()> {
        session.pause()?;
        let before = session.terminal.screen().clone();
        let mark = mark(session.stream.send_messages(session.room, 1)?);
        let frame = session.terminal.wait_for_frame(&mark, |screen| screen.contents().contains(&mark))?;
        let difference = Difference::between(&before, session.terminal.screen());
        self.written.push(frame.bytes.len() as f64);
        self.share.push(frame.bytes.len() as f64 / difference.allowance() as f64);
        self.clears += u32::from(frame.clears());
        Ok(())
    }

    fn rows(self, pane: &str) -> [Row; 3] {
        let row = |what, ours, goal| Row { size: pane.to_owned(), what, ours, goal, ..Row::default() };
        [
            row("bytes for a message", self.written, None),
            row("share of the bytes that the changed cells allow", self.share, Some(1.0)),
            row("frames that clear the screen", Samples::one(f64::from(self.clears)), Some(0.0)),
        ]
    }
}
