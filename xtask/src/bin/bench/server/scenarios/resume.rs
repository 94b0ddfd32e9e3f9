//! `resume`: many clients that resume far behind, all at once, and the delay of a live client meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

use quchat_shared::api::ListRooms;

use super::{
    super::{
        Result,
        addresses::Addresses,
        load::{Load, TIMEOUT},
        report::Row,
        store::Store,
        tally::Tally,
        target::Target,
        workload::{Workload, send_messages},
    },
    Plan, percentile,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (clients, behind) = plan.pick((1000, 1000), (10, 50));
    let row = |what, goal| Row { size: format!("{clients} clients, {behind} behind"), what, goal, ..Row::default() };
    let (mut caught_up, mut pause) = (row("s until all are live", "≤ 3 s"), row("longest live delay ms", "≤ 50 ms"));
    for _ in 0..plan.runs {
        let (time, delay, tally) = measure(&plan.store, clients, behind)?;
        caught_up.ours.push(time.as_secs_f64());
        pause.ours.push(delay);
        caught_up.tally += tally;
    }
    Ok(vec![caught_up, pause])
}

fn measure(store: &Store, clients: usize, behind: u64) -> Result<(Duration, f64, Tally)> {
    let mut target = Target::server(store, 1)?;
    let cursor = target.owner()?.call::<ListRooms>(&(), &(), &())?.cursor;
    let mut live = target.load(1, 1)?;
    let mut tally = send_messages(&mut target, &mut live, Workload { messages: behind, every: None })?.tally;

    let (addresses, request) = (target.addresses().clone(), target.subscribe_request(Some(cursor))?);
    let is_caught_up = Arc::new(AtomicBool::new(false));
    let (end, last) = mpsc::channel();
    let resumed = thread::spawn({
        let is_caught_up = Arc::clone(&is_caught_up);
        move || {
            let outcome = resume(&addresses, &request, clients, behind, &is_caught_up, &last);
            is_caught_up.store(true, Ordering::Relaxed); // also after an error, so that the other thread stops
            outcome
        }
    });
    let (mut delays, deadline) = (Vec::new(), Instant::now() + TIMEOUT);
    loop {
        let measured =
            send_messages(&mut target, &mut live, Workload { messages: 10, every: Some(Duration::from_millis(10)) })?;
        tally += measured.tally;
        delays.extend(measured.delays());
        if is_caught_up.load(Ordering::Relaxed) || Instant::now() > deadline {
            break;
        }
    }
    let _ = end.send(target.last_seq); // fails only if the thread has ended with an error
    let (time, theirs) = resumed.join().map_err(|_| "the thread of the resuming clients panicked")??;
    tally += theirs;
    Ok((time, percentile(&delays, 100), tally))
}

/// Opens all streams at once and returns the time until each has received what it missed. Then waits until each has
/// received the rest, up to `last`.
fn resume(
    addresses: &Addresses,
    request: &[u8],
    clients: usize,
    behind: u64,
    is_caught_up: &AtomicBool,
    last: &Receiver<u64>,
) -> Result<(Duration, Tally)> {
    let (mut load, begin) = (Load::new(addresses)?, Instant::now());
    for _ in 0..clients {
        load.subscribe(request, 1)?;
    }
    load.subscribers.expect(behind);
    load.wait_until("every client has received what it missed", |load| load.subscribers.all_received())?;
    let time = begin.elapsed();
    is_caught_up.store(true, Ordering::Relaxed);
    let last = last.recv_timeout(TIMEOUT)?;
    load.subscribers.expect(last);
    load.wait_until("every client has received the messages sent meanwhile", |load| load.subscribers.all_received())?;
    Ok((time, load.subscribers.take_tally(clients as u64 * last)))
}
