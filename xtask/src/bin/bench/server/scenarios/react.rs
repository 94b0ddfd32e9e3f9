//! `react`: many users toggle reactions on one message before many streams. A change may be left out of a stream if a
//! newer one of that message follows it; what arrives in the end is the newest state.

use std::time::{Duration, Instant};

use quchat_shared::{
    Seq,
    api::{AddReaction, JoinRoom, NewMessage, RemoveReaction, SendMessage},
};

use super::{
    super::{
        Result,
        api::{Api, encode},
        cpu::{self, micros_each},
        load::{Load, TIMEOUT},
        report::Row,
        subscribers::Subscribers,
        tally::Tally,
        target::Target,
    },
    Plan,
};

/// Each user toggles one of these.
const EMOJI: [&str; 8] = ["👍", "😂", "🎉", "🚀", "👀", "✅", "🔥", "🙏"];
/// The only message, and its first revision.
const MESSAGE: Seq = Seq(1);
const FIRST_REV: u64 = 1;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (streams, users, changes) = plan.pick((1000, 64, 20_000), (10, 8, 80));
    let row = |what| Row { size: format!("{users} users, {streams} streams"), what, ..Row::default() };
    let (mut rate, mut cost) = (row("changes/s"), row("CPU µs per delivery"));
    let (mut each, mut share) = (row("CPU µs per change"), row("deliveries per stream for 1000 changes"));
    let mut target = Target::server(&plan.store, 0)?;
    let mut load = start(&mut target, streams, users)?;
    for run in 0..u64::from(plan.runs) {
        let measured = toggle(&target, &mut load, FIRST_REV + (run + 1) * changes, changes)?;
        rate.ours.push(changes as f64 / measured.answered_after.as_secs_f64());
        rate.tally += measured.tally;
        cost.ours.push(micros_each(measured.cpu, measured.deliveries));
        cost.server_cpu.push(micros_each(measured.cpu, measured.deliveries));
        cost.bench_cpu.push(micros_each(measured.bench_cpu, measured.deliveries));
        each.ours.push(micros_each(measured.cpu, changes));
        share.ours.push(1000.0 * measured.deliveries as f64 / (changes * streams as u64) as f64);
    }
    Ok(vec![rate, cost, each, share])
}

/// Sends the message, opens the streams, and a connection of each user who will react.
fn start(target: &mut Target, streams: usize, users: usize) -> Result<Load> {
    let (address, room) = (target.address(), target.room);
    let text = "who joins for lunch at twelve? put a thumb here".to_owned();
    target.owner()?.call::<SendMessage>(&room, &(), &NewMessage { text, txn: None, reply_to: None })?;
    let mut load = Load::new(target.addresses())?;
    load.subscribers = Subscribers::counting(b"\"rev\":");
    for (user, emoji) in (0..users).zip(EMOJI.iter().cycle()) {
        let mut api = Api::register(address, &format!("user{user}"))?;
        api.call::<JoinRoom>(&room, &(), &())?;
        let reaction = (room, MESSAGE, (*emoji).to_owned());
        let add = encode::<AddReaction>(&api.token, &reaction, &(), &())?;
        let remove = encode::<RemoveReaction>(&api.token, &reaction, &(), &())?;
        load.add_alternating_requester([add, remove])?;
    }
    let listen = target.subscribe_request(None)?;
    for _ in 0..streams {
        load.subscribe(&listen, FIRST_REV + 1)?;
    }
    load.wait_for_hello()?;
    Ok(load)
}

struct Measured {
    /// The time until the last change was answered.
    answered_after: Duration,
    /// CPU time of the server, then of the bench.
    cpu: Duration,
    bench_cpu: Duration,
    /// Frames that arrived.
    deliveries: u64,
    /// Whether every change was made, and every stream received the last revision after older ones.
    tally: Tally,
}

/// Makes this many changes, as fast as they are answered; the last one brings revision `last`.
fn toggle(target: &Target, load: &mut Load, last: u64, changes: u64) -> Result<Measured> {
    load.subscribers.expect(last);
    let (cpu, bench_cpu, begin) = (target.program.cpu()?, cpu::own(), Instant::now());
    let (mut sent, mut answered, mut made, mut answered_after) = (0, 0, 0, Duration::ZERO);
    while !(answered == changes && load.subscribers.all_received()) && begin.elapsed() < TIMEOUT {
        for requester in load.requesters.iter_mut().filter(|requester| !requester.is_waiting) {
            if sent < changes {
                requester.send()?;
                sent += 1;
            }
        }
        load.step(Duration::from_millis(100))?;
        for answer in load.answers.drain(..) {
            answered += 1;
            made += u64::from(answer.status == 200);
            answered_after = begin.elapsed();
        }
    }
    let (cpu, bench_cpu) = (target.program.cpu()?.since(&cpu), cpu::own().saturating_sub(bench_cpu));
    let received = load.subscribers.received() as u64;
    let counted = load.subscribers.take_tally(load.subscribers.len() as u64);
    let tally = Tally { delivered: received, refused: changes - made, ..counted };
    Ok(Measured { answered_after, cpu, bench_cpu, deliveries: counted.delivered, tally })
}
