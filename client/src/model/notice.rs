//! The notice: one line that disappears after a while, or as soon as it is no longer true.

use std::sync::Arc;

use quchat_shared::RoomId;

use super::Model;

/// How long a calm notice is shown, in milliseconds.
const CALM_MS: u64 = 3_000;
/// How long an error is shown, in milliseconds.
const ERROR_MS: u64 = 8_000;

/// A line that disappears by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Plain text. It may come from the server, so it is not trusted.
    pub text: String,
    pub tone: Tone,
    /// When it disappears, in [`super::Now::mono_ms`].
    pub until: u64,
}

/// The severity of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Calm,
    /// Something failed.
    Error,
}

/// What a notice is about. The notice disappears when its cause is over, even before its time.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    /// The draft of this room has this text.
    Draft(RoomId, Arc<str>),
    /// No room is open and the command input has this text.
    Command(Arc<str>),
    /// This room is open.
    Open(RoomId),
    /// The user is not in this room.
    Outside(RoomId),
    /// Ctrl+C was pressed once.
    QuitArmed,
    /// Messages were refused.
    Refused,
    /// The session has ended.
    SignedOut,
    /// The list of rooms has not arrived yet.
    Unlisted,
}

impl Model {
    /// Shows a notice in place of the current one.
    pub(crate) fn show_notice(&mut self, tone: Tone, text: &str) {
        let shown_ms = match tone {
            Tone::Calm => CALM_MS,
            Tone::Error => ERROR_MS,
        };
        self.internal.cause = None;
        self.notice = Some(Notice { text: text.to_owned(), tone, until: self.now.mono_ms.saturating_add(shown_ms) });
    }

    /// Shows a notice that disappears as soon as its cause is over.
    pub(crate) fn show_notice_while(&mut self, cause: Cause, tone: Tone, text: &str) {
        self.show_notice(tone, text);
        self.internal.cause = Some(cause);
    }

    /// Removes a notice whose time or cause is over.
    pub(crate) fn end_notice(&mut self) {
        let over = self.notice.as_ref().is_some_and(|notice| notice.until <= self.now.mono_ms);
        if over || self.internal.cause.as_ref().is_some_and(|cause| !self.holds(cause)) {
            self.notice = None;
            self.internal.cause = None;
        }
    }

    fn holds(&self, cause: &Cause) -> bool {
        match cause {
            Cause::Draft(id, text) => {
                self.open_room().is_some_and(|room| room.info.id == *id && room.draft.text == *text)
            }
            Cause::Command(text) => self.open_room().is_none() && self.command.text == *text,
            Cause::Open(id) => self.open == Some(*id),
            Cause::Outside(id) => self.rooms.get(id).is_some_and(|room| !room.joined()),
            Cause::QuitArmed => self.internal.quit_armed_until.is_some(),
            Cause::Refused => self.rooms.values().any(|room| room.refused().next().is_some()),
            Cause::SignedOut => self.is_signed_out(),
            Cause::Unlisted => self.cursor.is_none(),
        }
    }
}
