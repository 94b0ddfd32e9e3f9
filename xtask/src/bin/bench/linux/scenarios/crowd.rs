//! `crowd`: what streams of other rooms add to the cost of a message in a busy room, and the cost of the `activity`
//! events that report the message to them.

use std::time::Duration;

use quchat_shared::{RoomId, api::ListenEvents, query};

use super::{
    super::{
        Result,
        api::{Api, encode},
        cpu::micros_each,
        drive::Drive,
        report::Row,
        stage::Stage,
        talk::{Talk, talk},
    },
    Plan,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (streams, messages, paced) = plan.pick((1000, 3000, 6), (10, 20, 100));
    let size = format!("{streams} beside it");
    let what = "CPU µs per message (floor: nobody beside it)";
    let mut added = Row { size: size.clone(), what, goal: "ratio 1.0", ..Row::default() };
    let what = "activity: CPU µs per stream and batch";
    let mut activity = Row { size, what, goal: "≤ 10 µs", ..Row::default() };

    let mut stage = Stage::server(1)?;
    let mut bystander = Api::register(stage.address(), "bob")?;
    let corner = bystander.create_room("corner")?;
    let mut drive = stage.drive(1, 1)?;
    let fast = Talk { messages, every: None };
    // Slow enough that each message makes its own batch of `activity` events.
    let slow = Talk { messages: paced, every: Some(plan.pick(Duration::from_millis(2100), Duration::from_millis(2))) };
    talk(&mut stage, &mut drive, Talk { messages: 50, every: None })?;
    for _ in 0..plan.runs {
        let alone = talk(&mut stage, &mut drive, fast)?;
        added.floor.push(micros_each(alone.cpu, messages));

        let narrow = bystanders(&stage, &bystander, vec![corner], streams)?;
        let beside = talk(&mut stage, &mut drive, fast)?;
        let quiet = talk(&mut stage, &mut drive, slow)?;
        leave(narrow, &mut added)?;
        added.ours.push(micros_each(beside.cpu, messages));
        added.server_cpu.push(micros_each(beside.cpu, messages));
        added.generator_cpu.push(micros_each(beside.generator, messages));

        let wide = bystanders(&stage, &bystander, Vec::new(), streams)?;
        let busy = talk(&mut stage, &mut drive, slow)?;
        let batches = leave(wide, &mut activity)?;
        if batches > 0 {
            activity.ours.push(micros_each(busy.cpu.saturating_sub(quiet.cpu), batches));
        }
        for talked in [alone, beside, quiet] {
            added.tally += talked.tally;
        }
        activity.tally += busy.tally;
    }
    Ok(vec![added, activity])
}

/// Opens streams of a user who is not in the busy room, limited to `rooms` unless that is empty.
fn bystanders(stage: &Stage, user: &Api, rooms: Vec<RoomId>, streams: usize) -> Result<Drive> {
    let request = encode::<ListenEvents>(&user.token, &(), &query::ListenEvents { since: None, rooms }, &())?;
    let mut drive = Drive::new()?;
    for _ in 0..streams {
        drive.listen(stage.address(), &request, 1)?;
    }
    drive.greet()?;
    Ok(drive)
}

/// Closes the streams and returns how many batches they received. They must not have received a message.
fn leave(mut drive: Drive, row: &mut Row) -> Result<u64> {
    drive.watch(Duration::from_millis(100))?; // the last batch is on its way
    row.tally += drive.audience.take_tally(0);
    Ok(drive.audience.activities)
}
