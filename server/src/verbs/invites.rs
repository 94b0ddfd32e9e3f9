//! The verbs `invite …`. An invite is shown as the links to hand out, where it is known where others reach the server.

use std::time::Duration;

use clap::Subcommand;
use quchat_shared::{
    InviteId, RoomId, Timestamp,
    api::Rooms,
    invite::{Invite, InviteCode, Invites, USES_MAX},
    join_link::JoinLink,
    limits::{PAGE_MAX, room_key},
    room::RoomKind,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    asking::ask,
    failure::{FAILED, Failure, NOT_FOUND},
    output::{Format, Output},
};
use crate::{Config, governing::Question, time_span::parse_time};

/// What to do with invites.
#[derive(Debug, Subcommand)]
pub(crate) enum InviteVerb {
    /// Create an invite; prints its links, or its code while the server is stopped
    Create {
        /// Room that people join when they register with it: its name or its id
        #[arg(long, value_name = "ROOM")]
        room: Option<String>,
        /// How many people can register with it [default: 1]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(USES_MAX)))]
        uses: Option<u32>,
        /// How long it works, such as 24h or 30d [default: 7d]
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        expires: Option<Duration>,
        /// Make whoever registers with it an admin of the server; it works once
        #[arg(long, conflicts_with_all = ["room", "uses"])]
        admin: bool,
        #[command(flatten)]
        format: Format,
    },
    /// List the invites that can still be used
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Revoke an invite; nobody can register with it any more
    Revoke {
        /// The id of the invite; see invite list
        id: u64,
        #[command(flatten)]
        format: Format,
    },
}

/// An invite that was just created.
#[derive(Serialize, Deserialize)]
struct Created {
    id: InviteId,
    code: InviteCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomId>,
    uses: u32,
    expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    admin: bool,
    links: Vec<String>,
}

impl InviteVerb {
    pub(super) fn run(&self, place: &Config, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Create { room, uses, expires, admin, format } => {
                let room = room.as_deref().map(|room| find_room(place, room)).transpose()?;
                let seconds = expires.as_ref().map(Duration::as_secs);
                let new = json!({"room": room, "uses": uses, "expires_in_seconds": seconds, "admin": admin});
                let target = "/v1/invites".to_owned();
                let created: Created = ask(place, &Question { method: "POST", target, body: Some(new) })?.json()?;
                output.print(format, &created, &created.describe())
            }
            Self::List { format } => list(place, output, format),
            Self::Revoke { id, format } => {
                let target = format!("/v1/invites/{id}");
                ask(place, &Question { method: "DELETE", target, body: None })?;
                output.print(format, &json!({"id": id}), &format!("invite {id} does not work any more"))
            }
        }
    }
}

fn list(place: &Config, output: &Output, format: &Format) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let after_it = after.map_or(String::new(), |after: String| format!("&after={after}")); // a number
        let target = format!("/v1/invites?limit={PAGE_MAX}{after_it}");
        let page: Invites = ask(place, &Question { method: "GET", target, body: None })?.json()?;
        for invite in &page.invites {
            output.print(format, invite, &describe(invite))?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The room with this id, or the only one with this name.
fn find_room(place: &Config, wanted: &str) -> Result<RoomId, Failure> {
    let question = Question { method: "GET", target: "/v1/rooms".to_owned(), body: None };
    let rooms = ask(place, &question)?.json::<Rooms>()?.rooms;
    if let Some(room) = wanted.parse().ok().and_then(|id| rooms.iter().find(|room| room.info.id == RoomId(id))) {
        return Ok(room.info.id);
    }
    let key = room_key(wanted.strip_prefix('#').unwrap_or(wanted));
    let named = rooms.iter().filter(|room| room.info.kind != RoomKind::Direct && room_key(&room.info.name) == key);
    match *named.map(|room| room.info.id).collect::<Vec<_>>() {
        [room] => Ok(room),
        [] => Err(Failure::new(NOT_FOUND, format!("there is no room {wanted:?}; give the name or the id of one"))),
        ref several => {
            let ids = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Err(Failure::new(FAILED, format!("several rooms are called {wanted:?}; give the id of one: {ids}")))
        }
    }
}

impl Created {
    fn describe(&self) -> String {
        let Self { id, code, room, uses, expires_at, admin, links } = self;
        let mut text = format!("invite {id} {}", what(*uses, *room, *admin, *expires_at));
        for link in links {
            let in_shell = link.parse::<JoinLink>().map_or_else(|_| link.clone(), |link| link.in_shell());
            text += &format!("\nto join, run: quchat {in_shell}");
        }
        if links.is_empty() {
            text += &format!("\ncode: {code}");
        }
        text
    }
}

fn describe(invite: &Invite) -> String {
    let Invite { id, room, uses, uses_left, expires_at, created_by, admin, .. } = invite;
    let by = created_by.as_ref().map_or("the operator", |by| &by.name);
    let used = if uses_left < uses { format!(", used {} times of {uses}", uses - uses_left) } else { String::new() };
    format!("invite {id} {}; created by {by}{used}", what(*uses_left, *room, *admin, *expires_at))
}

/// What an invite does.
fn what(uses: u32, room: Option<RoomId>, admin: bool, expires_at: Timestamp) -> String {
    let who = match (uses, admin) {
        (_, true) => "makes one admin".to_owned(),
        (1, _) => "lets one person register".to_owned(),
        (uses, _) => format!("lets {uses} people register"),
    };
    let room = room.map_or(String::new(), |room| format!(" and join room {room}"));
    format!("{who}{room} until {expires_at}")
}
