//! A user's drafts, unacknowledged messages, input history and notify level: one file per room, in a directory that one
//! client locks.
//!
//! Owns the format of these files and the lock beside them. Other clients of the same user do not touch them.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use quchat_shared::{RoomId, Seq, User, room::Notify};
use serde::{Deserialize, Serialize};

use super::{StateDir, files, owner, recent_emoji::RecentEmoji, visits::Visits};
use crate::{
    api::Origin,
    model::{EditOf, EditTarget, Editing, SavedDraft, Stored, StoredMessage, Visit},
    update::NotKept,
};

/// The newest format. A file with a higher one was written by a later version of quchat.
const FORMAT: u32 = 2;
/// The format without edits. Files without edits keep it: a version that does not know edits would send them as
/// messages.
const FORMAT_WITHOUT_EDITS: u32 = 1;

/// A user's directory, locked for this client until it is dropped.
#[derive(Debug)]
pub struct DraftStore {
    rooms: PathBuf,
    visits: Visits,
    recent_emoji: RecentEmoji,
    /// See [`Found::former`].
    former: Option<PathBuf>,
    /// Held, never read: the system releases it even after a `kill -9`.
    _lock: File,
    /// Rooms whose files a later version wrote; these files are not changed.
    later: BTreeSet<RoomId>,
}

/// What the directory contained when it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The stored rooms, ordered by id.
    pub rooms: Vec<Stored>,
    /// The visited rooms, latest first.
    pub visits: Vec<Visit>,
    /// The emoji of the latest reactions, latest first.
    pub emoji: Vec<Arc<str>>,
    /// The new paths of files that could not be read.
    pub set_aside: Vec<PathBuf>,
    /// The new path of files that another user with the same id left. They are neither shown nor sent.
    pub former: Option<PathBuf>,
}

impl DraftStore {
    /// Opens and locks the directory of a user. Moves aside files that belong to another user.
    ///
    /// # Errors
    /// Another client holds the lock, or the disk fails.
    pub fn open(state_dir: &StateDir, origin: &Origin, user: &User) -> Result<Self, NotKept> {
        let dir = state_dir.user(origin, user.id);
        let rooms = dir.join("rooms");
        let lock = files::create_dir(&rooms)
            .and_then(|()| {
                files::open_own(&dir.join(owner::LOCK), OpenOptions::new().write(true).create(true).truncate(false))
            })
            .map_err(|error| refused(&dir.join(owner::LOCK), &error))?;
        match lock.try_lock() {
            Ok(()) => {
                let former =
                    owner::claim(&dir, &rooms, user).map_err(|error| refused(&dir.join(owner::WHO), &error))?;
                let (visits, recent_emoji) = (Visits::new(&dir), RecentEmoji::new(&dir));
                Ok(Self { rooms, visits, recent_emoji, former, _lock: lock, later: BTreeSet::new() })
            }
            Err(TryLockError::WouldBlock) => Err(NotKept::Elsewhere),
            Err(TryLockError::Error(error)) => Err(refused(&dir, &error)),
        }
    }

    /// Reads everything stored. An invalid file is set aside, never deleted, and does not hide the others. A file of a
    /// later version is left alone, and this client saves nothing for its room.
    ///
    /// # Errors
    /// The directory cannot be listed or a file cannot be read. A retry may succeed.
    pub fn read(&mut self) -> Result<Found, NotKept> {
        let mut found = Found {
            rooms: Vec::new(),
            visits: self.visits.read(),
            emoji: self.recent_emoji.read(),
            set_aside: Vec::new(),
            former: self.former.clone(),
        };
        let entries = fs::read_dir(&self.rooms).map_err(|error| refused(&self.rooms, &error))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == files::UNFINISHED) {
                files::remove(&path).ok(); // killed before the rename: the complete file is still there
                continue;
            }
            let Some(room) = room_of(&path) else { continue };
            let bytes = match files::read(&path) {
                Ok(bytes) => bytes.unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Vec::new(), // not written by quchat
                Err(error) => return Err(refused(&path, &error)),
            };
            match decode(room, &bytes) {
                Ok(stored) => found.rooms.push(stored),
                Err(_) if is_later(&bytes) => drop(self.later.insert(room)),
                Err(_) => found.set_aside.push(files::set_aside(&path).unwrap_or(path)),
            }
        }
        found.rooms.sort_by_key(|stored| stored.room);
        Ok(found)
    }

    /// Stores the visited rooms, latest first.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_visits(&self, visits: &[Visit]) -> io::Result<()> {
        self.visits.write(visits)
    }

    /// Stores the emoji of the latest reactions, latest first.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_emoji(&self, emoji: &[Arc<str>]) -> io::Result<()> {
        self.recent_emoji.write(emoji)
    }

    /// Replaces what is stored for a room. If there is nothing to store, deletes the file.
    ///
    /// # Errors
    /// The file cannot be written: one sentence.
    pub fn save(&self, stored: &Stored) -> Result<(), String> {
        let path = self.rooms.join(format!("{}.json", stored.room));
        if self.later.contains(&stored.room) {
            return Err(format!("{}: written by a later version of quchat", path.display()));
        }
        let done = if stored.is_empty() {
            files::remove(&path)
        } else {
            encode(stored).and_then(|bytes| files::replace(&path, &bytes))
        };
        done.map_err(|error| sentence(&path, &error))
    }
}

#[derive(Serialize, Deserialize)]
struct RoomFile<'a> {
    format: u32,
    room: RoomId,
    #[serde(borrow)]
    draft: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    editing: Option<EditingEntry<'a>>,
    outbox: Vec<MessageEntry<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notify: Option<Notify>,
}

/// The message that the draft changes: one of the room, or else one that is not sent yet. And the draft before.
#[derive(Serialize, Deserialize)]
struct EditingEntry<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seq: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rev: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    txn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    former: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
}

#[derive(Serialize, Deserialize)]
struct MessageEntry<'a> {
    #[serde(borrow)]
    txn: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
    /// The message whose text it changes, and the revision that the user saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edits: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rev: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    changed: bool,
    written_ms: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    refused: Option<Cow<'a, str>>,
}

impl<'a> From<&'a StoredMessage> for MessageEntry<'a> {
    fn from(kept: &'a StoredMessage) -> Self {
        let refused = kept.refused.as_deref().map(Cow::from);
        let (txn, text) = ((&*kept.txn).into(), (&*kept.text).into());
        let (edits, rev) = (kept.edit.map(|edit| edit.seq), kept.edit.and_then(|edit| edit.rev));
        let (reply_to, changed, written_ms) = (kept.reply_to, kept.changed, kept.written_ms);
        Self { txn, text, reply_to, edits, rev, changed, written_ms, refused }
    }
}

impl<'a> From<&'a Editing> for EditingEntry<'a> {
    fn from(editing: &'a Editing) -> Self {
        let (seq, rev, txn) = match &editing.target {
            EditTarget::Message(edit) => (Some(edit.seq), edit.rev, None),
            EditTarget::Unsent(txn) => (None, None, Some((&**txn).into())),
        };
        Self { seq, rev, txn, former: (&*editing.former.text).into(), reply_to: editing.former.reply_to }
    }
}

impl EditingEntry<'_> {
    /// `None` if it names no message.
    fn decode(&self) -> Option<Editing> {
        let target = match (self.seq, &self.txn) {
            (Some(seq), _) => EditTarget::Message(EditOf { seq, rev: self.rev }),
            (None, Some(txn)) => EditTarget::Unsent((&**txn).into()),
            (None, None) => return None,
        };
        let former = SavedDraft { text: (&*self.former).into(), reply_to: self.reply_to };
        Some(Editing { target, former })
    }
}

fn encode(stored: &Stored) -> io::Result<Vec<u8>> {
    let has_edits = stored.editing.is_some() || stored.outbox.iter().any(|kept| kept.edit.is_some() || kept.changed);
    let file = RoomFile {
        format: if has_edits { FORMAT } else { FORMAT_WITHOUT_EDITS },
        room: stored.room,
        draft: (&*stored.draft).into(),
        reply_to: stored.reply_to,
        editing: stored.editing.as_ref().map(EditingEntry::from),
        outbox: stored.outbox.iter().map(MessageEntry::from).collect(),
        inputs: stored.inputs.iter().map(|input| Cow::from(&**input)).collect(),
        notify: stored.notify,
    };
    Ok(serde_json::to_vec(&file)?)
}

fn decode(room: RoomId, bytes: &[u8]) -> io::Result<Stored> {
    let file: RoomFile<'_> = serde_json::from_slice(bytes)?;
    let fits = (FORMAT_WITHOUT_EDITS..=FORMAT).contains(&file.format) && file.room == room;
    if !fits || file.outbox.iter().any(|entry| quchat_shared::limits::txn(&entry.txn).is_err()) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let kept = |entry: &MessageEntry<'_>| StoredMessage {
        txn: (&*entry.txn).into(),
        text: (&*entry.text).into(),
        reply_to: entry.reply_to,
        edit: entry.edits.map(|seq| EditOf { seq, rev: entry.rev }),
        changed: entry.changed,
        written_ms: entry.written_ms,
        refused: entry.refused.as_deref().map(Arc::from),
    };
    Ok(Stored {
        room,
        draft: (&*file.draft).into(),
        reply_to: file.reply_to,
        editing: file.editing.as_ref().and_then(EditingEntry::decode),
        outbox: file.outbox.iter().map(kept).collect(),
        inputs: file.inputs.iter().map(|input| Arc::from(&**input)).collect(),
        notify: file.notify,
    })
}

/// Whether a later version of quchat wrote this.
fn is_later(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    serde_json::from_slice::<Versioned>(bytes).is_ok_and(|file| file.format > FORMAT)
}

fn room_of(path: &Path) -> Option<RoomId> {
    path.file_name()?.to_str()?.strip_suffix(".json")?.parse().ok()
}

fn refused(path: &Path, error: &io::Error) -> NotKept {
    NotKept::Failing(sentence(path, error))
}

fn sentence(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests;
