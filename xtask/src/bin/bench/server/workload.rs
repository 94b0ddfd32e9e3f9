//! Sends messages and waits for their delivery to every subscriber. Each sender waits for an acknowledgement before it
//! sends its next message.

use std::time::{Duration, Instant};

use super::{
    Result, cpu,
    load::{Load, TIMEOUT},
    subscribers::Arrival,
    tally::Tally,
    target::Target,
};

/// How many messages to send, and how fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Workload {
    pub(super) messages: u64,
    /// The time between two messages; `None` sends as fast as they are acknowledged.
    pub(super) every: Option<Duration>,
}

pub(super) struct Measured {
    /// The time until the last message was acknowledged.
    pub(super) acknowledged_after: Duration,
    /// CPU time of the measured program, then of the bench.
    pub(super) cpu: Duration,
    pub(super) bench_cpu: Duration,
    pub(super) tally: Tally,
    /// Every delivery. Only for paced messages, whose order is known if one sender sends them.
    pub(super) arrivals: Vec<Arrival>,
}

impl Measured {
    /// The time from send to delivery of each delivery.
    pub(super) fn delays(&self) -> Vec<Duration> {
        self.arrivals.iter().map(|arrival| arrival.delay).collect()
    }
}

/// Sends the messages and waits until they have arrived everywhere.
///
/// # Errors
/// A connection breaks. Deliveries that do not arrive in time are no error; the tally shows them.
pub(super) fn send_messages(target: &mut Target, load: &mut Load, workload: Workload) -> Result<Measured> {
    let (first, last) = (target.last_seq + 1, target.last_seq + workload.messages);
    load.subscribers.expect(last);
    if workload.every.is_some() {
        load.subscribers.start_timing(first);
    }
    let mut acknowledged = Acknowledged::new(first, workload.messages);
    let (cpu, bench_cpu, begin) = (target.program.cpu()?, cpu::own(), Instant::now());
    let (mut sent, mut acknowledged_after, deadline) = (0, Duration::ZERO, begin + TIMEOUT.max(length(workload) * 2));
    while !(acknowledged.answers == workload.messages && load.subscribers.all_received()) && Instant::now() < deadline {
        let mut timeout = Duration::from_millis(100);
        for requester in 0..load.requesters.len() {
            if sent >= workload.messages || load.requesters[requester].is_waiting {
                continue;
            }
            if let Some(every) = workload.every {
                let due = begin + every * u32::try_from(sent)?;
                let now = Instant::now();
                if due > now {
                    timeout = timeout.min(due - now);
                    break;
                }
                load.subscribers.record_send(now);
            }
            load.requesters[requester].send()?;
            sent += 1;
        }
        load.step(timeout)?;
        for answer in load.answers.drain(..) {
            acknowledged.add(answer.status, answer.seq);
            acknowledged_after = begin.elapsed();
        }
    }
    target.last_seq = last;
    let mut tally = load.subscribers.take_tally(workload.messages * load.subscribers.len() as u64);
    tally.refused = acknowledged.refused();
    Ok(Measured {
        acknowledged_after,
        cpu: target.program.cpu()?.since(&cpu),
        bench_cpu: cpu::own().saturating_sub(bench_cpu),
        tally,
        arrivals: load.subscribers.take_arrivals(),
    })
}

/// How long it takes to send paced messages; zero if they are not paced.
fn length(workload: Workload) -> Duration {
    workload.every.unwrap_or_default() * u32::try_from(workload.messages).unwrap_or(u32::MAX)
}

/// Checks that every message is acknowledged exactly once.
struct Acknowledged {
    first: u64,
    seen: Vec<bool>,
    answers: u64,
    unique: u64,
}

impl Acknowledged {
    fn new(first: u64, messages: u64) -> Self {
        let seen = vec![false; usize::try_from(messages).unwrap_or(0)];
        Self { first, seen, answers: 0, unique: 0 }
    }

    fn add(&mut self, status: u16, seq: u64) {
        self.answers += 1;
        let nth = seq.checked_sub(self.first).and_then(|nth| usize::try_from(nth).ok());
        if let Some(seen) = nth.and_then(|nth| self.seen.get_mut(nth))
            && status == 201
            && !std::mem::replace(seen, true)
        {
            self.unique += 1;
        }
    }

    /// Messages without an acknowledgement of their own.
    fn refused(&self) -> u64 {
        self.seen.len() as u64 - self.unique
    }
}
