//! `signin`: sign-ins as fast as the cores can hash, and the delay of messages meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use quchat_shared::api::{Credentials, SignIn};

use super::{
    super::{
        Result,
        addresses::Addresses,
        api::{Api, PASSWORD, encode},
        floor,
        load::{Load, TIMEOUT},
        report::Row,
        tally::Tally,
        target::Target,
        workload::{Workload, send_messages},
    },
    Plan, percentile,
};

/// The user who signs in repeatedly.
const NEWCOMER: &str = "newcomer";

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let time = plan.pick(Duration::from_secs(10), Duration::from_millis(300));
    let cores = thread::available_parallelism()?.get();
    let row = |what, goal| Row { size: format!("{} at once", 2 * cores), what, goal, ..Row::default() };
    let (mut rate, mut late) = (row("sign-ins/s", "≥ 0.9 × argon2id"), row("message p99 ms meanwhile", "≤ 5 ms"));
    let mut target = Target::server(&plan.store, 1)?;
    // A user who sends no messages: a user has at most a hundred sessions, and a new one ends the oldest.
    Api::register(target.address(), NEWCOMER)?;
    let mut load = target.load(1, 1)?;
    let every = Duration::from_millis(20);
    let messages = u64::try_from(time.as_millis() / every.as_millis())?;
    for _ in 0..plan.runs {
        rate.floor.push(floor::hashes_per_second(cores, time / 2)?);
        let is_over = Arc::new(AtomicBool::new(false));
        let signing_in = thread::spawn({
            let (addresses, is_over) = (target.addresses().clone(), Arc::clone(&is_over));
            move || sign_in(&addresses, 2 * cores, &is_over)
        });
        let measured = send_messages(&mut target, &mut load, Workload { messages, every: Some(every) });
        is_over.store(true, Ordering::Relaxed);
        let (per_second, tally) = signing_in.join().map_err(|_| "the sign-in thread panicked")??;
        let measured = measured?;
        rate.ours.push(per_second);
        rate.tally += tally;
        late.ours.push(percentile(&measured.delays(), 99));
        late.tally += measured.tally;
    }
    Ok(vec![rate, late])
}

/// Signs in on this many connections until `is_over`. Returns sign-ins per second and how many succeeded.
fn sign_in(addresses: &Addresses, connections: usize, is_over: &AtomicBool) -> Result<(f64, Tally)> {
    let credentials = Credentials { name: NEWCOMER.to_owned(), password: PASSWORD.to_owned() };
    let mut load = Load::new(addresses)?;
    for _ in 0..connections {
        load.add_requester(encode::<SignIn>("", &(), &(), &credentials)?, None)?;
    }
    let (begin, mut tally) = (Instant::now(), Tally::default());
    while !is_over.load(Ordering::Relaxed) && begin.elapsed() < TIMEOUT {
        for requester in load.requesters.iter_mut().filter(|requester| !requester.is_waiting) {
            requester.send()?;
        }
        load.step(Duration::from_millis(20))?;
        for answer in load.answers.drain(..) {
            tally.expected += 1;
            if answer.status == 201 {
                tally.delivered += 1;
            } else {
                tally.refused += 1;
            }
        }
    }
    Ok((tally.delivered as f64 / begin.elapsed().as_secs_f64(), tally))
}
