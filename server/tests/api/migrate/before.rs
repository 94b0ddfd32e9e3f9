//! A server on SQLite with something of everything, that was stopped.

use std::{net::SocketAddr, process::Command};

use quchat_server::clock::Clock;
use quchat_shared::{RoomId, Seq, UserId, api::Hits, invite::CreatedInvite};
use serde_json::json;

use super::look;
use crate::harness::{Client, DataDir, PASSWORD, Process, TestServer, eventually};

/// What it had, and how clients saw it.
pub(super) struct Before {
    pub(super) data_dir: DataDir,
    clients: Vec<Client>,
    /// The first is a public one in which all have talked.
    pub(super) rooms: Vec<RoomId>,
    /// The answers to all that clients can ask for.
    pub(super) seen: Vec<look::Seen>,
    /// What each client found with the word "needle".
    pub(super) found: Vec<Vec<String>>,
    /// A session that was ended; the newest there was.
    pub(super) ended: Client,
    /// The message with the txn "before-1" of the first client.
    pub(super) sent_once: Seq,
    pub(super) bobs_position: String,
    pub(super) sent_after_bobs_position: Vec<String>,
    /// A position of before the log begins.
    pub(super) pruned_position: String,
    /// A room that was deleted, but not purged.
    pub(super) doomed: RoomId,
    /// The highest ids that were given away.
    pub(super) newest_room: RoomId,
    pub(super) newest_user: UserId,
}

/// Texts that a format of rows could take for something else.
const ODD_TEXTS: [&str; 7] = ["\\N", "\\.", "a\tb\nc\\n", "'; DROP TABLE users; --", "NULL", "\"{},\\\\", "👨‍👩‍👧 ﷽ ä"];

impl Before {
    pub(super) fn make() -> Self {
        let data_dir = DataDir::on_sqlite();
        let server = TestServer::start_nodes(1, data_dir.clone(), Clock::system(), |_| {});
        let clients: Vec<_> = ["alice", "bob", "carol", "dave"].map(|name| server.register(name)).into();
        let [alice, bob, carol, _] = &*clients else { unreachable!("they are four") };
        let pruned_position = alice.rooms().cursor.0;
        let rooms = make_rooms(&clients);
        let lobby = rooms[0];
        let sent_once = talk(&clients, &rooms);
        ban_and_invite(&server, &clients, &rooms);
        wait_for_index(alice, lobby);
        let found = clients.iter().map(|client| search(client, "needle")).collect();
        let doomed = bob.create_private_room("doomed");
        bob.add_member(doomed, carol);
        bob.send_message(doomed, "needle of the doomed @carol");
        bob.react(doomed, 1, "👍");

        let bobs_position = bob.rooms().cursor.0;
        let sent_after_bobs_position: Vec<_> = (1..=3).map(|n| format!("@bob {n}")).collect();
        for text in &sent_after_bobs_position {
            alice.send_message(lobby, text);
        }
        let newest_room = delete_without_purge(&data_dir, bob, doomed, alice);
        let newest_user = server.register("erin").user().id;
        let ended = server.sign_in("erin");
        ended.sign_out();
        server.stop();

        let sqlite = data_dir.sqlite();
        sqlite.execute_batch("DROP TRIGGER keep").unwrap();
        sqlite.execute_batch("DELETE FROM events WHERE id <= 3; UPDATE pruned SET through = 3").unwrap();
        drop(sqlite);
        let mut operator = Process::command();
        run(operator.args(["invite", "create", "--admin", "--data-dir"]).arg(data_dir.path()));

        // In another run, which nobody uses for more than looking.
        let rooms: Vec<_> = rooms.into_iter().chain([doomed, newest_room]).collect();
        keep_messages(&data_dir);
        let server = TestServer::start_nodes(1, data_dir.clone(), Clock::system(), |_| {});
        let seen = look::everything(&at(&clients, server.address), &rooms);
        server.stop();
        data_dir.sqlite().execute_batch("DROP TRIGGER keep").unwrap();
        Self {
            data_dir,
            clients,
            rooms,
            seen,
            found,
            ended,
            sent_once,
            bobs_position,
            sent_after_bobs_position,
            pruned_position,
            doomed,
            newest_room,
            newest_user,
        }
    }

    /// The same sessions at another server.
    pub(super) fn clients_at(&self, address: SocketAddr) -> Vec<Client> {
        at(&self.clients, address)
    }
}

fn at(clients: &[Client], address: SocketAddr) -> Vec<Client> {
    clients.iter().map(|client| client.at(address)).collect()
}

fn run(command: &mut Command) {
    assert!(command.output().unwrap().status.success());
}

/// Rooms of all kinds, with members, roles, topics and settings.
fn make_rooms(clients: &[Client]) -> Vec<RoomId> {
    let [alice, bob, carol, dave] = clients else { unreachable!("they are four") };
    let (lobby, archive) = (alice.create_room("Lobby"), bob.create_room("\\archive"));
    let (plans, lonely) = (bob.create_private_room("plans"), carol.create_private_room("plans"));
    for client in [bob, carol, dave] {
        client.join(lobby);
    }
    alice.set_role(lobby, carol, "moderator");
    alice.join(archive);
    bob.send_message(archive, "needle in the archive");
    bob.update_room(archive, &json!({"topic": "over\\N", "archived": true}));
    bob.add_member(plans, alice);
    bob.set_role(plans, alice, "owner");
    carol.set_notify(lobby, "all");
    dave.set_notify(lobby, "none");
    let direct = alice.open_direct_room(bob.user().id).info.id;
    let notes = alice.open_direct_room(alice.user().id).info.id;
    let silent = carol.open_direct_room(dave.user().id).info.id;
    vec![lobby, archive, plans, lonely, direct, notes, silent]
}

/// Messages with edits, deletions, reactions, answers, mentions and markers. Returns the one with the txn "before-1".
fn talk(clients: &[Client], rooms: &[RoomId]) -> Seq {
    let [alice, bob, carol, dave] = clients else { unreachable!("they are four") };
    let &[lobby, _, plans, _, direct, notes, _] = rooms else { unreachable!("they are seven") };
    for text in ODD_TEXTS {
        alice.send_message(lobby, text);
    }
    let sent_once =
        alice.try_send_once(lobby, "sent once", "before-1").expect(201).json::<quchat_shared::Message>().seq;
    bob.send_message(lobby, "@alice a needle, @carol and @nobody");
    alice.send_message(lobby, "@all: needle");
    for answered in [9, 10] {
        let answer = json!({"text": "needle, as an answer", "reply_to": answered});
        carol.post(&format!("/v1/rooms/{lobby}/messages"), &answer).expect(201);
    }
    alice.edit(lobby, 10, "no needle for @dave, but a haystack");
    let deleted = bob.send_message(lobby, "a needle that is deleted @alice").seq.0;
    carol.react(lobby, deleted, "👀");
    bob.delete_message(lobby, deleted);
    let removed = dave.send_message(lobby, "removed by a moderator").seq.0;
    carol.delete_message(lobby, removed);
    for client in [bob, carol, dave] {
        client.react(lobby, 9, "👍");
    }
    alice.react(lobby, 9, "❤️");
    carol.unreact(lobby, 9, "👍");
    alice.send_message(lobby, "@all: lunch");
    dave.mark_read(lobby, 4);
    bob.send_message(plans, "needle of the plans @alice");
    alice.send_message(direct, "needle for bob");
    bob.send_message(direct, "an answer");
    alice.send_message(notes, "needle for myself");
    sent_once
}

/// Bans with and without a reason, a suspended user, and invites of which one was used.
fn ban_and_invite(server: &TestServer, clients: &[Client], rooms: &[RoomId]) {
    let [alice, bob, ..] = clients else { unreachable!("they are four") };
    let (frank, grace) = (server.register("frank"), server.register("Grace"));
    frank.join(rooms[0]);
    frank.send_message(rooms[0], "@alice buy needles");
    alice.ban_because(rooms[0], &frank, "spam, and \\more");
    alice.ban(rooms[0], &grace);
    bob.ban(rooms[2], &grace);
    let suspended = json!({"suspended": true});
    alice.request("PATCH", &format!("/v1/users/{}", grace.user().id), Some(&suspended)).expect(200);
    let invite = |new: serde_json::Value| alice.post("/v1/invites", &new).expect(201).json::<CreatedInvite>();
    let used = invite(json!({"uses": 3, "expires_in_seconds": 6000, "room": rooms[2]}));
    invite(json!({"uses": 1}));
    let new = json!({"name": "heidi", "password": PASSWORD, "invite": used.code});
    server.anonymous().post("/v1/users", &new).expect(201);
}

fn search(client: &Client, word: &str) -> Vec<String> {
    let hits = client.get(&format!("/v1/search?q={word}")).expect(200).json::<Hits>().hits;
    hits.into_iter().map(|hit| hit.message.text).collect()
}

fn wait_for_index(client: &Client, room: RoomId) {
    client.send_message(room, "fencepost");
    eventually("the last message is found", || (!search(client, "fencepost").is_empty()).then_some(()));
}

/// Keeps servers from purging the messages of deleted rooms.
fn keep_messages(data_dir: &DataDir) {
    let trigger = "CREATE TRIGGER keep BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'kept'); END";
    data_dir.sqlite().execute_batch(trigger).unwrap();
}

/// Deletes a room whose purge does not come far. Returns another room that was deleted and purged, the newest one.
fn delete_without_purge(data_dir: &DataDir, owner: &Client, doomed: RoomId, other: &Client) -> RoomId {
    let gone = other.create_room("gone");
    other.delete_room(gone);
    let is_there = format!("SELECT count(*) FROM rooms WHERE id = {gone}");
    let count = || data_dir.sqlite().query_row(&is_there, (), |row| row.get::<_, i64>(0)).unwrap();
    eventually("it is purged", || (count() == 0).then_some(()));
    keep_messages(data_dir);
    owner.delete_room(doomed);
    gone
}
