//! `search`: the time of searches over many messages, how it grows, and what the index takes on the disk.

use std::time::Instant;

use memchr::memmem;
use quchat_shared::{api::SearchMessages, query};

use super::{
    super::{
        Result,
        api::{Api, encode},
        archive::Archive,
        report::Row,
        tally::Tally,
    },
    Plan, percentile,
};

/// What is searched for: the name of the figure, and some queries of the kind.
const KINDS: &[(&str, &[&str])] = &[
    ("rare word, p99 ms (floor: a tenth)", &["needle1", "needle2", "needle3", "needle4"]),
    ("common word, p99 ms (floor: a tenth)", &["the", "server", "release", "about"]),
    ("two common words, p99 ms (floor: a tenth)", &["the server", "release about", "please with", "this deployment"]),
    ("beginning of three letters, p99 ms (floor: a tenth)", &["rel", "dep", "abo", "ple"]),
    ("phrase, p99 ms (floor: a tenth)", &["\"the server\"", "\"with this\"", "\"please release\"", "\"about the\""]),
];
const QUIET_KIND: (&str, &[&str]) = ("common word, in one quiet room, p99 ms (floor: a tenth)", KINDS[1].1);

/// Of this many messages, some match each query.
const ENOUGH: u64 = 100_000;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (many, rooms, searches) = (plan.messages(), plan.rooms(), plan.pick(1000, 8));
    let size = format!("{many} messages, {rooms} rooms");
    let row = |what, goal| Row { size: size.clone(), what, goal, ..Row::default() };
    let kinds = KINDS.iter().chain([&QUIET_KIND]);
    let mut rows = kinds.map(|&(what, _)| row(what, "≤ 30 ms, ratio ≤ 1.5")).collect::<Vec<_>>();
    let mut filling = row("s until all is indexed (floor: until all is sent)", "");
    let mut index = row("bytes of the index per message (floor: its text)", "");
    let mut bytes = row("bytes of the database per message (floor: its text)", "");

    let mut archive = plan.take_archive()?;
    archive.fill(many / 10)?;
    for _ in 0..plan.runs {
        search(&mut archive, searches, &mut rows, |row, figure| row.floor.push(figure))?;
    }
    let filled = archive.fill(many)?;
    filling.floor.push(filled.sent.as_secs_f64());
    filling.ours.push(filled.indexed.as_secs_f64());
    for _ in 0..plan.runs {
        search(&mut archive, searches, &mut rows, |row, figure| row.ours.push(figure))?;
    }
    let database = archive.program.database()?;
    index.ours.push(database.index_bytes()? / many as f64);
    bytes.ours.push(database.bytes()? / many as f64);
    for row in [&mut index, &mut bytes] {
        row.floor.push(archive.mean_length());
    }
    plan.keep_archive(archive);
    rows.extend([filling, index, bytes]);
    Ok(rows)
}

/// Searches for every kind, and adds the percentile of each to its row.
fn search(archive: &mut Archive, searches: u64, rows: &mut [Row], add: impl Fn(&mut Row, f64)) -> Result<()> {
    let must_find = archive.messages >= ENOUGH;
    for (row, &(_, queries)) in rows.iter_mut().zip(KINDS.iter().chain([&QUIET_KIND])) {
        let api = if row.what == QUIET_KIND.0 { &mut archive.quiet } else { &mut archive.busy };
        let figure = search_for(api, queries, searches, must_find, &mut row.tally)?;
        add(row, figure);
    }
    Ok(())
}

/// Searches for each query in turn. Returns the p99 of the time, in ms, and counts what was found.
fn search_for(api: &mut Api, queries: &[&str], searches: u64, must_find: bool, tally: &mut Tally) -> Result<f64> {
    let mut times = Vec::new();
    for (_, query) in (0..searches).zip(queries.iter().cycle()) {
        let wanted = query::SearchMessages { q: (*query).to_owned(), ..Default::default() };
        let request = encode::<SearchMessages>(&api.token, &(), &wanted, &())?;
        let begin = Instant::now();
        let found = api.exchange(&request)?;
        times.push(begin.elapsed());
        if must_find {
            tally.expected += 1;
            tally.delivered += u64::from(memmem::find(found, b"\"seq\":").is_some());
        }
    }
    Ok(percentile(&times, 99))
}
