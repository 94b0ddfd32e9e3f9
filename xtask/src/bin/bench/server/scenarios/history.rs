//! `history`: the time for a page of a long room and for a list of many rooms, and how both grow.

use std::time::{Duration, Instant};

use quchat_shared::{
    Seq,
    api::{ListMessages, ListRooms},
    query::{self, Bound},
};

use super::{
    super::{
        Result,
        api::encode,
        report::Row,
        tally::Tally,
        target::Target,
        workload::{Workload, send_messages},
    },
    Plan, percentile,
};

/// Messages per batch while a room is filled.
const PORTION: u64 = 20_000;
const SENDERS: usize = 64;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (long, (short, pages)) = (plan.messages(), plan.pick((1000, 2000), (100, 20)));
    let (few, many, lists) = plan.pick((1000, 10_000, 100), (5, 10, 5));
    let size = format!("{long} messages");
    let mut page =
        Row { size, what: "page of 50, p99 ms (floor: a short room)", goal: "ratio ≤ 1.5", ..Row::default() };
    let size = format!("{many} rooms");
    let mut list = Row { size, what: "room list, p99 ms (floor: a tenth)", goal: "≤ 20 ms", ..Row::default() };

    let mut target = Target::server(&plan.store, SENDERS)?;
    page.tally += fill(&mut target, short)?;
    for _ in 0..plan.runs {
        page.floor.push(pages_of(&mut target, pages)?);
    }
    page.tally += fill(&mut target, long)?;
    for _ in 0..plan.runs {
        page.ours.push(pages_of(&mut target, pages)?);
    }
    build(&mut target, 1, few)?;
    for _ in 0..plan.runs {
        list.floor.push(lists_of(&mut target, lists)?);
    }
    build(&mut target, few, many)?;
    for _ in 0..plan.runs {
        list.ours.push(lists_of(&mut target, lists)?);
    }
    Ok(vec![page, list])
}

/// Sends until the room has this many messages.
fn fill(target: &mut Target, messages: u64) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut load = target.load(1, SENDERS)?;
    while target.last_seq < messages {
        let messages = PORTION.min(messages - target.last_seq);
        let measured = send_messages(target, &mut load, Workload { messages, every: None })?;
        tally += measured.tally;
        if !measured.tally.is_complete() {
            break; // the tally shows it
        }
    }
    target.owner()?.reconnect()?; // filling the room may take longer than the idle timeout of the server
    Ok(tally)
}

/// Creates rooms until there are `many`. There are `few` now.
fn build(target: &mut Target, few: u64, many: u64) -> Result<()> {
    let owner = target.owner()?;
    (few..many).try_for_each(|n| owner.create_room(&format!("room {n}")).map(drop))
}

/// p99 of pages from everywhere in the room, in ms.
fn pages_of(target: &mut Target, pages: u64) -> Result<f64> {
    /// A step that has no common divisor with the length of a room, so that pages are spread over all of it.
    const STRIDE: u64 = 611_953;
    let (room, last) = (target.room, target.last_seq);
    let query = |page: u64| {
        let before = Seq(51.min(last) + page.wrapping_mul(STRIDE) % last.saturating_sub(50).max(1));
        query::ListMessages { bound: Bound::Before(before), limit: None }
    };
    timed(pages, |page| {
        let found = target.owner()?.call::<ListMessages>(&room, &query(page), &())?;
        if found.messages.len() == 50 { Ok(()) } else { Err("a page was not full".into()) }
    })
}

/// p99 of room lists, in ms.
fn lists_of(target: &mut Target, lists: u64) -> Result<f64> {
    let owner = target.owner()?;
    let request = encode::<ListRooms>(&owner.token, &(), &(), &())?;
    timed(lists, |_| owner.exchange(&request).map(drop))
}

/// Calls `ask` this many times and returns the p99 of its duration, in ms.
fn timed(times: u64, mut ask: impl FnMut(u64) -> Result<()>) -> Result<f64> {
    let times: Result<Vec<Duration>> = (0..times)
        .map(|nth| {
            let begin = Instant::now();
            ask(nth)?;
            Ok(begin.elapsed())
        })
        .collect();
    Ok(percentile(&times?, 99))
}
