//! `search`: the time of searches over many messages, how it grows, and what the index takes on the disk.
//!
//! No room is public, which is the hardest case: each room is a scope of its own in the index. One user is in all of
//! them, another is in a single quiet one.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use quchat_shared::{
    RoomId,
    api::{CreateRoom, NewMessage, NewRoom, SearchMessages, SendMessage},
    query,
    room::RoomKind,
};

use super::{
    super::{
        Result,
        api::{Api, encode},
        report::Row,
        tally::Tally,
        target::Target,
    },
    Plan, percentile,
};

/// Connections that fill the rooms.
const WRITERS: u64 = 16;
/// One message in this many goes to the quiet room.
const QUIET: u64 = 1000;
/// How long indexing may take after the last message.
const PATIENCE: Duration = Duration::from_secs(600);

/// What is searched for: the name of the figure, and some queries of the kind.
const KINDS: &[(&str, &[&str])] = &[
    ("rare word, p99 ms (floor: a tenth)", &["needle1", "needle2", "needle3", "needle4"]),
    ("common word, p99 ms (floor: a tenth)", &["the", "server", "release", "about"]),
    ("two common words, p99 ms (floor: a tenth)", &["the server", "release about", "please with", "this deployment"]),
    ("beginning of three letters, p99 ms (floor: a tenth)", &["rel", "dep", "abo", "ple"]),
    ("phrase, p99 ms (floor: a tenth)", &["\"the server\"", "\"with this\"", "\"please release\"", "\"about the\""]),
];
const QUIET_KIND: (&str, &[&str]) = ("common word, in one quiet room, p99 ms (floor: a tenth)", KINDS[1].1);

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let (few, many, rooms, searches) = plan.pick((100_000, 1_000_000, 200, 1000), (200, 400, 5, 8));
    let size = format!("{many} messages, {rooms} rooms");
    let row = |what, goal| Row { size: size.clone(), what, goal, ..Row::default() };
    let kinds = KINDS.iter().chain([&QUIET_KIND]);
    let mut rows = kinds.map(|&(what, _)| row(what, "≤ 30 ms, ratio ≤ 1.5")).collect::<Vec<_>>();
    let mut filling = row("s until all is indexed (floor: until all is sent)", "");

    let target = Target::server(0)?;
    let mut users = Users::of(target.address(), rooms)?;
    users.fill(0, few)?;
    for _ in 0..plan.runs {
        users.search(searches, &mut rows, |row, figure| row.floor.push(figure))?;
    }
    let (sent, indexed) = users.fill(few, many)?;
    filling.floor.push(sent.as_secs_f64());
    filling.ours.push(indexed.as_secs_f64());
    filling.tally = Tally { expected: many, delivered: many, ..Tally::default() };
    for _ in 0..plan.runs {
        users.search(searches, &mut rows, |row, figure| row.ours.push(figure))?;
    }
    let mut bytes = row("bytes of the database per message (floor: its text)", "");
    bytes.ours.push(target.program.database_bytes()? as f64 / many as f64);
    bytes.floor.push((0..many).map(|n| text(n).len()).sum::<usize>() as f64 / many as f64);
    rows.extend([filling, bytes]);
    Ok(rows)
}

struct Users {
    address: SocketAddr,
    /// Is in all rooms but the quiet one.
    busy: Api,
    rooms: Vec<RoomId>,
    quiet: Api,
    quiet_room: RoomId,
}

impl Users {
    fn of(address: SocketAddr, rooms: u64) -> Result<Self> {
        let (mut busy, mut quiet) = (Api::register(address, "busy")?, Api::register(address, "quiet")?);
        let names = (1..rooms).map(|n| format!("room {n}"));
        let rooms = names.map(|name| create_private_room(&mut busy, &name)).collect::<Result<_>>()?;
        let quiet_room = create_private_room(&mut quiet, "quiet")?;
        Ok(Self { address, busy, rooms, quiet, quiet_room })
    }

    /// Sends the messages from number `first` to `last` and waits until they can be found. Returns how long it took to
    /// send them, and until they were found.
    fn fill(&mut self, first: u64, last: u64) -> Result<(Duration, Duration)> {
        let begin = Instant::now();
        let this = &*self;
        let write = |writer: u64| move || this.write((first..last).filter(move |n| n % WRITERS == writer));
        let outcomes: Vec<Result<()>> = thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect();
            let outcome = |writer: thread::ScopedJoinHandle<'_, Result<()>>| match writer.join() {
                Ok(outcome) => outcome,
                Err(_) => Err("a writing thread panicked".into()),
            };
            writers.into_iter().map(outcome).collect()
        });
        outcomes.into_iter().collect::<Result<()>>()?;
        let sent = begin.elapsed();
        self.quiet.reconnect()?;
        self.busy.reconnect()?;
        let fence = format!("fence{last}");
        send(&mut self.quiet, self.quiet_room, &fence)?;
        while self.quiet.call::<SearchMessages>(&(), &wanted(&fence), &())?.hits.is_empty() {
            if begin.elapsed() > PATIENCE {
                return Err("the messages are not indexed in time".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok((sent, begin.elapsed()))
    }

    /// Sends messages on a connection of its own.
    fn write(&self, numbers: impl Iterator<Item = u64>) -> Result<()> {
        let (mut busy, mut quiet) = (self.busy.again(self.address)?, self.quiet.again(self.address)?);
        for n in numbers {
            let text = text(n);
            if n % QUIET == 0 {
                quiet.reconnect()?; // it may have been closed since its last message
                send(&mut quiet, self.quiet_room, &text)?;
            } else {
                let mut random = Random(n ^ 0x5bd1_e995);
                let room = random.below(self.rooms.len() as u64).min(random.below(self.rooms.len() as u64));
                send(&mut busy, self.rooms[usize::try_from(room)?], &text)?;
            }
        }
        Ok(())
    }

    /// Searches for every kind, and adds the percentile of each to its row.
    fn search(&mut self, searches: u64, rows: &mut [Row], add: impl Fn(&mut Row, f64)) -> Result<()> {
        for (row, &(_, queries)) in rows.iter_mut().zip(KINDS.iter().chain([&QUIET_KIND])) {
            let api = if row.what == QUIET_KIND.0 { &mut self.quiet } else { &mut self.busy };
            let mut times = Vec::new();
            for (_, query) in (0..searches).zip(queries.iter().cycle()) {
                let request = encode::<SearchMessages>(&api.token, &(), &wanted(query), &())?;
                let begin = Instant::now();
                api.exchange(&request)?;
                times.push(begin.elapsed());
            }
            add(row, percentile(&times, 99));
        }
        Ok(())
    }
}

fn wanted(q: &str) -> query::SearchMessages {
    query::SearchMessages { q: q.to_owned(), ..Default::default() }
}

fn create_private_room(api: &mut Api, name: &str) -> Result<RoomId> {
    let new = NewRoom { name: name.to_owned(), topic: None, kind: Some(RoomKind::Private) };
    Ok(api.call::<CreateRoom>(&(), &(), &new)?.info.id)
}

fn send(api: &mut Api, room: RoomId, text: &str) -> Result<()> {
    let new = NewMessage { text: text.to_owned(), txn: None, reply_to: None };
    api.call::<SendMessage>(&room, &(), &new).map(drop)
}

/// The most common words; the earlier, the more common.
const COMMON: &str = "the to a and of in is it for on that we this with server be have not are you but release please \
    was as can at will from or if so there about just what need they all now one get has deployment when out up like \
    do some work think more would";
/// Further words consist of these.
const SYLLABLES: [&str; 24] = [
    "ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "ver", "wan", "tion", "ment", "ing", "er", "al", "con",
    "pre", "ter", "men", "sta", "gra", "ful",
];

/// Some words, whose frequencies are distributed as in a language; one message in 20,000 has a rare one.
fn text(number: u64) -> String {
    let common = COMMON.split_whitespace().collect::<Vec<_>>();
    let mut random = Random(number + 1);
    let words = 3 + random.below(9) + random.below(9);
    let mut text = String::new();
    for _ in 0..words {
        // Zipf's law: each power of two of ranks is as likely as the one before.
        let size = 1 << random.below(15);
        let rank = size - 1 + random.below(size);
        match usize::try_from(rank).ok().and_then(|rank| common.get(rank)) {
            Some(word) => text.push_str(word),
            None => {
                let mut spelling = Random(rank);
                for _ in 0..2 + rank % 3 {
                    text.push_str(SYLLABLES[usize::try_from(spelling.below(24)).unwrap_or(0)]);
                }
            }
        }
        text.push(' ');
    }
    if number % 20_000 == 7 {
        text.push_str(&format!("needle{}", number / 20_000 % 10));
    }
    text
}

/// Numbers that look random and are the same in each run (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}
