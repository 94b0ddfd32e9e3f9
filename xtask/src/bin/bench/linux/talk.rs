//! Sends messages and waits for their delivery to every subscriber. Each sender waits for an acknowledgement before it
//! sends its next message.

use std::time::{Duration, Instant};

use super::{
    Result, cpu,
    drive::{Drive, PATIENCE},
    stage::Stage,
    tally::Tally,
};

/// How many messages to send, and how fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    pub(super) messages: u64,
    /// The time between two messages; `None` sends as fast as they are acknowledged.
    pub(super) every: Option<Duration>,
}

pub(super) struct Talked {
    /// The time until the last message was acknowledged.
    pub(super) acknowledged_after: Duration,
    /// CPU time of the measured program, then of the bench.
    pub(super) cpu: Duration,
    pub(super) generator: Duration,
    pub(super) tally: Tally,
    /// The time from send to delivery of each delivery. Only for paced messages, whose order is known.
    pub(super) delays: Vec<Duration>,
}

/// Sends the messages and waits until they have arrived everywhere.
///
/// # Errors
/// A connection breaks. Deliveries that do not arrive in time are no error; the tally shows them.
pub(super) fn talk(stage: &mut Stage, drive: &mut Drive, talk: Talk) -> Result<Talked> {
    let (first, last) = (stage.last_seq + 1, stage.last_seq + talk.messages);
    drive.audience.expect(last);
    if talk.every.is_some() {
        drive.audience.time_from(first);
    }
    let mut acknowledged = Acknowledged::new(first, talk.messages);
    let (cpu, generator, begin) = (stage.program.cpu()?, cpu::own(), Instant::now());
    let (mut sent, mut acknowledged_after, deadline) = (0, Duration::ZERO, begin + PATIENCE.max(length(talk) * 2));
    while !(acknowledged.answers == talk.messages && drive.audience.has_heard()) && Instant::now() < deadline {
        let mut patience = Duration::from_millis(100);
        for caller in 0..drive.callers.len() {
            if sent >= talk.messages || drive.callers[caller].is_waiting {
                continue;
            }
            if let Some(every) = talk.every {
                let due = begin + every * u32::try_from(sent)?;
                let now = Instant::now();
                if due > now {
                    patience = patience.min(due - now);
                    break;
                }
                drive.audience.sending(now);
            }
            drive.callers[caller].ask()?;
            sent += 1;
        }
        drive.step(patience)?;
        for (_, answer) in drive.answers.drain(..) {
            acknowledged.add(answer.status, answer.seq);
            acknowledged_after = begin.elapsed();
        }
    }
    stage.last_seq = last;
    let mut tally = drive.audience.take_tally(talk.messages * drive.audience.len() as u64);
    tally.refused = acknowledged.refused();
    Ok(Talked {
        acknowledged_after,
        cpu: stage.program.cpu()?.since(&cpu),
        generator: cpu::own().saturating_sub(generator),
        tally,
        delays: drive.audience.take_delays(),
    })
}

/// How long paced messages take at least.
fn length(talk: Talk) -> Duration {
    talk.every.unwrap_or_default() * u32::try_from(talk.messages).unwrap_or(u32::MAX)
}

/// Checks that every message is acknowledged exactly once.
struct Acknowledged {
    first: u64,
    seen: Vec<bool>,
    answers: u64,
    sound: u64,
}

impl Acknowledged {
    fn new(first: u64, messages: u64) -> Self {
        let seen = vec![false; usize::try_from(messages).unwrap_or(0)];
        Self { first, seen, answers: 0, sound: 0 }
    }

    fn add(&mut self, status: u16, seq: Option<u64>) {
        self.answers += 1;
        let nth = seq.and_then(|seq| usize::try_from(seq.checked_sub(self.first)?).ok());
        if let Some(seen) = nth.and_then(|nth| self.seen.get_mut(nth))
            && status == 201
            && !std::mem::replace(seen, true)
        {
            self.sound += 1;
        }
    }

    /// Messages without an acknowledgement of their own.
    fn refused(&self) -> u64 {
        self.seen.len() as u64 - self.sound
    }
}
