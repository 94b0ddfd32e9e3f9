//! Random actions and reconnects of three users, checked against a small model: each stream, live or resumed from any
//! position, shows exactly what its user may see, and a client that applies it ends with what a new snapshot says.
//!
//! A new action of users is a variant of [`Step`] with its weight, a method of [`World`] that makes the request, checks
//! the reply and changes the model, and, if it publishes an event of a new kind, a variant of [`entry::Entry`] with its
//! audience and what [`mirror::Mirror`] makes of it.

mod entry;
mod membership;
mod messages;
mod mirror;
mod room;
mod rooms;
mod talking;
mod world;

use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
#[cfg(unix)]
use quchat_server::clock::Clock;
use quchat_shared::room::{Notify, Role};

use self::world::World;
use crate::harness::TestServer;
#[cfg(unix)]
use crate::harness::prepared;

/// Alice is an admin of the server.
const USERS: usize = 3;
/// The users of the direct room.
const PAIR: [usize; 2] = [0, 1];
/// The first is public and made by bob, the second private and made by carol, the third that of alice and bob.
const ROOMS: usize = 3;
const PUBLIC: usize = 0;
const DIRECT: usize = 2;

const EMOJI: [&str; 2] = ["👍", "❤\u{FE0F}"];
const TEXTS: [&str; 2] = ["edited", "edited again"];
const TOPICS: [&str; 2] = ["", "a topic"];

/// An action. `who` and `whom` are users, `room` is a room, each by its number.
#[derive(Debug, Clone)]
enum Step {
    Join {
        who: usize,
        room: usize,
    },
    Leave {
        who: usize,
        room: usize,
    },
    Send {
        who: usize,
        room: usize,
    },
    Retry {
        who: usize,
    },
    Read {
        who: usize,
        room: usize,
        seq: u64,
    },
    Notify {
        who: usize,
        room: usize,
        notify: Notify,
    },
    Add {
        who: usize,
        whom: usize,
        room: usize,
    },
    Remove {
        who: usize,
        whom: usize,
        room: usize,
    },
    SetRole {
        who: usize,
        whom: usize,
        room: usize,
        role: Role,
    },
    Ban {
        who: usize,
        whom: usize,
        room: usize,
    },
    Unban {
        who: usize,
        whom: usize,
        room: usize,
    },
    Edit {
        who: usize,
        room: usize,
        seq: u64,
        text: &'static str,
    },
    DeleteMessage {
        who: usize,
        room: usize,
        seq: u64,
    },
    React {
        who: usize,
        room: usize,
        seq: u64,
        emoji: &'static str,
        adds: bool,
    },
    /// Opens the direct room.
    Open {
        who: usize,
    },
    SetTopic {
        who: usize,
        room: usize,
        topic: &'static str,
    },
    Archive {
        who: usize,
        room: usize,
        archived: bool,
    },
    DeleteRoom {
        who: usize,
        room: usize,
    },
    /// Reads all that has come on the stream.
    CatchUp {
        who: usize,
    },
    Disconnect {
        who: usize,
    },
    Connect {
        who: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![30 => member_step(), 11 => message_step(), 6 => room_step()]
}

fn message_step() -> impl Strategy<Value = Step> {
    let place = || (0..USERS, 0..ROOMS, 0..8_u64);
    prop_oneof![
        4 => (place(), select(&TEXTS[..])).prop_map(|((who, room, seq), text)| Step::Edit { who, room, seq, text }),
        2 => place().prop_map(|(who, room, seq)| Step::DeleteMessage { who, room, seq }),
        5 => (place(), select(&EMOJI[..]), any::<bool>())
            .prop_map(|((who, room, seq), emoji, adds)| Step::React { who, room, seq, emoji, adds }),
    ]
}

fn room_step() -> impl Strategy<Value = Step> {
    let place = || (0..USERS, 0..ROOMS);
    prop_oneof![
        6 => (0..USERS).prop_map(|who| Step::Open { who }),
        4 => (place(), select(&TOPICS[..])).prop_map(|((who, room), topic)| Step::SetTopic { who, room, topic }),
        3 => (place(), 0..3).prop_map(|((who, room), n)| Step::Archive { who, room, archived: n == 0 }),
        1 => place().prop_map(|(who, room)| Step::DeleteRoom { who, room }),
    ]
}

fn member_step() -> impl Strategy<Value = Step> {
    let (who, whom, room) = (|| 0..USERS, || 0..USERS, || 0..ROOMS);
    let two = move || (who(), whom(), room());
    let notify = select(vec![Notify::All, Notify::Mentions, Notify::None]);
    let role = select(vec![Role::Owner, Role::Moderator, Role::Member]);
    prop_oneof![
        2 => (who(), room()).prop_map(|(who, room)| Step::Join { who, room }),
        1 => (who(), room()).prop_map(|(who, room)| Step::Leave { who, room }),
        5 => (who(), room()).prop_map(|(who, room)| Step::Send { who, room }),
        1 => who().prop_map(|who| Step::Retry { who }),
        2 => (who(), room(), 0..8_u64).prop_map(|(who, room, seq)| Step::Read { who, room, seq }),
        2 => (who(), room(), notify).prop_map(|(who, room, notify)| Step::Notify { who, room, notify }),
        4 => two().prop_map(|(who, whom, room)| Step::Add { who, whom, room }),
        3 => two().prop_map(|(who, whom, room)| Step::Remove { who, whom, room }),
        4 => (two(), role).prop_map(|((who, whom, room), role)| Step::SetRole { who, whom, room, role }),
        3 => two().prop_map(|(who, whom, room)| Step::Ban { who, whom, room }),
        3 => two().prop_map(|(who, whom, room)| Step::Unban { who, whom, room }),
        3 => who().prop_map(|who| Step::CatchUp { who }),
        2 => who().prop_map(|who| Step::Disconnect { who }),
        2 => who().prop_map(|who| Step::Connect { who }),
    ]
}

/// How many cases are tried while commits are cut, unless this variable says otherwise.
#[cfg(unix)]
const CUT_CASES: u32 = 6;
#[cfg(unix)]
const CUT_CASES_VARIABLE: &str = "QUCHAT_CUT_CASES";

#[cfg(unix)]
#[test]
fn they_see_the_same_while_commits_are_cut() {
    use crate::harness::{Cut, Proxy, needs_postgres};
    needs_postgres!();
    let cases = std::env::var(CUT_CASES_VARIABLE).map_or(CUT_CASES, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, max_shrink_time: 60_000, ..Config::default() };
    let cut = prop::option::weighted(0.2, select(vec![Cut::Before, Cut::During, Cut::After]));
    let outcome = TestRunner::new(config).run(&prop::collection::vec((step(), cut), 1..90), |steps| {
        let data_dir = prepared::data_dir();
        let proxy = Proxy::before(&data_dir.url().unwrap());
        let server = TestServer::start_on(data_dir.by_way_of(proxy.url()), Clock::system(), |_| {});
        let clients = ["alice", "bob", "carol"].map(|name| server.user(name));
        let mut world = World::new(&clients);
        for (step, cut) in &steps {
            if let Some(cut) = cut {
                proxy.cut_next_commit(*cut);
            }
            world.take(step);
        }
        world.check();
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn three_users_see_what_the_contract_says_after_any_actions() {
    let config = Config { cases: 32, failure_persistence: None, max_shrink_time: 60_000, ..Config::default() };
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 1..90), |steps| {
        let server = TestServer::start();
        let clients = ["alice", "bob", "carol"].map(|name| server.user(name));
        let mut world = World::new(&clients);
        steps.iter().for_each(|step| world.take(step));
        world.check();
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
