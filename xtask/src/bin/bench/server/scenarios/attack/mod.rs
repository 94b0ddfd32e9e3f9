//! `attack`: what somebody hostile does to the server, and how the others fare meanwhile. Each attack has a server of its
//! own, because memory depends on what ran before.

mod herd;
mod others;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use self::{
    herd::{Herd, Opening},
    others::ask,
};
use super::{
    super::{
        Result,
        hello::client_hello,
        program::Options,
        report::Row,
        tally::Tally,
        target::Target,
        workload::{Workload, send_messages},
    },
    Plan, percentile,
};

/// One kind of attack.
struct Attack {
    what: &'static str,
    /// Connections at once, and of a quick run.
    sockets: (usize, usize),
    opening: fn() -> Opening,
    options: Options,
}

/// The bytes with which a TLS handshake of 512 bytes begins.
const BEGUN: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
/// The number of descriptors in the attack that wants more of them.
const DESCRIPTORS: u64 = 1000;

const ATTACKS: &[Attack] = &[
    Attack { what: "idle sockets", sockets: (10_000, 50), opening: Opening::silent, options: Options::NONE },
    Attack {
        what: "heads byte by byte",
        sockets: (2000, 20),
        opening: || Opening::dripping(b"GET / HTTP/1.1\r\nHost: q\r\nX: "),
        options: Options::NONE,
    },
    Attack {
        what: "bodies byte by byte",
        sockets: (2000, 20),
        opening: || {
            let head = "POST /v1/sessions HTTP/1.1\r\nHost: q\r\nContent-Type: application/json\r\n";
            Opening::dripping(format!("{head}Content-Length: 60000\r\n\r\n").as_bytes())
        },
        options: Options::NONE,
    },
    Attack {
        what: "handshakes byte by byte",
        sockets: (2000, 20),
        opening: || Opening::dripping(BEGUN),
        options: Options::NONE,
    },
    Attack {
        what: "handshakes that the server signs",
        sockets: (64, 4),
        opening: || Opening::repeated(client_hello()),
        options: Options::NONE,
    },
    Attack {
        what: "sockets, 1000 descriptors",
        sockets: (3000, 50),
        opening: Opening::silent,
        options: Options { descriptors: DESCRIPTORS, ..Options::NONE },
    },
    Attack {
        what: "wrong passwords, each from another address",
        sockets: (64, 4),
        opening: Opening::guessing,
        options: Options { args: &["--trusted-proxy", "127.0.0.1"], ..Options::NONE },
    },
];

/// The time between two messages.
const EVERY: Duration = Duration::from_millis(20);
/// The time until the memory for registering users is freed.
const LULL: Duration = Duration::from_secs(1);
/// Streams that get them.
const STREAMS: usize = 20;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for attack in plan.pick(ATTACKS, &ATTACKS[5..]) {
        let size = plan.pick(attack.sockets.0, attack.sockets.1);
        let row = |what, goal| Row { size: format!("{size} {}", attack.what), what, goal, ..Row::default() };
        let mut message = row("message p99 ms meanwhile", "≤ 50 ms");
        let mut answer = row("answer on a new connection, p99 ms", "≤ 50 ms");
        let mut memory = row("MiB more than before", "≤ 128 MiB");
        let mut tries = row("attempts/s", "");
        for _ in 0..plan.runs {
            let suffered = measure(plan, attack, size)?;
            message.ours.push(percentile(&suffered.messages, 99));
            message.tally += suffered.tally;
            answer.ours.push(percentile(&suffered.answers, 99));
            memory.ours.push(suffered.memory_kib / 1024.0);
            tries.ours.push(suffered.attempts);
        }
        rows.extend([message, answer, memory, tries]);
    }
    Ok(rows)
}

/// What the others noticed.
struct Suffered {
    messages: Vec<Duration>,
    answers: Vec<Duration>,
    memory_kib: f64,
    /// Connections and requests of the attacker, per second.
    attempts: f64,
    tally: Tally,
}

fn measure(plan: &Plan, attack: &Attack, size: usize) -> Result<Suffered> {
    let time = plan.pick(Duration::from_secs(4), Duration::from_millis(200));
    let messages = u64::try_from(time.as_millis() / EVERY.as_millis())?;
    let mut target = Target::server_with(&plan.store, 1, &attack.options)?;
    let (address, mut load) = (target.address(), target.load(STREAMS, 1)?);
    send_messages(&mut target, &mut load, Workload { messages: 5, every: None })?;
    thread::sleep(plan.pick(LULL, Duration::ZERO));
    let before = target.program.resident_kib()?;
    let mut herd = Herd::new(address, (attack.opening)(), size);
    herd.gather()?;
    let is_over = AtomicBool::new(false);
    let (measured, herd, others) = thread::scope(|scope| {
        let attacking = scope.spawn(|| herd.attack(&is_over));
        let asking = scope.spawn(|| ask(address, &is_over));
        let measured = send_messages(&mut target, &mut load, Workload { messages, every: Some(EVERY) })
            .and_then(|measured| Ok((measured, target.program.resident_kib()?)));
        is_over.store(true, Ordering::Relaxed);
        (measured, attacking.join(), asking.join())
    });
    let (measured, after) = measured?;
    Ok(Suffered {
        messages: measured.delays(),
        answers: others.map_err(|_| "the asking thread panicked")??,
        memory_kib: after - before,
        attempts: herd.map_err(|_| "the attacking thread panicked")??,
        tally: measured.tally,
    })
}
