//! `memory`: resident memory after visiting many rooms, with a long history in the open room, and after leaving it.

use super::{
    super::{Result, report::Row, samples::Samples, session::Session},
    Plan,
};
use crate::proc::resident_kib;

/// Messages of each room.
const EACH: u64 = 50;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let rooms = plan.pick(200, 5);
    let mut session = Session::start(rooms, EACH)?;
    for _ in 2..rooms {
        session.next_room(EACH)?;
    }
    session.terminal.wait_until_idle(plan.idle_time())?;
    let process = session.terminal.process();
    let many = resident_kib(process)? / 1024.0;
    session.add_messages(plan.long_history())?;
    session.terminal.wait_until_idle(plan.idle_time())?;
    let long = resident_kib(process)? / 1024.0;
    session.next_room(EACH)?;
    session.terminal.wait_until_idle(plan.idle_time())?;
    let left = resident_kib(process)? / 1024.0;
    let row = |size, mib, goal| Row {
        size,
        what: "MiB resident",
        ours: Samples::one(mib),
        goal: Some(goal),
        ..Row::default()
    };
    Ok(vec![
        row(format!("{rooms} rooms of {EACH}"), many, 20.0),
        row(format!("and {} in the open room", plan.long_history()), long, 80.0),
        row("after leaving that room".to_owned(), left, 20.0),
    ])
}
