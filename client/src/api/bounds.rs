//! Bounds the size of a server's answers to what the protocol allows (protocol.md, Limits).
//!
//! A text that is too long is cut and marked as cut. An answer that cannot be cut is refused. So a broken server cannot
//! use more memory of a client than a busy one.

use quchat_shared::{
    Cursor, Event, Message, Problem, Room, RoomInfo, User, UserRef,
    api::{
        Bans, FoundIn, Hit, Hits, Members, Mention, Mentions, MessagePage, ReadMarker, Rooms, ServerInfo, Sessions,
        Users,
    },
    invite::{CreatedInvite, Invites},
    limits::{PAGE_MAX, ROOM_NAME_MAX, TEXT_MAX, TOPIC_MAX, TXN_MAX, USER_NAME_MAX},
    message::REACTIONS_MAX,
    room::Member,
    user::Session,
};

use super::Failure;

/// Most rooms that a client keeps: twice the default limit of a server.
pub(crate) const ROOMS_MAX: usize = 10_000;
/// Longest position of the stream, in bytes.
pub(super) const CURSOR_MAX: usize = 256;
/// Longest token, in bytes. It must fit in a header line.
const TOKEN_MAX: usize = 4_096;
/// Longest sentence of an error, in characters.
const DETAIL_MAX: usize = 300;
/// Most field errors in one problem.
const ERRORS_MAX: usize = 16;
/// Most users that one text can mention.
const MENTIONS_MAX: usize = TEXT_MAX / 2;
/// Most users of a room whose presence is shown.
const ONLINE_MAX: usize = 1_000;
/// Most users per emoji.
const REACTED_MAX: usize = 1_000;
/// Most words of a message that a search found.
const RANGES_MAX: usize = TEXT_MAX;
/// Longest position in a list, in bytes.
const NEXT_MAX: usize = 256;
/// Longest emoji, in characters.
const EMOJI_MAX: usize = 32;
/// Most sessions of a user that are listed.
const SESSIONS_MAX: usize = 200;
/// Longest name of a client or a token, in characters.
const LABEL_MAX: usize = 64;

/// Marks the end of a message that was cut.
const CUT: &str = " … (cut here: the message is too long)";

/// A reply with bounded size. Only replies that implement it can be requested.
pub trait Bounded: Sized {
    /// Cuts what is too long.
    ///
    /// # Errors
    /// Something is too long that cannot be cut without changing its meaning.
    fn bounded(self) -> Result<Self, Failure>;
}

impl Bounded for () {
    fn bounded(self) -> Result<Self, Failure> {
        Ok(self)
    }
}

impl Bounded for ReadMarker {
    fn bounded(self) -> Result<Self, Failure> {
        Ok(self)
    }
}

impl Bounded for Session {
    fn bounded(mut self) -> Result<Self, Failure> {
        let User { name, .. } = &mut self.user;
        cut(name, USER_NAME_MAX, "…");
        if self.token.len() > TOKEN_MAX { Err(Failure::nonsense()) } else { Ok(self) }
    }
}

impl Bounded for Rooms {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_cursor(&self.cursor)?;
        self.rooms.iter_mut().for_each(bound_room);
        if self.rooms.len() > ROOMS_MAX + 1 {
            self.rooms.sort_by_key(|room| room.member.is_none()); // the user's rooms come first
            self.rooms.truncate(ROOMS_MAX + 1); // one too many, so that the user is notified
            self.rooms.shrink_to_fit();
        }
        Ok(self)
    }
}

impl Bounded for Room {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_room(&mut self);
        Ok(self)
    }
}

impl Bounded for MessagePage {
    fn bounded(mut self) -> Result<Self, Failure> {
        if self.messages.len() > PAGE_MAX as usize {
            return Err(Failure::nonsense());
        }
        self.messages.iter_mut().for_each(bound_message);
        shorten(&mut self.own_reactions, PAGE_MAX as usize * REACTIONS_MAX);
        self.own_reactions.iter_mut().for_each(|own| cut(&mut own.emoji, EMOJI_MAX, ""));
        Ok(self)
    }
}

impl Bounded for Mentions {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_page(self.mentions.len(), self.next.as_deref())?;
        for Mention { message, room } in &mut self.mentions {
            bound_message(message);
            bound_found_in(room);
        }
        Ok(self)
    }
}

impl Bounded for Member {
    fn bounded(mut self) -> Result<Self, Failure> {
        cut(&mut self.user.name, USER_NAME_MAX, "…");
        Ok(self)
    }
}

impl Bounded for Hits {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_page(self.hits.len(), self.next.as_deref())?;
        for Hit { message, room, ranges } in &mut self.hits {
            bound_message(message);
            bound_found_in(room);
            shorten(ranges, RANGES_MAX);
            ranges.retain(|&(start, end)| start < end && message.text.get(start..end).is_some());
        }
        Ok(self)
    }
}

impl Bounded for Members {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_page(self.members.len(), self.next.as_deref())?;
        self.members.iter_mut().for_each(|member| cut(&mut member.user.name, USER_NAME_MAX, "…"));
        Ok(self)
    }
}

impl Bounded for Bans {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_page(self.bans.len(), self.next.as_deref())?;
        for ban in &mut self.bans {
            bound_user(&mut ban.user);
            ban.by.iter_mut().for_each(bound_user);
            ban.reason.iter_mut().for_each(|reason| cut(reason, TOPIC_MAX, "…"));
        }
        Ok(self)
    }
}

impl Bounded for User {
    fn bounded(mut self) -> Result<Self, Failure> {
        cut(&mut self.name, USER_NAME_MAX, "…");
        Ok(self)
    }
}

impl Bounded for ServerInfo {
    fn bounded(mut self) -> Result<Self, Failure> {
        cut(&mut self.name, LABEL_MAX, "…");
        cut(&mut self.version, LABEL_MAX, "…");
        Ok(self)
    }
}

impl Bounded for CreatedInvite {
    fn bounded(self) -> Result<Self, Failure> {
        Ok(self)
    }
}

impl Bounded for Invites {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_page(self.invites.len(), self.next.as_deref())?;
        self.invites.iter_mut().filter_map(|invite| invite.created_by.as_mut()).for_each(bound_user);
        Ok(self)
    }
}

impl Bounded for Users {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_page(self.users.len(), self.next.as_deref())?;
        self.users.iter_mut().for_each(|user| cut(&mut user.name, USER_NAME_MAX, "…"));
        Ok(self)
    }
}

impl Bounded for Sessions {
    fn bounded(mut self) -> Result<Self, Failure> {
        shorten(&mut self.sessions, SESSIONS_MAX);
        for session in &mut self.sessions {
            cut(&mut session.client, LABEL_MAX, "…");
            session.label.iter_mut().for_each(|label| cut(label, LABEL_MAX, "…"));
        }
        Ok(self)
    }
}

impl Bounded for Message {
    fn bounded(mut self) -> Result<Self, Failure> {
        bound_message(&mut self);
        Ok(self)
    }
}

impl Bounded for Event {
    fn bounded(mut self) -> Result<Self, Failure> {
        match &mut self {
            Self::Hello(hello) => bound_cursor(&hello.cursor)?,
            Self::Reset(reset) => bound_cursor(&reset.cursor)?,
            Self::Activity(activity) => activity.rooms.truncate(ROOMS_MAX),
            Self::RoomCreated(event) => bound_info(&mut event.room),
            Self::RoomUpdated(event) => bound_info(&mut event.room),
            Self::MemberJoined(event) => {
                bound_info(&mut event.room);
                bound_user(&mut event.user);
                event.by.iter_mut().for_each(bound_user);
            }
            Self::MemberUpdated(event) => {
                bound_info(&mut event.room);
                bound_user(&mut event.user);
                event.by.iter_mut().for_each(bound_user);
            }
            Self::MemberLeft(event) => {
                bound_user(&mut event.user);
                event.by.iter_mut().for_each(bound_user);
            }
            Self::MessageCreated(event) => bound_message(&mut event.message),
            Self::MessageUpdated(event) => bound_message(&mut event.message),
            Self::Presence(event) => {
                shorten(&mut event.online, ONLINE_MAX);
                shorten(&mut event.offline, ONLINE_MAX);
            }
            Self::Bye(_)
            | Self::RoomDeleted(_)
            | Self::ReadUpdated(_)
            | Self::SettingsUpdated(_)
            | Self::BanUpdated(_)
            | Self::Typing(_) => {}
        }
        Ok(self)
    }
}

/// A problem within its bounds.
pub(super) fn problem(mut problem: Problem) -> Problem {
    for text in [&mut problem.type_uri, &mut problem.title, &mut problem.detail] {
        cut(text, DETAIL_MAX, "…");
    }
    problem.errors.truncate(ERRORS_MAX);
    for error in &mut problem.errors {
        cut(&mut error.field, DETAIL_MAX, "…");
        cut(&mut error.detail, DETAIL_MAX, "…");
    }
    problem
}

fn bound_page(items: usize, next: Option<&str>) -> Result<(), Failure> {
    let valid = items <= PAGE_MAX as usize && next.is_none_or(|next| next.len() <= NEXT_MAX);
    if valid { Ok(()) } else { Err(Failure::nonsense()) }
}

fn bound_found_in(room: &mut FoundIn) {
    cut(&mut room.name, ROOM_NAME_MAX, "…");
    room.peer.iter_mut().for_each(bound_user);
}

fn bound_cursor(cursor: &Cursor) -> Result<(), Failure> {
    if cursor.0.len() > CURSOR_MAX { Err(Failure::nonsense()) } else { Ok(()) }
}

fn bound_room(room: &mut Room) {
    bound_info(&mut room.info);
    room.peer.iter_mut().for_each(bound_user);
    room.last_message = None; // never shown
}

fn bound_info(info: &mut RoomInfo) {
    cut(&mut info.name, ROOM_NAME_MAX, "…");
    cut(&mut info.topic, TOPIC_MAX, "…");
}

fn bound_user(user: &mut UserRef) {
    cut(&mut user.name, USER_NAME_MAX, "…");
}

fn bound_message(message: &mut Message) {
    cut(&mut message.text, TEXT_MAX, CUT);
    bound_user(&mut message.sender);
    message.deleted_by.iter_mut().for_each(bound_user);
    message.txn.take_if(|txn| txn.len() > TXN_MAX);
    shorten(&mut message.mentions, MENTIONS_MAX);
    shorten(&mut message.reactions, REACTIONS_MAX);
    for reaction in &mut message.reactions {
        cut(&mut reaction.emoji, EMOJI_MAX, "");
        shorten(&mut reaction.users, REACTED_MAX);
    }
}

fn shorten<T>(list: &mut Vec<T>, most: usize) {
    if list.len() > most {
        list.truncate(most);
        list.shrink_to_fit();
    }
}

/// Cuts a text to `most` characters, appends `sign` and frees the memory of the rest.
fn cut(text: &mut String, most: usize, sign: &str) {
    if text.len() <= most {
        return;
    }
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push_str(sign);
        text.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use quchat_shared::{
        RoomId, Seq, Timestamp, UserId,
        event::{Hello, MessageCreated},
        message::Reaction,
        room::RoomKind,
    };

    use super::*;

    fn message(text: &str) -> Message {
        let sender = UserRef { id: UserId(1), name: "n".repeat(99_999) };
        let mut message = Message::new(RoomId(1), Seq(1), sender, text.to_owned(), Timestamp::from_millis(0));
        message.mentions = vec![UserId(1); 99_999];
        message.reactions =
            vec![Reaction { emoji: "👍".repeat(999), count: 9_999, users: vec![UserId(1); 9_999] }; 99];
        message
    }

    fn room(id: u64) -> Room {
        let info = RoomInfo {
            id: RoomId(id),
            rev: 1,
            name: "r".repeat(9_999),
            topic: "t".repeat(9_999),
            kind: RoomKind::Public,
            created_by: UserId(1),
            created_at: Timestamp::from_millis(0),
            last_seq: Seq(0),
            archived: false,
        };
        Room { info, member: None, unread: 0, mentions: 0, peer: None, banned: false, last_message: None }
    }

    #[test]
    fn a_text_at_the_limit_is_kept_and_a_longer_one_is_marked_as_cut() {
        let said = |text: &str| {
            let event = MessageCreated { room_id: RoomId(1), message: message(text) }.into();
            match Event::bounded(event) {
                Ok(Event::MessageCreated(event)) => event.message,
                other => panic!("{other:?}"),
            }
        };
        let longest = "👍".repeat(TEXT_MAX);
        assert_eq!(said(&longest).text, longest);
        let cut = said(&format!("{longest}!"));
        assert_eq!(cut.text, format!("{longest}{CUT}"));
        let bytes = |message: &Message| {
            let users: usize = message.reactions.iter().map(|r| r.emoji.capacity() + 8 * r.users.capacity()).sum();
            message.text.capacity() + message.sender.name.capacity() + 8 * message.mentions.capacity() + users
        };
        assert!(bytes(&cut) < 220_000, "{}", bytes(&cut));
        assert!(bytes(&said(&"x".repeat(900_000))) < 220_000);
    }

    #[test]
    fn a_list_that_is_too_long_keeps_the_rooms_that_the_user_is_in() {
        let mut rooms: Vec<_> = (0..ROOMS_MAX as u64 + 500).map(room).collect();
        rooms[0].last_message = Some(message("x"));
        let own = quchat_shared::room::Membership {
            role: quchat_shared::room::Role::Member,
            last_read_seq: Seq(0),
            notify: quchat_shared::room::Notify::default(),
        };
        rooms.last_mut().unwrap().member = Some(own);
        let listed = Rooms { rooms, cursor: Cursor("k-1".into()) }.bounded().unwrap();
        assert_eq!((listed.rooms.len(), listed.rooms[0].member), (ROOMS_MAX + 1, Some(own)));
        let room = &listed.rooms[1];
        assert!(room.info.name.capacity() + room.info.topic.capacity() < 1_000 && room.last_message.is_none());
    }

    #[test]
    fn a_page_or_position_that_is_too_long_is_refused() {
        let messages =
            vec![Message { mentions: Vec::new(), reactions: Vec::new(), ..message("x") }; PAGE_MAX as usize + 1];
        let page = MessagePage { messages, has_older: false, has_newer: false, own_reactions: Vec::new() };
        assert_eq!(page.bounded(), Err(Failure::nonsense()));
        let cursor = Cursor("k".repeat(CURSOR_MAX + 1));
        assert_eq!(Event::from(Hello { cursor, heartbeat_seconds: 15 }).bounded(), Err(Failure::nonsense()));
    }
}
