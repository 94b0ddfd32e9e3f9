//! `crowd`: how much streams of other rooms add to the cost of a message in a busy room, and the cost of the `activity`
//! events that report the message to them.

use std::time::Duration;

use quchat_shared::{RoomId, api::ListenEvents, query};

use super::{
    super::{
        Result,
        api::{Api, encode},
        cpu::micros_each,
        load::Load,
        report::Row,
        target::Target,
        workload::{Workload, send_messages},
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

    let mut target = Target::server(&plan.store, 1)?;
    let mut bystander = Api::register(target.address(), "bob")?;
    let corner = bystander.create_room("corner")?;
    let mut load = target.load(1, 1)?;
    let fast = Workload { messages, every: None };
    // Slow enough that each message makes its own batch of `activity` events.
    let slow =
        Workload { messages: paced, every: Some(plan.pick(Duration::from_millis(2100), Duration::from_millis(2))) };
    send_messages(&mut target, &mut load, Workload { messages: 50, every: None })?;
    for _ in 0..plan.runs {
        let alone = send_messages(&mut target, &mut load, fast)?;
        added.floor.push(micros_each(alone.cpu, messages));

        let narrow = bystanders(&target, &bystander, vec![corner], streams)?;
        let beside = send_messages(&mut target, &mut load, fast)?;
        let quiet = send_messages(&mut target, &mut load, slow)?;
        leave(narrow, &mut added)?;
        added.ours.push(micros_each(beside.cpu, messages));
        added.server_cpu.push(micros_each(beside.cpu, messages));
        added.bench_cpu.push(micros_each(beside.bench_cpu, messages));

        let wide = bystanders(&target, &bystander, Vec::new(), streams)?;
        let busy = send_messages(&mut target, &mut load, slow)?;
        let batches = leave(wide, &mut activity)?;
        if batches > 0 {
            activity.ours.push(micros_each(busy.cpu.saturating_sub(quiet.cpu), batches));
        }
        for measured in [alone, beside, quiet] {
            added.tally += measured.tally;
        }
        activity.tally += busy.tally;
    }
    Ok(vec![added, activity])
}

/// Opens streams of a user who is not in the busy room, limited to `rooms` unless that is empty.
fn bystanders(target: &Target, user: &Api, rooms: Vec<RoomId>, streams: usize) -> Result<Load> {
    let request = encode::<ListenEvents>(&user.token, &(), &query::ListenEvents { since: None, rooms }, &())?;
    let mut load = Load::new(target.addresses())?;
    for _ in 0..streams {
        load.subscribe(&request, 1)?;
    }
    load.wait_for_hello()?;
    Ok(load)
}

/// Closes the streams and returns how many batches they received. They must not have received a message.
fn leave(mut load: Load, row: &mut Row) -> Result<u64> {
    load.run_for(Duration::from_millis(100))?; // the last batch is on its way
    row.tally += load.subscribers.take_tally(0);
    Ok(load.subscribers.activities)
}
