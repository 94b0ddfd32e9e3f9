//! The operations of the contract as one-line helpers, for tests of something else.

use quchat_shared::{
    Message, Room, RoomId, Seq, User, UserId,
    api::{MessagePage, ReadMarker, Rooms, SessionInfo, Sessions},
};
use serde_json::{Value, json};

use super::{Answer, Client};

impl Client {
    #[track_caller]
    pub(crate) fn create_room(&self, name: &str) -> RoomId {
        self.post("/v1/rooms", &json!({"name": name})).expect(201).json::<Room>().info.id
    }

    #[track_caller]
    pub(crate) fn create_private_room(&self, name: &str) -> RoomId {
        self.post("/v1/rooms", &json!({"name": name, "kind": "private"})).expect(201).json::<Room>().info.id
    }

    #[track_caller]
    pub(crate) fn rooms(&self) -> Rooms {
        self.get("/v1/rooms").expect(200).json()
    }

    #[track_caller]
    pub(crate) fn room(&self, room: RoomId) -> Room {
        self.get(&format!("/v1/rooms/{room}")).expect(200).json()
    }

    pub(crate) fn try_update_room(&self, room: RoomId, change: &Value) -> Answer {
        self.request("PATCH", &format!("/v1/rooms/{room}"), Some(change))
    }

    #[track_caller]
    pub(crate) fn update_room(&self, room: RoomId, change: &Value) -> Room {
        self.try_update_room(room, change).expect(200).json()
    }

    pub(crate) fn try_delete_room(&self, room: RoomId) -> Answer {
        self.delete(&format!("/v1/rooms/{room}"))
    }

    #[track_caller]
    pub(crate) fn delete_room(&self, room: RoomId) {
        self.try_delete_room(room).expect(204);
    }

    pub(crate) fn try_open_direct_room(&self, user: UserId) -> Answer {
        self.request("PUT", &format!("/v1/direct/{user}"), None)
    }

    /// Opens a direct room for the first time.
    #[track_caller]
    pub(crate) fn open_direct_room(&self, user: UserId) -> Room {
        self.try_open_direct_room(user).expect(201).json()
    }

    #[track_caller]
    pub(crate) fn join(&self, room: RoomId) -> Room {
        self.request("PUT", &format!("/v1/rooms/{room}/members/me"), None).expect(200).json()
    }

    #[track_caller]
    pub(crate) fn leave(&self, room: RoomId) {
        self.delete(&format!("/v1/rooms/{room}/members/me")).expect(204);
    }

    pub(crate) fn try_send_message(&self, room: RoomId, text: &str) -> Answer {
        self.post(&format!("/v1/rooms/{room}/messages"), &json!({"text": text}))
    }

    pub(crate) fn try_send_once(&self, room: RoomId, text: &str, txn: &str) -> Answer {
        self.post(&format!("/v1/rooms/{room}/messages"), &json!({"text": text, "txn": txn}))
    }

    #[track_caller]
    pub(crate) fn send_message(&self, room: RoomId, text: &str) -> Message {
        self.try_send_message(room, text).expect(201).json()
    }

    /// Sends "1", "2" and so on, so that text and seq are equal in a room that was empty.
    #[track_caller]
    pub(crate) fn count_to(&self, room: RoomId, n: u64) {
        for i in 1..=n {
            assert_eq!(self.send_message(room, &i.to_string()).seq, Seq(i));
        }
    }

    #[track_caller]
    pub(crate) fn messages(&self, room: RoomId, query: &str) -> MessagePage {
        self.get(&format!("/v1/rooms/{room}/messages{query}")).expect(200).json()
    }

    /// The whole history of a room, page by page from the start.
    #[track_caller]
    pub(crate) fn history(&self, room: RoomId) -> Vec<Message> {
        let mut all: Vec<Message> = Vec::new();
        loop {
            let after = all.last().map_or(0, |message| message.seq.0);
            let page = self.messages(room, &format!("?after={after}&limit=200"));
            all.extend(page.messages);
            if !page.has_newer {
                return all;
            }
        }
    }

    #[track_caller]
    pub(crate) fn message(&self, room: RoomId, seq: u64) -> Message {
        self.get(&format!("/v1/rooms/{room}/messages/{seq}")).expect(200).json()
    }

    pub(crate) fn try_edit(&self, room: RoomId, seq: u64, text: &str) -> Answer {
        self.request("PATCH", &format!("/v1/rooms/{room}/messages/{seq}"), Some(&json!({"text": text})))
    }

    #[track_caller]
    pub(crate) fn edit(&self, room: RoomId, seq: u64, text: &str) -> Message {
        self.try_edit(room, seq, text).expect(200).json()
    }

    pub(crate) fn try_delete_message(&self, room: RoomId, seq: u64) -> Answer {
        self.delete(&format!("/v1/rooms/{room}/messages/{seq}"))
    }

    #[track_caller]
    pub(crate) fn delete_message(&self, room: RoomId, seq: u64) {
        self.try_delete_message(room, seq).expect(204);
    }

    /// `method` is PUT or DELETE.
    pub(crate) fn try_react(&self, method: &str, room: RoomId, seq: u64, emoji: &str) -> Answer {
        let escaped: String = emoji.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.request(method, &format!("/v1/rooms/{room}/messages/{seq}/reactions/{escaped}"), None)
    }

    #[track_caller]
    pub(crate) fn react(&self, room: RoomId, seq: u64, emoji: &str) -> Message {
        self.try_react("PUT", room, seq, emoji).expect(200).json()
    }

    #[track_caller]
    pub(crate) fn unreact(&self, room: RoomId, seq: u64, emoji: &str) -> Message {
        self.try_react("DELETE", room, seq, emoji).expect(200).json()
    }

    pub(crate) fn try_mark_read(&self, room: RoomId, seq: u64) -> Answer {
        self.put(&format!("/v1/rooms/{room}/read"), &json!({"seq": seq}))
    }

    #[track_caller]
    pub(crate) fn mark_read(&self, room: RoomId, seq: u64) -> ReadMarker {
        self.try_mark_read(room, seq).expect(200).json()
    }

    /// The caller's sessions, newest first.
    #[track_caller]
    pub(crate) fn sessions(&self) -> Vec<SessionInfo> {
        self.get("/v1/sessions").expect(200).json::<Sessions>().sessions
    }

    pub(crate) fn try_notify_typing(&self, room: RoomId) -> Answer {
        self.request("POST", &format!("/v1/rooms/{room}/typing"), None)
    }

    /// Whether another user is online, as far as this one may know.
    #[track_caller]
    pub(crate) fn sees_online(&self, other: &Self) -> bool {
        self.get(&format!("/v1/users/{}", other.user().id)).expect(200).json::<User>().online
    }

    #[track_caller]
    pub(crate) fn sign_out(&self) {
        self.delete("/v1/sessions/current").expect(204);
    }
}
