//! Asks for everything that clients can ask for.

use quchat_shared::RoomId;
use serde_json::Value;

use crate::harness::Client;

/// Who asked for what, and the answer.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    who: String,
    target: String,
    pub(super) status: u16,
    body: Value,
}

/// The answers to each client. They are the same later, but for what each look changes.
pub(super) fn everything(clients: &[Client], rooms: &[RoomId]) -> Vec<Seen> {
    clients.iter().flat_map(|client| everything_of(client, rooms)).collect()
}

fn everything_of(client: &Client, rooms: &[RoomId]) -> Vec<Seen> {
    let mut targets: Vec<_> =
        ["users/me", "users?limit=200", "users?prefix=D", "sessions", "rooms", "mentions?limit=200"]
            .into_iter()
            .chain(["mentions?limit=2", "invites", "users/1", "users/2", "users/7", "users/99"])
            .map(str::to_owned)
            .collect();
    for room in rooms {
        targets.push(format!("rooms/{room}"));
        for part in ["members", "members?limit=2&after=bob", "bans", "messages", "messages?after=0&limit=200"] {
            targets.push(format!("rooms/{room}/{part}"));
        }
        targets.push(format!("rooms/{room}/messages?before=5&limit=3"));
        targets.extend((1..=14).map(|seq| format!("rooms/{room}/messages/{seq}")));
    }
    targets.into_iter().map(|target| see(client, target)).collect()
}

fn see(client: &Client, target: String) -> Seen {
    let answer = client.get(&format!("/v1/{target}"));
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
    forget_the_moment(&mut body);
    Seen { who: client.user().name.clone(), target, status: answer.status, body }
}

/// Removes the position in the log, which names the run of the server, and the hour of the last use of a session.
fn forget_the_moment(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            fields.remove("cursor");
            fields.remove("last_used_at");
            fields.values_mut().for_each(forget_the_moment);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_the_moment),
        _ => {}
    }
}
