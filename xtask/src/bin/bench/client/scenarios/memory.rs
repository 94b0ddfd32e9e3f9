//! `memory`: resident memory after visiting many rooms, with a long history in the open room, and after leaving it.

use super::{
    super::{Result, person::Reader, process::resident_mib, report::Row, samples::Samples},
    Plan,
};

/// Messages of each room.
const EACH: u64 = 50;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let rooms = plan.pick(200, 5);
    let mut reader = Reader::of(rooms, EACH)?;
    for _ in 2..rooms {
        reader.next_room(EACH)?;
    }
    reader.terminal.rests(plan.settled())?;
    let process = reader.terminal.process();
    let many = resident_mib(process)?;
    reader.load(plan.long())?;
    reader.terminal.rests(plan.settled())?;
    let long = resident_mib(process)?;
    reader.next_room(EACH)?;
    reader.terminal.rests(plan.settled())?;
    let left = resident_mib(process)?;
    let row = |size, mib, goal| Row {
        size,
        what: "MiB resident",
        ours: Samples::one(mib),
        goal: Some(goal),
        ..Row::default()
    };
    Ok(vec![
        row(format!("{rooms} rooms of {EACH}"), many, 20.0),
        row(format!("and {} in the open one", plan.long()), long, 80.0),
        row("that room left".to_owned(), left, 20.0),
    ])
}
