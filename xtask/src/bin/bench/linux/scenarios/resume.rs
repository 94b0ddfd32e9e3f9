//! `resume`: many clients that resume far behind, all at once, and the delay of a live client meanwhile.

use std::{
    net::SocketAddr,
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
        drive::{Drive, PATIENCE},
        report::Row,
        stage::Stage,
        talk::{Talk, talk},
        tally::Tally,
    },
    Plan, percentile,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (clients, behind) = plan.pick((1000, 1000), (10, 50));
    let row = |what, goal| Row { size: format!("{clients} clients, {behind} behind"), what, goal, ..Row::default() };
    let (mut caught_up, mut pause) = (row("s until all are live", "≤ 3 s"), row("longest live delay ms", "≤ 50 ms"));
    for _ in 0..plan.runs {
        let (time, delay, tally) = measure(clients, behind)?;
        caught_up.ours.push(time.as_secs_f64());
        pause.ours.push(delay);
        caught_up.tally += tally;
    }
    Ok(vec![caught_up, pause])
}

fn measure(clients: usize, behind: u64) -> Result<(Duration, f64, Tally)> {
    let mut stage = Stage::server(1)?;
    let owner = stage.listener.as_mut().ok_or("a server's stage has a listener")?;
    let cursor = owner.call::<ListRooms>(&(), &(), &())?.cursor;
    let mut live = stage.drive(1, 1)?;
    let mut tally = talk(&mut stage, &mut live, Talk { messages: behind, every: None })?.tally;

    let (address, request) = (stage.address(), stage.listen_request(Some(cursor))?);
    let is_caught_up = Arc::new(AtomicBool::new(false));
    let (end, last) = mpsc::channel();
    let resumed = thread::spawn({
        let is_caught_up = Arc::clone(&is_caught_up);
        move || {
            let outcome = resume(address, &request, clients, behind, &is_caught_up, &last);
            is_caught_up.store(true, Ordering::Relaxed); // also after an error, so that the other thread stops
            outcome
        }
    });
    let (mut delays, deadline) = (Vec::new(), Instant::now() + PATIENCE);
    loop {
        let talked = talk(&mut stage, &mut live, Talk { messages: 10, every: Some(Duration::from_millis(10)) })?;
        tally += talked.tally;
        delays.extend(talked.delays);
        if is_caught_up.load(Ordering::Relaxed) || Instant::now() > deadline {
            break;
        }
    }
    let _ = end.send(stage.last_seq); // fails only if the thread has ended with an error
    let (time, theirs) = resumed.join().map_err(|_| "the thread of the resuming clients panicked")??;
    tally += theirs;
    Ok((time, percentile(&delays, 100), tally))
}

/// Opens all streams at once and returns the time until each has received what it missed. Then waits until each has
/// received the rest, up to `last`.
fn resume(
    address: SocketAddr,
    request: &[u8],
    clients: usize,
    behind: u64,
    is_caught_up: &AtomicBool,
    last: &Receiver<u64>,
) -> Result<(Duration, Tally)> {
    let (mut drive, begin) = (Drive::new()?, Instant::now());
    for _ in 0..clients {
        drive.listen(address, request, 1)?;
    }
    drive.audience.expect(behind);
    drive.until("every client has received what it missed", |drive| drive.audience.has_heard())?;
    let time = begin.elapsed();
    is_caught_up.store(true, Ordering::Relaxed);
    let last = last.recv_timeout(PATIENCE)?;
    drive.audience.expect(last);
    drive.until("every client has received the messages sent meanwhile", |drive| drive.audience.has_heard())?;
    Ok((time, drive.audience.take_tally(clients as u64 * last)))
}
