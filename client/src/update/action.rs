//! Everything a key can be bound to. Keymap, help and rebinding use this list.

/// What the user asked for with a key. The runtime resolves a chord in the focused context and offers the Action to the
/// focused component first. If the component declines it (`None`), it arrives in `update` as [`super::Msg::Act`].
/// Actions marked *composer* or *form* work only there; `update` ignores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    // Writing.
    /// Send the draft, or run it if it is a slash command. Carries no text: `update` has the draft.
    Send,
    /// Open the draft in an external editor.
    OpenEditor,
    /// *Composer*: a line break.
    Newline,
    /// *Composer*: to the start of the line.
    LineStart,
    /// *Composer*: to the end of the line.
    LineEnd,
    /// *Composer*: back by a character.
    CharBack,
    /// *Composer*: back by a word.
    WordBack,
    /// *Composer*: forward by a word.
    WordForward,
    /// *Composer*: delete the character before the cursor.
    DeleteBack,
    /// *Composer*: delete the character after the cursor. On an empty input see [`Action::EndOfInput`].
    DeleteForward,
    /// *Composer*: delete the word before the cursor.
    DeleteWordBack,
    /// *Composer*: delete the word after the cursor.
    DeleteWordForward,
    /// *Composer*: delete to the start of the line.
    DeleteToStart,
    /// *Composer*: delete to the end of the line. If there is nothing to delete, the composer declines and `update`
    /// opens the switcher.
    KillOrSwitch,
    /// *Composer*: insert the text deleted last.
    Yank,
    /// *Composer*: undo.
    Undo,
    /// *Composer*: redo.
    Redo,
    /// *Composer*: complete the word before the cursor, then offer the next choice. On an empty input, focus the side
    /// bar.
    Complete,
    /// *Composer*: offer the previous choice.
    CompleteBack,

    // Going to a room. These visit joined rooms only.
    /// Open the quick switcher.
    Switch,
    /// The next joined room.
    NextRoom,
    /// The previous joined room.
    PreviousRoom,
    /// The room that was open before.
    LastRoom,
    /// The nth joined room, counted from 1.
    RoomNumber(u8),
    /// The next unread room; rooms with mentions and direct rooms first.
    NextUnread,
    /// Move the focus to the side bar, or back from it.
    FocusRooms,
    /// Hide the side bar and the frames, or show them again.
    Bare,

    // Reading.
    /// Go to the "new" line.
    ToNew,
    /// Go to the newest message.
    ToBottom,
    /// Search the open room: the loaded messages, and the earlier ones on the server.
    Find,
    /// Search all rooms.
    Search,
    /// Open the inbox: the messages that mention the user.
    Inbox,
    /// Go back to where the user was before the last jump. *Composer* with text: back by a word.
    Back,
    /// The opposite of [`Action::Back`].
    Forward,
    /// While searching: go to the next hit further down; wraps around.
    FindNext,
    /// While searching: go to the next hit further up; wraps around.
    FindPrevious,
    /// Back by a page.
    PageUp,
    /// Forward by a page.
    PageDown,
    /// Back by a line.
    LineUp,
    /// Forward by a line.
    LineDown,

    // Selecting a message: while one is selected, `PageUp`, `PageDown`, `LineUp` and `LineDown` select another.
    /// Select the last visible message; while searching, the current hit.
    Select,
    /// Select the first loaded message.
    SelectFirst,
    /// Select the last message.
    SelectLast,
    /// Copy the text of the selected message.
    Copy,
    /// Copy the selected message with author and time.
    CopyWithAuthor,
    /// Copy the links in the selected message.
    CopyLinks,
    /// Show when the selected message was sent and changed.
    Details,
    /// Make the draft a reply to the selected message, or to the newest one by another user.
    Reply,
    /// Select the message that the selected one replies to.
    ToReplied,
    /// Unfold the selected message, or fold it again.
    Unfold,
    /// Edit the selected message, or the user's last one in the open room.
    Edit,
    /// Delete the selected message, or the user's last one in the open room; asks first.
    Delete,
    /// Open the picker of reactions for the selected message, or for the newest one by another user.
    React,
    /// Add the nth reaction of the selected message, counted from 1, or take it back.
    ToggleReaction(u8),

    // Dialogs and forms.
    /// *Form*: the next field.
    NextField,
    /// *Form*: the previous field.
    PreviousField,
    /// *Form*: register instead of signing in.
    Register,
    /// *Form*: show the password, or hide it again.
    ShowPassword,
    /// Open the dialog that creates a room.
    CreateRoom,
    /// Open the help.
    Help,
    /// Review refused messages, those of the open room first, to send them again or take them back.
    Review,
    /// Esc: closes the topmost dialog, else ends the search, the selection, the edit or the reply, or leaves the side
    /// bar. Never quits, never discards text.
    Cancel,

    // The program.
    /// Reconnect now instead of after the pause.
    Reconnect,
    /// Sign out; asks if something is unsent.
    SignOut,
    /// Ctrl+C: cancels in a dialog, else moves the draft to the earlier inputs, else shows "press again to quit".
    Interrupt,
    /// Ctrl+D on an empty input: like [`Action::Interrupt`], but a second one in a row does nothing, because a held key
    /// must not quit.
    EndOfInput,
    /// Quit; asks if something is unsent.
    Quit,
    /// Redraw the whole screen.
    Redraw,
    /// Suspend the client and return to the shell.
    Suspend,

    // People.
    /// List the people in the open room.
    People,
}
