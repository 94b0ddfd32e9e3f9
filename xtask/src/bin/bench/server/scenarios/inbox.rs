//! `inbox`: the time of a page of a user's mentions, the first one and pages far behind it, among many messages.

use std::time::Instant;

use quchat_shared::{api::ListMentions, query};

use super::{
    super::{
        Result,
        api::{Api, encode},
        report::Row,
        tally::Tally,
    },
    Plan, percentile,
};

/// Mentions on a page: what the client asks for if it asks for nothing else.
const PAGE: u64 = quchat_shared::limits::PAGE_DEFAULT as u64;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (many, pages) = (plan.messages(), plan.pick(1000, 8));
    let mut archive = plan.take_archive()?;
    if archive.messages < many {
        archive.fill(many)?;
    }
    let size = format!("{many} messages, {} of them mentions", archive.mentions());
    let row = |what| Row { size: size.clone(), what, goal: "≤ 10 ms", ..Row::default() };
    let mut first = row("first page of 50, p99 ms");
    let mut deep = row("page of the older half, p99 ms (floor: the first)");

    archive.reader.reconnect()?; // a search before this may have taken longer than the idle timeout of the server
    let mentions = archive.mentions();
    let (mut places, tally) = list_all(&mut archive.reader, mentions)?;
    first.tally += tally;
    let older = places.split_off(places.len() / 2);
    for _ in 0..plan.runs {
        let figure = pages_of(&mut archive.reader, &[None], pages)?;
        first.ours.push(figure);
        deep.floor.push(figure);
        deep.ours.push(pages_of(&mut archive.reader, &older, pages)?);
    }
    Ok(vec![first, deep])
}

/// Where a page begins: the `next` of the one before it.
type Place = Option<String>;

/// Reads all pages. Returns where each begins, and whether each mention was listed once, newest first.
fn list_all(reader: &mut Api, mentions: u64) -> Result<(Vec<Place>, Tally)> {
    let (mut places, mut last) = (vec![None], None);
    let mut tally = Tally { expected: mentions, ..Tally::default() };
    loop {
        let page = query::Page { after: places.last().cloned().flatten(), limit: None };
        let found = reader.call::<ListMentions>(&(), &page, &())?;
        for mention in &found.mentions {
            let message = &mention.message;
            let place = (message.sent_at, message.room_id, message.seq);
            if last.is_none_or(|last| place < last) {
                tally.delivered += 1;
            } else {
                tally.repeated += 1;
            }
            last = Some(place);
        }
        match found.next {
            Some(next) if found.mentions.len() as u64 == PAGE => places.push(Some(next)),
            Some(_) => return Err("a page before the last was not full".into()),
            None => return Ok((places, tally)),
        }
    }
}

/// p99 of the time of these pages in turn, in ms.
fn pages_of(reader: &mut Api, places: &[Place], pages: u64) -> Result<f64> {
    let mut times = Vec::new();
    for (_, place) in (0..pages).zip(places.iter().cycle()) {
        let page = query::Page { after: place.clone(), limit: None };
        let request = encode::<ListMentions>(&reader.token, &(), &page, &())?;
        let begin = Instant::now();
        reader.exchange(&request)?;
        times.push(begin.elapsed());
    }
    Ok(percentile(&times, 99))
}
