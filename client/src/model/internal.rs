//! State that only `update` uses. No component draws it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quchat_shared::{
    InviteId, RoomId, Seq, SessionId, UserId, UserRef,
    api::RoomChange,
    event::{ByeReason, ResetReason},
    query::SearchMessages,
    room::Notify,
    user::Session,
};

use super::{Address, Cause, Intent, PersonAction, Seen, Server, Stored, Visit};

#[derive(Debug, Default)]
pub(crate) struct Internal {
    /// The last number given to a call, stream or save.
    pub(crate) numbers: u64,
    /// Pending calls, and when each was made.
    pub(crate) calls: BTreeMap<u64, (Call, u64)>,
    /// Pending saves.
    pub(crate) saves: BTreeMap<u64, RoomId>,
    /// Rooms that may wait for a deadline: of a save, a send or a read marker.
    pub(crate) busy: BTreeSet<RoomId>,
    /// Saves of rooms that were removed from the model, with their tickets.
    pub(crate) last_saves: Vec<(u64, Stored)>,
    /// Stored data of rooms that the user cannot see yet, or no longer.
    pub(crate) unplaced: BTreeMap<RoomId, Stored>,
    /// What the last frame showed of the open room.
    pub(crate) seen: Option<Seen>,
    /// Messages that are on the screen but do not count as seen yet.
    pub(crate) watched: Watched,
    /// The newest message of the open room when the terminal lost the focus.
    pub(crate) left_at: Option<(RoomId, Seq)>,
    /// Until when Ctrl+C quits.
    pub(crate) quit_armed_until: Option<u64>,
    /// After a command that was sent while no room was open: until when another Enter counts as part of it.
    pub(crate) command_sent_until: Option<u64>,
    /// The last key was a Ctrl+D on an empty input.
    pub(crate) after_end_of_input: bool,
    /// When the user last typed.
    pub(crate) typed_at: Option<u64>,
    /// When the password dialog opens; not while the user is typing.
    pub(crate) password_due: Option<u64>,
    /// Bytes that newer copies of messages have added since the limits on rooms were last enforced.
    pub(crate) grown: usize,
    /// Counts the events that make rooms unread.
    pub(crate) arrivals: u64,
    /// Counts visits of rooms.
    pub(crate) visits: u64,
    /// The rooms visited before this client started, latest last.
    pub(crate) visited: Vec<RoomId>,
    /// Visited rooms that the server did not list.
    pub(crate) absent: Vec<Visit>,
    /// The visited rooms have changed since they were last saved.
    pub(crate) visits_changed: bool,
    /// Close the stream in this step.
    pub(crate) hang_up: bool,
    /// Make new connections in this step.
    pub(crate) redial: bool,
    /// The runtime switches to another user, or to none.
    pub(crate) session_change: Option<SessionChange>,
    /// The address as typed of the server that was last asked who may register there.
    pub(crate) looked_at: Option<String>,
    /// A server whose key the user has just trusted.
    pub(crate) trusted: Option<Server>,
    pub(crate) terminal_task: Option<TerminalTask>,
    /// Enough history was dropped to return memory to the system.
    pub(crate) give_back: bool,
    /// Attempts to connect that failed in a row.
    pub(crate) link_failures: u32,
    /// When the stream last said hello.
    pub(crate) connected_at: u64,
    /// The reason the server gave for ending the stream.
    pub(crate) bye: Option<ByeReason>,
    /// When the user was last certainly at the keyboard.
    pub(crate) last_key: u64,
    /// The terminal reports focus changes: it has reported one.
    pub(crate) tells_focus: bool,
    /// The notification to show after this step.
    pub(crate) alert: Option<Alert>,
    /// Notifications that follow each other closely and count as one.
    pub(crate) burst: Option<Burst>,
    /// Why the stream was reset. The next list of rooms replaces the present state, which is stale.
    pub(crate) stale: Option<ResetReason>,
    /// When opening the stream began.
    pub(crate) dialled: Option<u64>,
    /// When the oldest send began that ended without an answer. Nothing has come from the server since.
    pub(crate) gave_up: Option<u64>,
    /// When the user last asked to reconnect.
    pub(crate) redialled: Option<u64>,
    /// The server has answered a call since the stream was lost.
    pub(crate) answered: bool,
    /// When the last attempt to connect failed.
    pub(crate) lost_at: u64,
    /// The server set the time of the next attempt.
    pub(crate) wait_asked: bool,
    /// Rooms that the user joined while the connection was lost. They are joined when it is back.
    pub(crate) joins_lost: BTreeSet<RoomId>,
    /// The rooms known when the list was requested. Only these can be missing from it because they are gone.
    pub(crate) listed: BTreeSet<RoomId>,
    /// The current stream has said hello.
    pub(crate) greeted: bool,
    /// The stream was reset, and no connection has lasted since.
    pub(crate) was_reset: bool,
    /// What the notice is about; `None` if only its time ends it.
    pub(crate) cause: Option<Cause>,
    /// [`super::Model::recent_emoji`] has changed since it was last saved.
    pub(crate) emoji_changed: bool,
    /// The user was told that not all rooms are shown.
    pub(crate) told_of_rooms: bool,
    /// Rooms whose number of mentions is in doubt.
    pub(crate) recounts: BTreeSet<RoomId>,
    /// None of them is asked for before this.
    pub(crate) recount_not_before: u64,
    /// When to ask who is in the open room. Not at once, because the user may only be passing through.
    pub(crate) participants_due: Option<u64>,
    /// Other users of direct rooms of whom it must be asked whether they are online.
    pub(crate) unmet: BTreeSet<UserId>,
    /// Rooms whose notify level must be sent to the server.
    pub(crate) unset: BTreeSet<RoomId>,
    /// What the user is typing, to tell others.
    pub(crate) typing: OwnTyping,
}

/// The user's own typing.
#[derive(Debug, Default)]
pub(crate) struct OwnTyping {
    /// The room, and since when the user has been typing there without a long pause.
    pub(crate) begun: Option<(RoomId, u64)>,
    /// When the text changed last.
    pub(crate) last: u64,
    /// Others must be told in this step.
    pub(crate) due: bool,
    /// When others were told last.
    pub(crate) told: Option<u64>,
}

/// The messages of the open room that the user is looking at.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// The first and the last message on the screen.
    pub(crate) range: Option<(Seq, Seq)>,
    /// Those that do not count as seen yet, and since when each has been visible without interruption.
    pub(crate) since: BTreeMap<Seq, u64>,
}

/// A change of the session that the runtime uses.
#[derive(Debug)]
pub(crate) enum SessionChange {
    Enter { server: Server, session: Session },
    SignOut,
}

/// Something to do with the terminal, after all due saves.
#[derive(Debug)]
pub(crate) enum TerminalTask {
    Redraw,
    Suspend,
    Copy(String),
    /// Open the draft of this room in the editor.
    OpenEditor(RoomId),
    Exit(i32),
}

/// A notification to show.
#[derive(Debug)]
pub(crate) struct Alert {
    pub(crate) room: RoomId,
    pub(crate) title: String,
    pub(crate) body: String,
    /// How many earlier notifications it replaces.
    pub(crate) more: u64,
}

/// When a burst began, and when its last notification came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burst {
    pub(crate) begun: u64,
    pub(crate) last: u64,
}

/// A pending call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    SignIn {
        server: Server,
        /// It registers the user first.
        register: bool,
    },
    /// Finds out what answers at this address.
    Knock {
        address: Address,
        intent: Intent,
    },
    /// Who may register at the server of this address, as typed.
    GetServer(String),
    /// The user's own account as it is now.
    GetMe,
    ListRooms,
    CreateRoom,
    JoinRoom(RoomId),
    GetRoom(RoomId),
    LeaveRoom(RoomId),
    ListMessages(RoomId),
    SendMessage(RoomId, Arc<str>),
    EditMessage(RoomId, Arc<str>),
    DeleteMessage(RoomId, Seq),
    React(RoomId),
    MarkRead(RoomId, Seq),
    Quote(RoomId, Seq),
    CountMentions(RoomId),
    /// The page after this one; the first if `None`.
    ListMentions(Option<String>),
    SearchMessages(SearchMessages),
    /// Looks up this name for [`Call::SearchMessages`].
    FindSender(String),
    /// The next page of a search in one room, beyond the loaded messages.
    FindFurther(SearchMessages),
    /// The user of this name, to do this with them.
    FindUser(String, PersonAction),
    /// The direct room with this user, to send this text there.
    OpenDirectRoom(UserRef, Option<Arc<str>>),
    /// What [`PersonAction`] says, except sending a message.
    ChangeMember(UserRef, PersonAction),
    UpdateRoom(RoomId, RoomChange),
    DeleteRoom(RoomId),
    SetNotify(RoomId, Notify),
    /// The page of members on the screen.
    ListMembers(RoomId),
    /// The page of bans on the screen.
    ListBans(RoomId),
    /// Who is in a room, for its presence.
    MeetMembers(RoomId),
    /// Who of the users of direct rooms is online.
    MeetPeers,
    /// Users by the start of their name, for the switcher and for completion.
    LookUp(Arc<str>),
    NotifyTyping,
    ListSessions,
    EndSession(SessionId),
    ChangePassword,
    /// The page of users on the screen.
    ListUsers,
    CreateInvite,
    /// The page of invites on the screen.
    ListInvites,
    DeleteInvite(InviteId),
}

impl Call {
    /// Whether it is part of an attempt to sign in or to register.
    pub(crate) fn is_sign_in(&self) -> bool {
        match self {
            Self::Knock { intent, .. } => !matches!(intent, Intent::Look(_)),
            call => matches!(call, Self::SignIn { .. }),
        }
    }

    /// Whether it only finds out who may register at a server.
    pub(crate) fn is_look(&self) -> bool {
        matches!(self, Self::GetServer(_) | Self::Knock { intent: Intent::Look(_), .. })
    }

    /// Whether the user asked for it and only the status line shows that it is pending.
    pub(crate) fn is_asked_for(&self) -> bool {
        matches!(
            self,
            Self::CreateRoom
                | Self::JoinRoom(_)
                | Self::LeaveRoom(_)
                | Self::DeleteMessage(..)
                | Self::FindUser(..)
                | Self::OpenDirectRoom(..)
                | Self::ChangeMember(..)
                | Self::UpdateRoom(..)
                | Self::DeleteRoom(_)
                | Self::CreateInvite
        )
    }
}

impl Internal {
    /// Whether a request of the user to join this room has no answer yet.
    pub(crate) fn is_joining(&self, room: RoomId) -> bool {
        self.joins_lost.contains(&room) || self.awaits(|call| *call == Call::JoinRoom(room))
    }

    /// Whether such a call is pending.
    pub(crate) fn awaits(&self, wanted: impl Fn(&Call) -> bool) -> bool {
        self.calls.values().any(|(call, _)| wanted(call))
    }

    /// A new number for a call, stream or save.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
