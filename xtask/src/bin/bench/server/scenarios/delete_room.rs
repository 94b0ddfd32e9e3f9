//! `delete-room`: how long another sender waits while a large room is deleted and its rows are purged.

use std::{
    thread,
    time::{Duration, Instant},
};

use quchat_shared::{
    RoomId,
    api::{DeleteRoom, NewMessage, SendMessage},
};

use super::{
    super::{
        Result,
        addresses::Addresses,
        api::encode,
        filling::{Post, send_posts, wait_until_indexed},
        load::Load,
        report::Row,
        target::Target,
        texts::text,
        workload::{Workload, send_messages},
    },
    Plan, percentile,
};

/// A purge that takes longer is not waited for.
const LONGEST: Duration = Duration::from_secs(3600);

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let messages = plan.messages();
    let row = |what, goal| Row { size: format!("{messages} messages"), what, goal, ..Row::default() };
    let mut longest = row("longest wait of another sender, ms (floor: before)", "≤ 100 ms");
    let mut late = row("p99 of its waits, ms (floor: before)", "");
    let mut gone = row("s until all rows are gone", "");
    let paced = plan.pick((200, Duration::from_millis(5)), (20, Duration::from_millis(2)));
    let portion = Workload { messages: paced.0, every: Some(paced.1) };
    for _ in 0..plan.runs {
        let mut target = Target::server(&plan.store, 1)?;
        let room = fill(&mut target, messages)?;
        let deletion = encode::<DeleteRoom>(&target.owner()?.token, &room, &(), &())?;
        let mut load = target.load(1, 1)?;
        send_messages(&mut target, &mut load, Workload { messages: 5, every: None })?;
        let before = send_messages(&mut target, &mut load, portion)?;
        longest.tally += before.tally;
        longest.floor.push(percentile(&before.delays(), 100));
        late.floor.push(percentile(&before.delays(), 99));

        let (addresses, begin) = (target.addresses().clone(), Instant::now());
        let deleting = thread::spawn(move || request_once(&addresses, deletion));
        let mut delays = Vec::new();
        loop {
            let is_requested = deleting.is_finished();
            let during = send_messages(&mut target, &mut load, portion)?;
            longest.tally += during.tally;
            delays.extend(during.delays());
            if is_requested && !target.program.database()?.has_deleted_rooms()? {
                break;
            }
            if begin.elapsed() > LONGEST {
                return Err("the rows of the room are not gone after an hour".into());
            }
        }
        gone.ours.push(begin.elapsed().as_secs_f64());
        deleting.join().map_err(|_| "the thread that deletes the room panicked")??;
        longest.ours.push(percentile(&delays, 100));
        late.ours.push(percentile(&delays, 99));
    }
    Ok(vec![longest, late, gone])
}

/// Fills the room of the target, waits until its messages can be found, and has the target send to another room.
/// Returns the full one.
fn fill(target: &mut Target, messages: u64) -> Result<RoomId> {
    let (addresses, full) = (target.addresses().clone(), target.room);
    let owner = target.owner()?;
    let post = |number| Post { author: 0, room: full, text: text(number), reply_to: None };
    send_posts(&addresses, &[&*owner], &(0..messages), post)?;
    wait_until_indexed(owner, full, "fence")?;
    let corner = owner.create_room("corner")?;
    let first = NewMessage { text: "first".to_owned(), txn: None, reply_to: None };
    owner.call::<SendMessage>(&corner, &(), &first)?;
    (target.room, target.last_seq) = (corner, 1);
    Ok(full)
}

/// Sends a request on a connection of its own and waits until it has succeeded.
fn request_once(addresses: &Addresses, request: Vec<u8>) -> Result<()> {
    let mut load = Load::new(addresses)?;
    load.add_requester(request, None)?;
    load.requesters[0].send()?;
    load.wait_until("a request is answered", |load| !load.answers.is_empty())?;
    match load.answers[0].status {
        200..300 => Ok(()),
        status => Err(format!("the server answered {status}").into()),
    }
}
