//! What is true: plain data, the same whichever terminal shows it.
//!
//! The model knows no terminal, no network, no disk, no thread, no clock and no randomness: the moment is
//! [`Model::now`], chance is [`Model::seed`], both handed in. Only `update` changes it; the view reads it.

mod account;
mod anchor;
mod backoff;
mod bounds;
mod dialog;
mod find;
mod focus;
mod inputs;
mod internal;
mod notice;
mod outbox;
mod quoted;
mod room;
mod sighted;
mod stored;
mod timeline;

use std::{collections::BTreeMap, sync::Arc};

pub use account::{Account, Field, Link, SignInForm, Storage};
pub use anchor::{Anchor, Entry, Key, Seen, window};
pub(crate) use bounds::{GAP_MAX, RunLimit};
pub use dialog::{CaughtUp, ComponentId, Dialog, DialogId, Question};
pub use find::Find;
pub use focus::focus;
pub use inputs::{InputHistory, SavedDraft};
pub(crate) use internal::{Alert, Burst, Call, Internal, SessionChange, TerminalTask, Watched};
pub(crate) use notice::Cause;
pub use notice::{Notice, Tone};
pub use outbox::{Draft, Pending, SendState};
pub(crate) use outbox::{NO_TICKET, OUTBOX_MAX, Pauses};
pub(crate) use quoted::Quoted;
pub use room::{Fetch, Marker, Room, Unfolded, Visit, Wanted};
pub(crate) use room::{PageWants, VISITS_KEPT};
pub(crate) use sighted::Sighted;
pub use stored::{Stored, StoredMessage};
pub use timeline::Timeline;
pub(crate) use timeline::{Offered, bytes, is_run};

pub use crate::api::Origin;

use jiff::tz::TimeZone;
use quchat_shared::{Cursor, Message, RoomId, Seq, UserId};

/// What takes longer than this says so.
pub const PATIENCE_MS: u64 = 200;
/// A server that leaves something unanswered for this long is said to be silent.
pub const SILENCE_MS: u64 = 5_000;

/// Stands for no room where a room is named: the composer writes there while none is open. Servers count from 1.
pub const NO_ROOM: RoomId = RoomId(0);

/// The moment at which a `Msg` is handled; the runtime sets [`Model::now`] before each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back; its zero is arbitrary. All deadlines are in it.
    pub mono_ms: u64,
    /// Milliseconds since the Unix epoch, as the machine believes; only ever shown, never compared.
    pub wall_ms: i64,
}

/// Everything the client knows.
#[derive(Debug)]
pub struct Model {
    /// The moment of the `Msg` being handled. Set by the runtime.
    pub now: Now,
    /// In which times are shown; read once at start.
    pub zone: TimeZone,
    /// Grows at sign-in, sign-out and change of server. The runtime tags calls and streams with it and
    /// drops what comes back under another one.
    pub epoch: u32,
    /// Who is signed in. `None` shows the sign-in form. Stays when a session ends by itself (401): the
    /// screen stays too, with [`Dialog::SignedOut`] over it.
    pub account: Option<Account>,
    /// The sign-in form, as far as it is not the form's own (cursor, the text being typed).
    pub sign_in: SignInForm,
    /// What the status line tells about the connection.
    pub link: Link,
    /// Whether drafts and outbox reach the disk.
    pub storage: Storage,
    /// Where the event stream is to be resumed: the position of the last event taken in.
    pub cursor: Option<Cursor>,
    /// The number of the stream that counts; events of another one are dropped.
    pub stream: Option<u64>,
    /// 96 random bits as text, drawn at start: with [`Model::txn_next`] it names sends, never twice.
    pub txn_prefix: String,
    /// The counter behind the prefix.
    pub txn_next: u64,
    /// The state of the jitter; seeded at start.
    pub seed: u64,
    /// The terminal has the focus. True until it says otherwise.
    pub term_focused: bool,
    /// The rooms one can see, by id, which is also by creation.
    pub rooms: BTreeMap<RoomId, Room>,
    /// The room on the screen.
    pub open: Option<RoomId>,
    /// The room that was on the screen before.
    pub last: Option<RoomId>,
    /// The side bar has the keys rather than the composer.
    pub in_side_bar: bool,
    /// No side bar and no frames beside the messages, so that a mouse marks nothing else.
    pub bare: bool,
    /// The wheel scrolls and a click opens a room; the terminal then marks no text with the mouse.
    pub mouse: bool,
    /// The name of the theme that frames are drawn in.
    pub theme: Arc<str>,
    /// The names of those that can be chosen.
    pub themes: Vec<Arc<str>>,
    /// The message that is chosen in the open room; it has the keys while it is at hand.
    pub selected: Option<Seq>,
    /// What is searched for in the open room; it has the keys.
    pub find: Option<Find>,
    /// Dialogs, the topmost last; it has the keys.
    pub dialogs: Vec<Dialog>,
    /// One line that goes by itself, above the composer or in the status line.
    pub notice: Option<Notice>,
    /// Rows of the history pane as last drawn: what a page is.
    pub page_rows: u16,
    /// What is typed while no room is open: a command. It is not kept on the disk.
    pub command: Draft,
    /// Frames and signs are drawn in ASCII.
    pub ascii: bool,
    /// What only `update` uses.
    pub(crate) internal: Internal,
}

impl Model {
    /// A client that has just been started, before anything is known; `Msg::Start` follows.
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
            dialogs: Vec::new(),
            notice: None,
            page_rows: 20,
            command: Draft::default(),
            ascii: false,
            internal: Internal { last_key: now.mono_ms, ..Internal::default() },
        }
    }

    /// The room on the screen.
    #[must_use]
    pub fn open_room(&self) -> Option<&Room> {
        self.rooms.get(&self.open?)
    }

    /// The room on the screen, to change it.
    pub(crate) fn open_room_mut(&mut self) -> Option<&mut Room> {
        self.rooms.get_mut(&self.open?)
    }

    /// Whether there is no session, or it has ended.
    pub(crate) fn is_signed_out(&self) -> bool {
        matches!(self.link, Link::SignedOut { .. })
    }

    /// The chosen message, if it is at hand.
    #[must_use]
    pub fn selection(&self) -> Option<&Arc<Message>> {
        let timeline = &self.open_room()?.timeline;
        timeline.messages.get(timeline.index(self.selected?)?)
    }

    /// Oneself.
    #[must_use]
    pub fn me(&self) -> Option<UserId> {
        self.account.as_ref().map(|account| account.user.id)
    }

    /// The rooms as the side bar lists them: joined ones by creation, then the others. Activity never moves one.
    pub fn ordered(&self) -> impl Iterator<Item = &Room> {
        let joined = self.rooms.values().filter(|room| room.joined());
        joined.chain(self.rooms.values().filter(|room| !room.joined()))
    }

    /// The nth joined room, counted from 1.
    pub(crate) fn nth_joined(&self, number: usize) -> Option<RoomId> {
        let mut joined = self.ordered().take_while(|room| room.joined());
        joined.nth(number.checked_sub(1)?).map(|room| room.info.id)
    }

    /// Messages written here that no server has acknowledged, refused ones included.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.rooms.values().map(|room| room.unsent().count()).sum()
    }

    /// Since when the oldest thing is awaited that somebody asked for and that no other sign tells of.
    pub(crate) fn working_since(&self) -> Option<u64> {
        self.internal.calls.values().filter(|(call, _)| call.is_asked_for()).map(|&(_, since)| since).min()
    }

    /// Since when the server owes an answer: to the oldest call, to the opening of the stream, or to a message whose last
    /// attempt was given up.
    pub(crate) fn unanswered_since(&self) -> Option<u64> {
        if !matches!(self.link, Link::Connected | Link::Connecting { .. }) {
            return None; // the line says something else
        }
        let internal = &self.internal;
        let calls = internal.calls.values().map(|&(_, since)| since).min();
        let waits = |id: &RoomId| self.rooms.get(id).is_some_and(|room| room.unsent().count() > room.refused().count());
        let gave_up = internal.gave_up.filter(|_| internal.busy.iter().any(waits));
        [calls, internal.dialled, gave_up].into_iter().flatten().min()
    }

    /// For how many seconds the server has left something unanswered, if it is long enough to say so.
    #[must_use]
    pub fn silent_for(&self) -> Option<u64> {
        let silent = self.now.mono_ms.saturating_sub(self.unanswered_since()?);
        (silent >= SILENCE_MS).then_some(silent / 1_000)
    }

    /// There is no stream, and still the server answers: messages go out.
    #[must_use]
    pub fn gets_through(&self) -> bool {
        self.internal.answered
    }

    /// What somebody asked for and has been waiting for, if it takes longer than [`PATIENCE_MS`].
    #[must_use]
    pub fn working(&self) -> Option<String> {
        let patience = self.now.mono_ms.checked_sub(PATIENCE_MS)?;
        let (call, _) = self.internal.calls.values().find(|(call, since)| call.is_asked_for() && *since <= patience)?;
        let name = |id: &RoomId| self.rooms.get(id).map_or("the room", |room| &room.info.name);
        Some(match call {
            Call::JoinRoom(room) => format!("joining {} …", name(room)),
            Call::LeaveRoom(room) => format!("leaving {} …", name(room)),
            _ => "creating the room …".to_owned(),
        })
    }

    /// What would be late or lost by going, with its room: unsent messages, and drafts where nothing is kept.
    pub fn at_stake(&self) -> impl Iterator<Item = (&Room, &str)> {
        let lost = matches!(self.storage, Storage::Elsewhere(_) | Storage::Failing(_));
        let unsent = self.rooms.values().flat_map(|room| room.unsent().map(move |pending| (room, &*pending.text)));
        let drafts = self.rooms.values().map(|room| (room, &*room.draft.text));
        unsent.chain(drafts.filter(move |(_, text)| lost && !text.trim().is_empty()))
    }
}
