//! Messages sent and heard: each caller sends its next one when the last is acknowledged, and everyone hears all.

use std::time::{Duration, Instant};

use super::{
    Result, cpu,
    drive::{Drive, PATIENCE},
    stage::Stage,
    tally::Tally,
};

/// How much is said, and how fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    pub(super) messages: u64,
    /// One at a time at this distance, or as fast as they are acknowledged.
    pub(super) every: Option<Duration>,
}

/// What it took.
pub(super) struct Talked {
    /// Until the last message was acknowledged.
    pub(super) acknowledged_after: Duration,
    /// CPU of what is measured, and of the bench.
    pub(super) cpu: Duration,
    pub(super) generator: Duration,
    pub(super) tally: Tally,
    /// Each delivery's time since its sending; kept for paced talks, whose order is known.
    pub(super) delays: Vec<Duration>,
}

/// Has it said, and waits until everyone has heard it.
///
/// # Errors
/// A connection breaks. What merely does not arrive in time is missing in the tally.
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

/// How long a paced talk lasts at least.
fn length(talk: Talk) -> Duration {
    talk.every.unwrap_or_default() * u32::try_from(talk.messages).unwrap_or(u32::MAX)
}

/// Which messages were acknowledged: each exactly once.
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

    /// Messages that were not acknowledged, or not as one of their own.
    fn refused(&self) -> u64 {
        self.seen.len() as u64 - self.sound
    }
}
