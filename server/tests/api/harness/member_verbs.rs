//! The operations on members and bans as one-line helpers.

use quchat_shared::{
    Room, RoomId,
    api::{Bans, Members},
    room::Member,
};
use serde_json::json;

use super::{Answer, Client};

impl Client {
    /// A page of members; `query` begins with `?` or is empty.
    #[track_caller]
    pub(crate) fn members(&self, room: RoomId, query: &str) -> Members {
        self.get(&format!("/v1/rooms/{room}/members{query}")).expect(200).json()
    }

    fn member_path(room: RoomId, user: &Self) -> String {
        format!("/v1/rooms/{room}/members/{}", user.user().id)
    }

    fn ban_path(room: RoomId, user: &Self) -> String {
        format!("/v1/rooms/{room}/bans/{}", user.user().id)
    }

    pub(crate) fn try_add_member(&self, room: RoomId, user: &Self) -> Answer {
        self.put(&Self::member_path(room, user), &json!({}))
    }

    #[track_caller]
    pub(crate) fn add_member(&self, room: RoomId, user: &Self) -> Member {
        self.try_add_member(room, user).expect(201).json()
    }

    pub(crate) fn try_set_role(&self, room: RoomId, user: &Self, role: &str) -> Answer {
        self.request("PATCH", &Self::member_path(room, user), Some(&json!({"role": role})))
    }

    #[track_caller]
    pub(crate) fn set_role(&self, room: RoomId, user: &Self, role: &str) -> Member {
        self.try_set_role(room, user, role).expect(200).json()
    }

    pub(crate) fn try_remove_member(&self, room: RoomId, user: &Self) -> Answer {
        self.delete(&Self::member_path(room, user))
    }

    #[track_caller]
    pub(crate) fn remove_member(&self, room: RoomId, user: &Self) {
        self.try_remove_member(room, user).expect(204);
    }

    pub(crate) fn try_ban(&self, room: RoomId, user: &Self) -> Answer {
        self.request("PUT", &Self::ban_path(room, user), None)
    }

    #[track_caller]
    pub(crate) fn ban(&self, room: RoomId, user: &Self) {
        self.try_ban(room, user).expect(204);
    }

    #[track_caller]
    pub(crate) fn ban_because(&self, room: RoomId, user: &Self, reason: &str) {
        self.put(&Self::ban_path(room, user), &json!({"reason": reason})).expect(204);
    }

    pub(crate) fn try_unban(&self, room: RoomId, user: &Self) -> Answer {
        self.delete(&Self::ban_path(room, user))
    }

    #[track_caller]
    pub(crate) fn unban(&self, room: RoomId, user: &Self) {
        self.try_unban(room, user).expect(204);
    }

    #[track_caller]
    pub(crate) fn bans(&self, room: RoomId, query: &str) -> Bans {
        self.get(&format!("/v1/rooms/{room}/bans{query}")).expect(200).json()
    }

    pub(crate) fn try_set_notify(&self, room: RoomId, notify: &str) -> Answer {
        self.request("PATCH", &format!("/v1/rooms/{room}/members/me"), Some(&json!({"notify": notify})))
    }

    #[track_caller]
    pub(crate) fn set_notify(&self, room: RoomId, notify: &str) -> Room {
        self.try_set_notify(room, notify).expect(200).json()
    }
}
