//! What a key can ask for: one closed list, from which keymap, help and rebinding are made.

/// A wish, by whichever key. The runtime resolves a chord in the focused context and offers the Action to the
/// focused component first; what that does not take (`None`) arrives in `update` as [`super::Msg::Act`].
/// Those marked *composer* or *form* mean something there only; `update` ignores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    // Writing.
    /// Send the draft, or run it if it is a slash command. Carries no text: `update` has the draft.
    Send,
    /// Open the draft in the user's own editor.
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
    /// *Composer*: delete to the end of the line; where there is nothing to delete the composer declines and
    /// `update` opens the switcher.
    KillOrSwitch,
    /// *Composer*: put back what was deleted last.
    Yank,
    /// *Composer*: undo.
    Undo,
    /// *Composer*: redo.
    Redo,
    /// *Composer*: complete the word before the cursor, then offer the next choice. On an empty input the keys go to
    /// the side bar.
    Complete,
    /// *Composer*: offer the choice before.
    CompleteBack,

    // Going somewhere. Rooms that are not joined are never visited by these.
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
    /// The next room with something unread, mentions and direct ones first.
    NextUnread,
    /// The keys go to the side bar, or back from it.
    FocusRooms,
    /// Hide the side bar and the frames, or show them again.
    Bare,

    // Reading.
    /// To the "new" line.
    ToNew,
    /// To the newest message.
    ToBottom,
    /// Search in what is loaded of the open room.
    Find,
    /// While searching: to the next hit further down, from the last one to the first.
    FindNext,
    /// While searching: to the next hit further up.
    FindPrevious,
    /// Back by a page.
    PageUp,
    /// Forward by a page.
    PageDown,
    /// Back by a line.
    LineUp,
    /// Forward by a line.
    LineDown,

    // Choosing a message: while one is chosen, `PageUp`, `PageDown`, `LineUp` and `LineDown` choose another.
    /// Choose the last message that can be seen; while searching, the one that was found.
    Select,
    /// Choose the first message at hand.
    SelectFirst,
    /// Choose the last message.
    SelectLast,
    /// Copy the text of the chosen message.
    Copy,
    /// Copy it with author and time.
    CopyWithAuthor,
    /// Copy the links in it.
    CopyLinks,
    /// Tell when it was sent and changed.
    Details,
    /// Answer the chosen message with what is written; without one, the newest of somebody else.
    Reply,
    /// Choose the message that the chosen one answers.
    ToReplied,
    /// Show all of the chosen message, or its first rows again.
    Unfold,

    // Dialogs and forms.
    /// *Form*: the next field.
    NextField,
    /// *Form*: the previous field.
    PreviousField,
    /// *Form*: register rather than sign in.
    Register,
    /// *Form*: show the password, or hide it again.
    ShowPassword,
    /// Open the dialog that makes a room.
    CreateRoom,
    /// Open the help.
    Help,
    /// Show the refused messages of the open room, then of the others, to send them again or take them back.
    Review,
    /// Esc: closes the topmost dialog, else ends the search, the selection, the reply or the stay in the side bar. Never
    /// quits, never discards text.
    Cancel,

    // The program.
    /// Connect anew at once, rather than after the pause.
    Reconnect,
    /// Sign out; asks if something is unsent.
    SignOut,
    /// Ctrl+C: the draft goes among the earlier inputs; without one, as Cancel in a dialog; else "press again to quit".
    Interrupt,
    /// Ctrl+D on an empty input: as [`Action::Interrupt`], but a second one in a row does nothing, since a held key
    /// must not quit.
    EndOfInput,
    /// Quit; asks if something is unsent.
    Quit,
    /// Draw everything anew.
    Redraw,
    /// Give the terminal back to the shell for a while.
    Suspend,
}
