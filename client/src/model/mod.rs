//! The state of the client: plain data that does not depend on the terminal.
//!
//! The model uses no terminal, network, disk, threads, clock or randomness. The time is [`Model::now`] and randomness
//! comes from [`Model::seed`]; both are passed in. Only `update` changes the model; the view reads it.

mod account;
mod anchor;
mod approach;
mod backoff;
mod bounds;
mod destination;
mod dialog;
mod editing;
mod find;
mod focus;
mod governing;
mod inputs;
mod internal;
mod listing;
mod mention;
mod notice;
mod outbox;
mod paged;
mod participants;
mod people;
mod places;
mod quoted;
mod reactions;
mod rights;
mod room;
mod search;
mod sighted;
mod stored;
mod timeline;

use std::{collections::BTreeMap, sync::Arc};

pub use account::{Account, Field, Link, SignInForm, Storage};
pub use anchor::{Anchor, Entry, Key, Seen, window};
pub use approach::{Approach, Intent};
pub(crate) use bounds::{GAP_MAX, RunLimit};
pub(crate) use destination::Position;
pub use dialog::{CaughtUp, ComponentId, Dialog, DialogId, Question};
pub use editing::{EditOf, EditTarget, Editing};
pub use find::{Find, Further};
pub use focus::focus;
pub use governing::{FreshInvite, InviteList, UserList};
pub use inputs::{InputHistory, SavedDraft};
pub(crate) use internal::{Alert, Burst, Call, Internal, OwnTyping, SessionChange, TerminalTask, Watched};
pub(crate) use listing::is_earlier;
pub use listing::{Listing, Place, place};
pub use mention::mentions;
pub(crate) use notice::Cause;
pub use notice::{Notice, Tone};
pub use outbox::{Draft, Pending, SendState};
pub(crate) use outbox::{NO_TICKET, OUTBOX_MAX, Pauses};
pub use paged::Paged;
pub(crate) use participants::PRESENCE_MAX;
pub use participants::Participants;
pub use people::{BanList, LookUp, PasswordForm, People, PersonAction, SessionList};
pub use places::{Places, Visited};
pub(crate) use quoted::Quoted;
pub(crate) use reactions::Reactions;
pub use reactions::ShownReaction;
pub use rights::Rank;
pub use room::{Fetch, Marker, Room, Unfolded, Visit, Wanted};
pub(crate) use room::{PageWants, VISITS_KEPT};
pub use search::{Asked, Search};
pub(crate) use sighted::Sighted;
pub use stored::{Stored, StoredMessage};
pub use timeline::Timeline;
pub(crate) use timeline::{Offered, bytes, is_run};

pub use crate::api::{Address, Contact, Origin, Reached, Server};

use jiff::tz::TimeZone;
use quchat_shared::{Cursor, Message, RoomId, Seq, UserId, api::Hit};

/// Waits longer than this are shown to the user.
pub const PATIENCE_MS: u64 = 200;
/// A server that leaves a request unanswered for this long is shown as silent.
pub const SILENCE_MS: u64 = 5_000;

/// The id that the composer uses while no room is open. Servers count from 1.
pub const NO_ROOM: RoomId = RoomId(0);

/// The time at which a `Msg` is handled. The runtime sets [`Model::now`] before each one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a monotonic clock with an arbitrary zero. All deadlines use it.
    pub mono_ms: u64,
    /// Milliseconds since the Unix epoch according to the system clock; only shown, never compared.
    pub wall_ms: i64,
}

/// The whole state of the client.
#[derive(Debug)]
pub struct Model {
    /// The time of the `Msg` being handled. Set by the runtime.
    pub now: Now,
    /// The time zone of displayed times; read once at start.
    pub zone: TimeZone,
    /// Increases at sign-in, sign-out and change of server. The runtime tags calls and streams with it and drops
    /// replies that carry another one.
    pub epoch: u32,
    /// Who is signed in. `None` shows the sign-in form. If the server ends the session (401), the account and the
    /// screen stay, with [`Dialog::SignedOut`] on top.
    pub account: Option<Account>,
    /// The sign-in form, except what its component owns (the cursor and the text being typed).
    pub sign_in: SignInForm,
    /// The state of the connection.
    pub link: Link,
    /// Whether drafts and outbox reach the disk.
    pub storage: Storage,
    /// Where the event stream resumes: the position of the last event handled.
    pub cursor: Option<Cursor>,
    /// The number of the current stream. Events of other streams are dropped.
    pub stream: Option<u64>,
    /// 96 random bits as text, drawn at start. Together with [`Model::txn_next`] it gives each send a unique id.
    pub txn_prefix: String,
    /// The counter that follows the prefix.
    pub txn_next: u64,
    /// The state of the random numbers for jitter; seeded at start.
    pub seed: u64,
    /// The terminal has the focus. True until it reports otherwise.
    pub term_focused: bool,
    /// The rooms that the user can see, by id, which is the order of creation.
    pub rooms: BTreeMap<RoomId, Room>,
    /// The room on the screen.
    pub open: Option<RoomId>,
    /// The room that was on the screen before.
    pub last: Option<RoomId>,
    /// The side bar has the focus instead of the composer.
    pub in_side_bar: bool,
    /// Hides the side bar and the frames beside the messages, so that a mouse selection contains only messages.
    pub bare: bool,
    /// The wheel scrolls and a click opens a room. The terminal then does not select text with the mouse.
    pub mouse: bool,
    /// The name of the current theme.
    pub theme: Arc<str>,
    /// The names of the available themes.
    pub themes: Vec<Arc<str>>,
    /// The selected message of the open room. It has the focus while it is loaded.
    pub selected: Option<Seq>,
    /// The search in the open room; it has the focus.
    pub find: Option<Find>,
    /// The search in all rooms.
    pub search: Search,
    /// The message that the user jumped to. It stands out until Esc, and so do the words found in it.
    pub spotlight: Option<Arc<Hit>>,
    /// Where the user was before each jump.
    pub places: Places,
    /// Dialogs, the topmost last. The topmost has the focus.
    pub dialogs: Vec<Dialog>,
    /// One line that disappears by itself, above the composer or in the status line.
    pub notice: Option<Notice>,
    /// Rows of the history pane as last drawn; one page scrolls by them.
    pub page_rows: u16,
    /// The command typed while no room is open. It is not saved on disk.
    pub command: Draft,
    /// The emoji of the latest reactions, latest first.
    pub recent_emoji: Vec<Arc<str>>,
    /// Frames and symbols are drawn in ASCII.
    pub ascii: bool,
    /// The users that the server found by the start of their name.
    pub look_up: LookUp,
    /// State that only `update` uses.
    pub(crate) internal: Internal,
}

impl Model {
    /// The state before `Msg::Start`.
    ///
    /// `txn_prefix` is 96 random bits as printable ASCII without spaces (at most 43 characters), `seed` any number.
    #[must_use]
    pub fn new(now: Now, zone: TimeZone, txn_prefix: String, seed: u64) -> Self {
        Self {
            now,
            zone,
            epoch: 0,
            account: None,
            sign_in: SignInForm::default(),
            link: Link::SignedOut { reason: None },
            storage: Storage::Opening,
            cursor: None,
            stream: None,
            txn_prefix,
            txn_next: 1,
            seed,
            term_focused: true,
            rooms: BTreeMap::new(),
            open: None,
            last: None,
            in_side_bar: false,
            bare: false,
            mouse: false,
            theme: "".into(),
            themes: Vec::new(),
            selected: None,
            find: None,
            search: Search::default(),
            spotlight: None,
            places: Places::default(),
            dialogs: Vec::new(),
            notice: None,
            page_rows: 20,
            command: Draft::default(),
            recent_emoji: Vec::new(),
            ascii: false,
            look_up: LookUp::default(),
            internal: Internal { last_key: now.mono_ms, ..Internal::default() },
        }
    }

    /// The room on the screen.
    #[must_use]
    pub fn open_room(&self) -> Option<&Room> {
        self.rooms.get(&self.open?)
    }

    /// The room on the screen, mutable.
    pub(crate) fn open_room_mut(&mut self) -> Option<&mut Room> {
        self.rooms.get_mut(&self.open?)
    }

    /// Whether there is no session, or it has ended.
    pub(crate) fn is_signed_out(&self) -> bool {
        matches!(self.link, Link::SignedOut { .. })
    }

    /// The selected message, if it is loaded.
    #[must_use]
    pub fn selection(&self) -> Option<&Arc<Message>> {
        let timeline = &self.open_room()?.timeline;
        timeline.messages.get(timeline.index(self.selected?)?)
    }

    /// The user of this client.
    #[must_use]
    pub fn me(&self) -> Option<UserId> {
        self.account.as_ref().map(|account| account.user.id)
    }

    /// The rooms as the side bar lists them: joined ones by creation, then direct ones, then the others. Activity never
    /// moves a room.
    pub fn ordered(&self) -> impl Iterator<Item = &Room> {
        let joined = self.rooms.values().filter(|room| room.joined() && !room.is_direct());
        let direct = self.rooms.values().filter(|room| room.joined() && room.is_direct());
        joined.chain(direct).chain(self.rooms.values().filter(|room| !room.joined()))
    }

    /// The nth joined room, counted from 1.
    pub(crate) fn nth_joined(&self, number: usize) -> Option<RoomId> {
        let mut joined = self.ordered().take_while(|room| room.joined());
        joined.nth(number.checked_sub(1)?).map(|room| room.info.id)
    }

    /// The number of messages written here that no server has acknowledged, including refused ones.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.rooms.values().map(|room| room.unsent().count()).sum()
    }

    /// When the oldest pending call began that the user asked for and that only the status line shows.
    pub(crate) fn working_since(&self) -> Option<u64> {
        self.internal.calls.values().filter(|(call, _)| call.is_asked_for()).map(|&(_, since)| since).min()
    }

    /// Since when the server owes an answer: to the oldest call, to the opening of the stream, or to a message whose
    /// last attempt was given up.
    pub(crate) fn unanswered_since(&self) -> Option<u64> {
        if !matches!(self.link, Link::Connected | Link::Connecting { .. }) {
            return None; // the status line shows something else
        }
        let internal = &self.internal;
        let calls = internal.calls.values().map(|&(_, since)| since).min();
        let waits = |id: &RoomId| self.rooms.get(id).is_some_and(|room| room.unsent().count() > room.refused().count());
        let gave_up = internal.gave_up.filter(|_| internal.busy.iter().any(waits));
        [calls, internal.dialled, gave_up].into_iter().flatten().min()
    }

    /// For how many seconds the server has left something unanswered; `None` below [`SILENCE_MS`].
    #[must_use]
    pub fn silent_for(&self) -> Option<u64> {
        let silent = self.now.mono_ms.saturating_sub(self.unanswered_since()?);
        (silent >= SILENCE_MS).then_some(silent / 1_000)
    }

    /// Whether the server answers calls although there is no stream, so that messages are sent.
    #[must_use]
    pub fn gets_through(&self) -> bool {
        self.internal.answered
    }

    /// Describes a call that the user asked for and that takes longer than [`PATIENCE_MS`].
    #[must_use]
    pub fn working(&self) -> Option<String> {
        let patience = self.now.mono_ms.checked_sub(PATIENCE_MS)?;
        let (call, _) = self.internal.calls.values().find(|(call, since)| call.is_asked_for() && *since <= patience)?;
        let name = |id: &RoomId| self.rooms.get(id).map_or_else(|| "the room".to_owned(), Room::name_with_sign);
        Some(match call {
            Call::JoinRoom(room) => format!("joining {} …", name(room)),
            Call::LeaveRoom(room) => format!("leaving {} …", name(room)),
            Call::DeleteMessage(..) => "deleting the message …".to_owned(),
            Call::FindUser(name, _) => format!("looking for {name} …"),
            Call::OpenDirectRoom(user, _) => format!("opening the room with {} …", user.name),
            Call::ChangeMember(user, _) => format!("{}: one moment …", user.name),
            Call::UpdateRoom(room, _) => format!("changing {} …", name(room)),
            Call::DeleteRoom(room) => format!("deleting {} …", name(room)),
            Call::CreateInvite => "creating the invite …".to_owned(),
            _ => "creating the room …".to_owned(),
        })
    }

    /// What would be delayed or lost by quitting, with its room: unsent messages, and drafts if they cannot be saved.
    pub fn at_stake(&self) -> impl Iterator<Item = (&Room, &str)> {
        let lost = matches!(self.storage, Storage::Elsewhere(_) | Storage::Failing(_));
        let unsent = self.rooms.values().flat_map(|room| room.unsent().map(move |pending| (room, &*pending.text)));
        let drafts = self.rooms.values().map(|room| (room, &*room.draft.text));
        unsent.chain(drafts.filter(move |(_, text)| lost && !text.trim().is_empty()))
    }
}
