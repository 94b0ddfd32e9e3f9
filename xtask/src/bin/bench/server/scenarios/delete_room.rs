//! `delete-room`: how long another sender waits while a large room is deleted and its rows are purged.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use quchat_shared::api::{DeleteRoom, NewMessage, SendMessage};

use super::{
    super::{
        Result,
        api::encode,
        load::Load,
        report::Row,
        target::Target,
        workload::{Workload, send_messages},
    },
    Plan,
    history::fill,
    percentile,
};

/// The connections that fill the room.
const SENDERS: usize = 64;
/// A purge that takes longer is not waited for.
const LONGEST: Duration = Duration::from_secs(600);

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let messages = plan.pick(1_000_000, 300);
    let row = |what, goal| Row { size: format!("{messages} messages"), what, goal, ..Row::default() };
    let mut longest = row("longest wait of another sender, ms (floor: before)", "≤ 100 ms");
    let mut late = row("p99 of its waits, ms (floor: before)", "");
    let mut gone = row("s until all rows are gone", "");
    // About a second: long enough to tell by the CPU time whether the server still purges.
    let paced = plan.pick((200, Duration::from_millis(5)), (20, Duration::from_millis(2)));
    let portion = Workload { messages: paced.0, every: Some(paced.1) };
    for _ in 0..plan.runs {
        let mut target = Target::server(SENDERS)?;
        longest.tally += fill(&mut target, messages)?;
        let room = target.room;
        let deletion = encode::<DeleteRoom>(&target.owner()?.token, &room, &(), &())?;
        move_to_another_room(&mut target)?;
        let mut load = target.load(1, 1)?;
        send_messages(&mut target, &mut load, Workload { messages: 5, every: None })?;
        let before = send_messages(&mut target, &mut load, portion)?;
        longest.tally += before.tally;
        longest.floor.push(percentile(&before.delays, 100));
        late.floor.push(percentile(&before.delays, 99));

        let (address, begin) = (target.address(), Instant::now());
        let deleting = thread::spawn(move || request_once(address, deletion));
        let mut delays = Vec::new();
        loop {
            let during = send_messages(&mut target, &mut load, portion)?;
            longest.tally += during.tally;
            delays.extend(during.delays);
            if during.cpu < before.cpu * 3 / 2 + Duration::from_millis(5) {
                break; // the server does no more than before
            }
            if begin.elapsed() > LONGEST {
                return Err("the rows of the room are not gone after ten minutes".into());
            }
        }
        deleting.join().map_err(|_| "the thread that deletes the room panicked")??;
        gone.ours.push(begin.elapsed().as_secs_f64());
        longest.ours.push(percentile(&delays, 100));
        late.ours.push(percentile(&delays, 99));
    }
    Ok(vec![longest, late, gone])
}

/// Has the target send to a new room, with one message in it: every `txn` of the target holds the length of its room,
/// and those that filled the other room began at 0.
fn move_to_another_room(target: &mut Target) -> Result<()> {
    let owner = target.owner()?;
    let room = owner.create_room("corner")?;
    let first = NewMessage { text: "first".to_owned(), txn: None, reply_to: None };
    owner.call::<SendMessage>(&room, &(), &first)?;
    (target.room, target.last_seq) = (room, 1);
    Ok(())
}

/// Sends a request on a connection of its own and waits until it has succeeded.
fn request_once(address: SocketAddr, request: Vec<u8>) -> Result<()> {
    let mut load = Load::new()?;
    load.add_requester(address, request, None)?;
    load.requesters[0].send()?;
    load.wait_until("a request is answered", |load| !load.answers.is_empty())?;
    match load.answers[0].status {
        200..300 => Ok(()),
        status => Err(format!("the server answered {status}").into()),
    }
}
