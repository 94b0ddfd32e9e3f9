//! Earlier inputs of a room, and the draft that is saved while one of them is in the composer.

use std::{collections::VecDeque, sync::Arc};

use quchat_shared::{RoomId, Seq};

use super::{Model, Room};

const INPUTS_MAX: usize = 100;
/// Most bytes of all inputs, without the newest one and the one cleared last.
const INPUTS_BYTES_MAX: usize = 64 * 1024;

/// Earlier inputs of one room, newest last. At most 100 and 64 KiB are kept. The newest one and the one cleared last
/// are kept even if they are larger, and `aside` does not count. `Msg::Recall` steps through them. They are saved on
/// disk.
#[derive(Debug, Default)]
pub struct InputHistory {
    pub list: VecDeque<Arc<str>>,
    /// The index of the input in the composer, and the draft that it replaced.
    pub at: Option<(usize, SavedDraft)>,
    /// The draft that was replaced by an input that the user then edited. It returns once that text is sent or cleared,
    /// and is kept on disk until then.
    pub left: Option<SavedDraft>,
    /// The input that was cleared last instead of sent. Only the next cleared input replaces it.
    pub(crate) cleared: Option<Arc<str>>,
    /// The text put aside last. The user was told that Up brings it back, so only the next such text replaces it.
    pub(crate) aside: Option<Arc<str>>,
}

/// A draft that an earlier input replaced in the composer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedDraft {
    pub text: Arc<str>,
    /// The message that the draft replies to; the recalled input replies to none.
    pub reply_to: Option<Seq>,
}

impl InputHistory {
    /// Adds an input as the newest one.
    pub(crate) fn remember(&mut self, input: Arc<str>) {
        if input.trim().is_empty() || self.list.back() == Some(&input) {
            return;
        }
        self.list.push_back(input);
        self.drop_oversized();
        let newest = self.list.len() - 1;
        let mut bytes: usize = self.list.iter().enumerate().map(|(at, input)| self.counted(at == newest, input)).sum();
        while self.list.len() > INPUTS_MAX || bytes > INPUTS_BYTES_MAX {
            let newest = self.list.len() - 1;
            let Some(oldest) = (0..newest).find(|&at| !self.must_stay(at)) else { return };
            bytes -= self.list.remove(oldest).map_or(0, |oldest| self.counted(false, &oldest));
        }
    }

    /// Drops inputs that are over the limit on their own, so that they do not displace the others.
    fn drop_oversized(&mut self) {
        let newest = self.list.len() - 1;
        let oversized = |at: &usize| self.list[*at].len() > INPUTS_BYTES_MAX && !self.must_stay(*at);
        let oversized: Vec<usize> = (0..newest).filter(oversized).collect();
        for at in oversized.into_iter().rev() {
            self.list.remove(at);
        }
    }

    /// How many bytes of an input count towards the limit.
    fn counted(&self, is_newest: bool, input: &Arc<str>) -> usize {
        let free = self.aside.as_ref() == Some(input) || is_newest && input.len() > INPUTS_BYTES_MAX;
        if free { 0 } else { input.len() }
    }

    /// Whether this is the latest copy of the text that was cleared or put aside last.
    fn must_stay(&self, at: usize) -> bool {
        let input = self.list.get(at);
        let latest = || self.list.iter().rposition(|other| Some(other) == input) == Some(at);
        (input == self.cleared.as_ref() || input == self.aside.as_ref()) && latest()
    }

    /// Adds a text. The notice about it says that Up brings it back.
    pub(crate) fn put_aside(&mut self, text: Arc<str>) {
        self.aside = Some(Arc::clone(&text));
        self.remember(text);
    }

    /// Keeps a paste until the user decides about it. One that is too large for a draft is put aside.
    pub(crate) fn keep_paste(&mut self, text: Arc<str>) {
        match text.len() > INPUTS_BYTES_MAX {
            true => self.put_aside(text),
            false => self.remember(text),
        }
    }

    /// Protects an input that is being cleared: afterwards the history holds the only copy.
    pub(crate) fn keep_cleared(&mut self, input: &Arc<str>) {
        if !input.trim().is_empty() {
            self.cleared = Some(Arc::clone(input));
        }
    }

    /// Inserts stored inputs before those of this run of the client.
    pub(crate) fn restore(&mut self, earlier: Vec<Arc<str>>) {
        let since = std::mem::take(&mut self.list);
        if self.cleared.is_none() {
            self.cleared = earlier.first().map(Arc::clone); // if only two are stored, this is the cleared one
        }
        if self.aside.is_none() && earlier.iter().map(|input| input.len()).sum::<usize>() > INPUTS_BYTES_MAX {
            let others = earlier.iter().rev().skip(1).filter(|input| self.cleared.as_ref() != Some(input));
            self.aside = others.max_by_key(|input| input.len()).map(Arc::clone); // no other text is too large
        }
        earlier.into_iter().chain(since).for_each(|input| self.remember(input));
    }

    /// Removes the newest input if it is this one.
    pub(crate) fn forget(&mut self, input: &Arc<str>) {
        self.list.pop_back_if(|newest| newest == input);
        self.aside.take_if(|aside| aside == input);
    }
}

impl Model {
    /// Moves the text typed while no room was open into the room just opened, after its draft.
    pub(crate) fn move_command_to(&mut self, id: RoomId) {
        let typed = Arc::clone(&self.command.text);
        if typed.trim().is_empty() {
            return;
        }
        if let Some(room) = self.rooms.get_mut(&id) {
            let shown = Arc::clone(&room.draft.text);
            room.draft.replace(if shown.is_empty() { typed } else { format!("{shown}\n{typed}").into() });
            room.stop_recalling(&shown);
            self.command.replace("".into());
            self.touch(id);
        }
    }
}

impl Room {
    /// Stops showing an earlier input and restores the draft that it replaced.
    pub(crate) fn end_recall(&mut self) {
        if let Some((_, left)) = self.inputs.at.take() {
            self.draft.resume(left);
        }
    }

    /// The user edited the recalled input `shown`, so it is the draft now. The draft that it replaced can be recalled,
    /// and returns after this one.
    pub(crate) fn stop_recalling(&mut self, shown: &Arc<str>) {
        let Some((_, left)) = self.inputs.at.take() else { return };
        self.inputs.left.take_if(|earlier| earlier.text == *shown);
        if !left.text.trim().is_empty() {
            self.inputs.remember(Arc::clone(&left.text));
            self.inputs.left = Some(left);
        }
    }

    /// Clears the composer; the text can be recalled. A draft that it had replaced returns.
    pub(crate) fn clear_draft(&mut self) {
        let text = Arc::clone(&self.draft.text);
        let earlier = self.inputs.left.take().filter(|earlier| earlier.text != text);
        let left = self.inputs.at.take().map(|(_, left)| left).filter(|left| !left.text.is_empty());
        self.inputs.remember(text);
        match left.or(earlier) {
            Some(left) => self.draft.resume(left),
            None => self.draft.replace("".into()),
        }
    }
}
