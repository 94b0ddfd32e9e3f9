//! The storage seam: what a storage engine (repository) must do, in terms of the domain.
//!
//! A [`Snapshot`] reads the state at one moment; a [`Tx`] (transaction) also makes changes, all of them or none. Both
//! are split by noun. The domain decides who may do or see what: a query that selects rows for a user may return too
//! many.

mod change;
mod commits;
mod error;
mod event_columns;
mod handle;
mod health;
mod lineage;
mod moving;
mod naming;
mod postgres;
mod readers;
#[cfg(test)]
mod recorded;
mod row_cache;
mod search;
#[cfg(test)]
mod search_model;
mod sqlite;
mod stored_text;
mod writer;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use quchat_shared::{
    Event, InviteId, Message, Room, RoomId, RoomInfo, Seq, SessionId, Timestamp, User, UserId,
    api::{Ban, NewRoom, OwnReaction, SessionInfo},
    event::RoomActivity,
    invite::Invite,
    query,
    room::{Member, Membership, Notify, Role},
    user::ServerRole,
};

use crate::clock::Clock;

pub use self::postgres::Settings as PostgresSettings;
pub(crate) use self::{
    change::{Change, Committed, Ephemeral, EventRef, LogPage, LoggedEvent, LoggedRow},
    commits::Commits,
    error::{Cause, Error, Result},
    handle::{Store, readers},
    health::Health,
    lineage::{Lineage, parse_cursor},
    moving::{Moved, move_to_postgres},
    postgres::{
        Feed, Heard, Joined, LogView, OnlineChange, OnlineChanges, OnlinePosition, PasswordSources, claim_identity,
        contradictions as contradictions_in_postgres,
    },
    search::{Indexed, Position, Public, Unindexed, Wanted},
    sqlite::{DatabaseCopy, contradictions, prepare_restored},
};

/// The position and direction of a page of history.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Range {
    /// The last messages before this one.
    Before(Seq),
    /// The first messages after this one.
    After(Seq),
}

/// What a write is about to read. An engine for which each read is a round trip reads it for a whole group of writes at
/// once. A wrong hint costs time only.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hints {
    pub(crate) session: Option<SessionId>,
    pub(crate) user: Option<UserId>,
    pub(crate) room: Option<RoomId>,
    pub(crate) txn: Option<String>,
}

impl Hints {
    /// The room, and what the caller is in it.
    pub(crate) fn of_room(room: RoomId) -> Self {
        Self { room: Some(room), ..Self::default() }
    }
}

/// A user to be stored.
pub(crate) struct NewUser<'a> {
    pub(crate) name: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) role: ServerRole,
    pub(crate) created_at: Timestamp,
}

/// A session to be.
pub(crate) struct NewSession<'a> {
    pub(crate) user: UserId,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// What signed in, in its own words.
    pub(crate) client: &'a str,
    /// To the hour.
    pub(crate) last_used_at: Timestamp,
}

/// Whose a session is, and when it was used last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveSession {
    pub(crate) user: UserId,
    /// To the hour.
    pub(crate) last_used_at: Timestamp,
}

/// A member to be.
pub(crate) struct NewMember {
    pub(crate) user: UserId,
    pub(crate) role: Role,
    pub(crate) last_read_seq: Seq,
    /// The id of the `member.joined` event.
    pub(crate) joined: u64,
    pub(crate) at: Timestamp,
}

/// Where removed content may be.
#[derive(Debug)]
pub(crate) struct Leftovers {
    /// What these numbers mean is up to the engine.
    pub(crate) places: Vec<u64>,
    /// Where to go on; `None` at the end.
    pub(crate) next: Option<u64>,
}

pub(crate) trait ReadUsers {
    fn any_user(&self) -> Result<bool>;
    /// Whether there is an admin besides this user, not counting suspended ones.
    fn has_admin_besides(&self, user: Option<UserId>) -> Result<bool>;
    fn user(&self, id: UserId) -> Result<Option<User>>;
    /// The user with this name, case-insensitive.
    fn user_named(&self, name: &str) -> Result<Option<User>>;
    fn password_hash(&self, user: UserId) -> Result<Option<String>>;
    /// Up to `limit` users that match `filter`, sorted by name.
    fn users(&self, filter: &query::ListUsers, limit: u32) -> Result<Vec<User>>;
}

pub(crate) trait ReadSessions {
    /// `None` once it has been ended.
    fn session(&self, id: SessionId) -> Result<Option<LiveSession>>;
    /// The user's sessions that expire after `now`, newest first. None is marked as the current one.
    fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<SessionInfo>>;
}

pub(crate) trait WriteUsers {
    fn insert_user(&mut self, new: &NewUser<'_>) -> Result<User>;
    /// Stores the role, and whether the user is suspended.
    fn update_user(&mut self, user: &User) -> Result<()>;
    /// Unless it is not `old` any more; returns whether it was.
    fn replace_password_hash(&mut self, user: UserId, old: &str, new: &str) -> Result<bool>;
}

pub(crate) trait WriteSessions {
    fn insert_session(&mut self, new: &NewSession<'_>) -> Result<SessionId>;
    fn set_last_used(&mut self, ids: &[SessionId], at: Timestamp) -> Result<()>;
    fn delete_session(&mut self, id: SessionId) -> Result<()>;
    /// Deletes the sessions that had expired by `then`.
    fn delete_sessions_ended_by(&mut self, then: Timestamp) -> Result<()>;
    /// Deletes all sessions of the user except the newest `keep`. Returns the deleted ones.
    fn delete_oldest_sessions(&mut self, user: UserId, keep: u32) -> Result<Vec<SessionId>>;
    /// Deletes all sessions of the user, but this one; returns which.
    fn delete_sessions_of(&mut self, user: UserId, kept: Option<SessionId>) -> Result<Vec<SessionId>>;
}

/// The hash of the code of an invite.
pub(crate) type CodeHash = [u8; 32];

/// An invite to store.
pub(crate) struct InviteRow<'a> {
    pub(crate) code: &'a CodeHash,
    /// Of those who register with it.
    pub(crate) role: ServerRole,
    pub(crate) room: Option<RoomId>,
    /// `None` for the operator of the server.
    pub(crate) created_by: Option<UserId>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) uses: u32,
    /// It was made at a start of the server, for its first admin.
    pub(crate) is_of_start: bool,
}

/// What an invite allows, and who created it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownInvite {
    pub(crate) id: InviteId,
    pub(crate) role: ServerRole,
    pub(crate) room: Option<RoomId>,
    pub(crate) created_by: Option<UserId>,
    pub(crate) expires_at: Timestamp,
}

/// Invites that are used up are not stored. Those that have expired may be.
pub(crate) trait ReadInvites {
    fn invite(&self, id: InviteId) -> Result<Option<KnownInvite>>;
    fn invite_with(&self, code: &CodeHash) -> Result<Option<KnownInvite>>;
    /// Up to `limit` invites from before `before` that expire after `now`, newest first.
    fn invites(&self, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>>;
    /// As [`ReadInvites::invites`], without those that make an admin.
    fn invites_of_members(&self, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>>;
    /// As [`ReadInvites::invites_of_members`], of those to rooms that this user owns.
    fn invites_to_rooms_of(&self, owner: UserId, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>>;
    fn count_invites_by(&self, creator: Option<UserId>) -> Result<u64>;
}

pub(crate) trait WriteInvites {
    fn insert_invite(&mut self, new: &InviteRow<'_>) -> Result<InviteId>;
    /// Counts a use. Deletes the invite if it was the last one.
    fn use_invite(&mut self, id: InviteId) -> Result<()>;
    /// Returns whether there was such an invite.
    fn delete_invite(&mut self, id: InviteId) -> Result<bool>;
    /// Deletes the invites that were made at a start of the server, for its first admin.
    fn delete_invites_of_start(&mut self) -> Result<()>;
    /// Deletes the invites that had expired by `then`.
    fn delete_invites_ended_by(&mut self, then: Timestamp) -> Result<()>;
}

pub(crate) trait ReadRooms {
    fn room(&self, id: RoomId) -> Result<Option<RoomInfo>>;
    /// The room with this user's membership. Does not check whether they may see it.
    fn room_of(&self, id: RoomId, user: UserId) -> Result<Option<Room>>;
    /// The rooms that the user may know of, sorted by id: at least every public room and every room that they are a
    /// member of.
    fn rooms_of(&self, user: UserId) -> Result<Vec<Room>>;
    /// Every room there is, sorted by id.
    fn all_rooms(&self) -> Result<Vec<RoomInfo>>;
    fn is_public_name_taken(&self, name_key: &str) -> Result<bool>;
    /// How many rooms there are, direct ones left out.
    fn count_rooms(&self) -> Result<u64>;
    /// The number of rooms that this user created, not counting direct ones.
    fn count_rooms_by(&self, creator: UserId) -> Result<u64>;
    /// The number of private and direct rooms that the user is in.
    fn count_private_rooms_of(&self, user: UserId) -> Result<u64>;
}

pub(crate) trait ReadMembers {
    fn membership(&self, room: RoomId, user: UserId) -> Result<Option<Membership>>;
    /// A member as others see them.
    fn member(&self, room: RoomId, user: UserId) -> Result<Option<Member>>;
    /// Up to `limit` members that `filter` names, by name.
    fn members(&self, room: RoomId, filter: &query::ListMembers, limit: u32) -> Result<Vec<Member>>;
    /// Where the user is a member, each with the event of their joining.
    fn joined_rooms(&self, user: UserId) -> Result<HashMap<RoomId, u64>>;
    /// Who inherits the room: the moderator who joined first, else the member who did. `None` if nobody is in.
    fn heir(&self, room: RoomId) -> Result<Option<UserId>>;
    fn has_owner(&self, room: RoomId) -> Result<bool>;
    /// Whether the room has an owner besides this user.
    fn has_owner_besides(&self, room: RoomId, user: UserId) -> Result<bool>;
    fn count_members(&self, room: RoomId) -> Result<u64>;
}

pub(crate) trait ReadBans {
    fn is_banned(&self, room: RoomId, user: UserId) -> Result<bool>;
    /// Up to `limit` bans of users whose names come after `after`, by name.
    fn bans(&self, room: RoomId, after: &str, limit: u32) -> Result<Vec<Ban>>;
}

pub(crate) trait ReadDirectRooms {
    /// The direct room of these two users, in either order.
    fn direct_room_of(&self, users: [UserId; 2]) -> Result<Option<RoomId>>;
    /// The other user of a direct room; the user themselves if it is the room of their notes. `None` if it is no direct
    /// room.
    fn peer(&self, room: RoomId, user: UserId) -> Result<Option<UserId>>;
}

pub(crate) trait WriteDirectRooms {
    /// Makes a room the direct room of these two users.
    fn insert_direct_room(&mut self, room: RoomId, users: [UserId; 2]) -> Result<()>;
    /// Records that this user of a direct room has written in it.
    fn set_has_written(&mut self, room: RoomId, user: UserId) -> Result<()>;
}

/// Who is online is not stored; this is about the rooms that show it. A direct room does once both have written.
pub(crate) trait ReadPresence {
    /// Who of `others` is a member of a room of the user's that shows it and has at most `members` of them.
    fn sharing_a_room(&self, user: UserId, others: &[UserId], members: u32) -> Result<HashSet<UserId>>;
    /// How many members the room has; `None` if it shows it to none of them, or does not exist.
    fn presence_size(&self, room: RoomId) -> Result<Option<u64>>;
    /// Up to `limit` members, in the order in which they joined.
    fn first_members(&self, room: RoomId, limit: u32) -> Result<Vec<UserId>>;
}

pub(crate) trait WriteRooms {
    fn insert_room(&mut self, new: &NewRoom, by: UserId, at: Timestamp) -> Result<RoomInfo>;
    /// Stores the name, the topic, the state and the revision.
    fn update_room(&mut self, room: &RoomInfo) -> Result<()>;
    /// Ends a room: it exists for nobody, has no members and no invites, and does not count. Its other rows are purged
    /// later. Returns who was a member.
    fn delete_room(&mut self, room: &RoomInfo) -> Result<Vec<UserId>>;
    /// Removes rows of deleted rooms, at most `limit` of one table, or of parts of the search index that are not used any
    /// more. Returns whether there may be others.
    fn purge_deleted_rooms(&mut self, limit: u32) -> Result<bool>;
}

pub(crate) trait WriteMembers {
    fn insert_member(&mut self, room: &RoomInfo, new: &NewMember) -> Result<()>;
    fn set_role(&mut self, room: RoomId, user: UserId, role: Role) -> Result<()>;
    fn set_last_read(&mut self, room: RoomId, user: UserId, seq: Seq) -> Result<()>;
    fn set_notify(&mut self, room: RoomId, user: UserId, notify: Notify) -> Result<()>;
    fn delete_member(&mut self, room: &RoomInfo, user: UserId) -> Result<()>;
}

pub(crate) trait WriteBans {
    /// Bans a user who is not banned yet. `by` is `None` if the operator of the server did it.
    fn insert_ban(
        &mut self,
        room: RoomId,
        user: UserId,
        by: Option<UserId>,
        reason: Option<&str>,
        at: Timestamp,
    ) -> Result<()>;
    /// Lifts a ban; returns whether there was one.
    fn delete_ban(&mut self, room: RoomId, user: UserId) -> Result<bool>;
}

pub(crate) trait ReadMessages {
    fn message(&self, room: RoomId, seq: Seq) -> Result<Option<Message>>;
    /// Up to `limit` messages, ascending by seq.
    fn messages(&self, room: RoomId, range: Range, limit: u32) -> Result<Vec<Message>>;
    fn message_with_txn(&self, sender: UserId, txn: &str) -> Result<Option<(RoomId, Seq)>>;
    /// The `rev` that brought the text which the message has now; 0 if there is no such message.
    fn text_rev(&self, room: RoomId, seq: Seq) -> Result<u64>;
}

pub(crate) trait ReadReactions {
    fn has_reacted(&self, room: RoomId, seq: Seq, user: UserId, emoji: &str) -> Result<bool>;
    /// Up to `limit` users who reacted with this emoji, oldest reaction first.
    fn first_reactors(&self, room: RoomId, seq: Seq, emoji: &str, limit: usize) -> Result<Vec<UserId>>;
    /// The user's reactions to the messages from `first` to `last`, by seq.
    fn reactions_of(&self, user: UserId, room: RoomId, first: Seq, last: Seq) -> Result<Vec<OwnReaction>>;
}

/// A message to store.
pub(crate) struct NewMessageRow<'a> {
    pub(crate) message: &'a Message,
    /// The id of the `message.created` event.
    pub(crate) event: u64,
    /// Whether its sender may mention everyone in the room, now or by an edit.
    pub(crate) may_mention_all: bool,
}

/// The place of a message in a list of messages of several rooms, by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlaceInTime {
    pub(crate) sent_at: Timestamp,
    pub(crate) room: RoomId,
    pub(crate) seq: Seq,
}

pub(crate) trait ReadMentions {
    /// How many messages beyond the user's read marker mention them; 0 if they are not a member.
    fn count_unread_mentions(&self, room: RoomId, user: UserId) -> Result<u64>;
    /// How many messages after `after`, up to `through`, mention the user; 0 if they are not a member.
    fn count_mentions_between(&self, room: RoomId, user: UserId, after: Seq, through: Seq) -> Result<u64>;
    /// Whether the sender of a message could mention everyone when they sent it.
    fn may_mention_all(&self, room: RoomId, seq: Seq) -> Result<bool>;
    /// Up to `limit` messages before `before` that mention the user, in rooms they can read; newest first.
    fn mentions_of(&self, user: UserId, before: Option<PlaceInTime>, limit: u32) -> Result<Vec<PlaceInTime>>;
}

pub(crate) trait WriteMessages {
    /// Stores the message and whom it mentions, makes it the room's newest and moves its sender's read marker there.
    fn insert_message(&mut self, new: &NewMessageRow<'_>) -> Result<()>;
    /// Forgets the `txn` of a message, so that its sender can use it once more.
    fn forget_txn(&mut self, room: RoomId, seq: Seq) -> Result<()>;
    /// Stores the text of a message, brought by its `rev`, and whom it mentions now. The text before it is gone.
    fn replace_text(&mut self, message: &Message) -> Result<()>;
    /// Stores that a message was deleted. Its text, mentions and reactions are gone.
    fn replace_with_tombstone(&mut self, message: &Message) -> Result<()>;
}

pub(crate) trait WriteReactions {
    /// Adds a reaction that the message shows already. `event` is the id of the `message.updated` event.
    fn insert_reaction(&mut self, message: &Message, emoji: &str, user: UserId, event: u64) -> Result<()>;
    /// Removes a reaction that the message does not show any more.
    fn delete_reaction(&mut self, message: &Message, emoji: &str, user: UserId) -> Result<()>;
}

pub(crate) trait ReadSearch {
    /// `None` once the index has every message that was there when it was begun.
    fn unindexed(&self) -> Result<Option<Unindexed>>;
    /// Up to `limit` messages between the two positions that the index offers, newest first. They are in the wanted
    /// rooms and from the wanted sender, and not every one of them matches.
    fn found(
        &self,
        wanted: &Wanted<'_>,
        after: Position,
        before: Position,
        limit: u32,
    ) -> Result<Vec<(Position, RoomId, Seq)>>;
    /// The newest message that was sent before this moment. Positions follow the time, unless the clock was set back.
    fn position_before(&self, then: Timestamp) -> Result<Position>;
    /// The rooms that are not public in which the user is a member.
    fn private_rooms_of(&self, user: UserId) -> Result<Vec<RoomId>>;
    fn rooms_banning(&self, user: UserId) -> Result<Vec<RoomId>>;
}

pub(crate) trait WriteSearch {
    /// Adds some of the messages that are not in the index yet. It takes some 10 ms.
    fn index_messages(&mut self) -> Result<Indexed>;
    /// Merges a few of the trees into which the index grew: the fewer there are, the less time a search takes. Returns
    /// whether there may be more to do.
    fn tidy_index(&mut self) -> Result<bool>;
}

pub(crate) trait ReadEvents {
    /// The id of the newest event.
    fn head(&self) -> Result<u64>;
    /// Events up to this id are no longer kept.
    fn pruned_through(&self) -> Result<u64>;
    /// The last event of the lineage with this tag; `None` if there was none.
    fn lineage_head(&self, tag: &str) -> Result<Option<u64>>;
    /// The rows after `after` up to and including `through` that the user may see, ascending; a superset is allowed.
    /// Only of the rooms in `only`, unless it is empty.
    fn events_for(&self, user: UserId, only: &[RoomId], after: u64, through: u64) -> Result<Vec<LoggedEvent>>;
    /// The number of rows that [`ReadEvents::events_for`] would return up to the head. Stops counting at `enough`.
    fn count_events_for(&self, user: UserId, only: &[RoomId], after: u64, enough: u64) -> Result<u64>;
    /// The newest message that a room had at an event that is still kept.
    fn last_seq_at(&self, room: RoomId, event: u64) -> Result<Seq>;
    /// Public rooms with new messages since the event `after`.
    fn active_rooms(&self, after: u64) -> Result<Vec<RoomActivity>>;
}

pub(crate) trait Time {
    /// When the transaction began. `clock` is the one of this machine. An engine with a clock of its own takes only the
    /// offsets of tests from it.
    fn now(&self, clock: &Clock) -> Timestamp;
}

pub(crate) trait WriteEvents {
    /// Logs an event and returns its id. It is published once the transaction is committed. Ids grow in commit order.
    fn record(&mut self, room: &RoomInfo, what: EventRef, event: Event, at: Timestamp) -> Result<u64>;
    /// Publishes a change that is not logged, once the transaction is committed.
    fn publish(&mut self, change: Change);
    /// Tests whether the database can be written: writes as much as a long message needs, and removes it again.
    fn try_out(&mut self) -> Result<()>;
    /// Deletes up to `limit` of the oldest events from before `before`, but keeps the newest `keep`. Returns whether
    /// there are more to delete.
    fn prune_events(&mut self, before: Timestamp, keep: u64, limit: u32) -> Result<bool>;
}

pub(crate) trait ReadLeftovers {
    /// Looks for removed content that the engine has left in its files, in `limit` places after `after`.
    fn leftovers(&self, after: u64, limit: u64) -> Result<Leftovers>;
}

pub(crate) trait Erase {
    /// Begins to erase what has been removed until now. What is removed from here on is for the next time.
    fn begin_erasing(&mut self) -> Result<()>;
    /// Overwrites what was found in these places.
    fn erase_leftovers(&mut self, places: &[u64]) -> Result<()>;
    /// Has the log emptied after this transaction, which may wait for readers up to `patience`. Returns whether it was,
    /// after an earlier transaction.
    fn empty_log(&mut self, patience: Duration) -> Result<bool>;
    /// Notes that all of it has succeeded. Until then, the next start of the server gives word of removed content.
    fn end_erasing(&mut self) -> Result<()>;
}

/// Answers questions as of one moment.
pub(crate) trait Snapshot:
    ReadUsers
    + ReadSessions
    + ReadInvites
    + ReadRooms
    + ReadMembers
    + ReadBans
    + ReadDirectRooms
    + ReadPresence
    + ReadMessages
    + ReadReactions
    + ReadMentions
    + ReadSearch
    + ReadEvents
    + ReadLeftovers
{
}
impl<T> Snapshot for T where
    T: ReadUsers
        + ReadSessions
        + ReadInvites
        + ReadRooms
        + ReadMembers
        + ReadBans
        + ReadDirectRooms
        + ReadPresence
        + ReadMessages
        + ReadReactions
        + ReadMentions
        + ReadSearch
        + ReadEvents
        + ReadLeftovers
{
}

/// Answers questions and makes changes, all of them or none.
pub(crate) trait Tx:
    Snapshot
    + Time
    + WriteUsers
    + WriteSessions
    + WriteInvites
    + WriteDirectRooms
    + WriteRooms
    + WriteMembers
    + WriteBans
    + WriteMessages
    + WriteReactions
    + WriteSearch
    + WriteEvents
    + Erase
{
}
impl<T> Tx for T where
    T: Snapshot
        + Time
        + WriteUsers
        + WriteSessions
        + WriteInvites
        + WriteDirectRooms
        + WriteRooms
        + WriteMembers
        + WriteBans
        + WriteMessages
        + WriteReactions
        + WriteSearch
        + WriteEvents
        + Erase
{
}
