//! Keys and Actions that edit text, for the composer and all fields.

use tuirealm::event::{Event, Key, KeyEvent};

use crate::{text::Editor, update::Action};

/// The effect of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// The text changed.
    Changed,
    /// The text is the same; the cursor may have moved.
    Same,
}

/// Edits by an Action or a plain key; `None` if the event does not concern text on one line. Deleting forward in an
/// empty text is not handled: there it means something else.
pub(super) fn edit(editor: &mut Editor, event: &Event<Action>) -> Option<Typed> {
    match event {
        Event::User(action) => by_action(editor, *action),
        Event::Keyboard(KeyEvent { code, .. }) => by_key(editor, *code),
        _ => None,
    }
}

fn by_action(editor: &mut Editor, action: Action) -> Option<Typed> {
    Some(match action {
        Action::LineStart => moved(editor.home()),
        Action::LineEnd => moved(editor.end()),
        Action::CharBack => moved(editor.left()),
        Action::WordBack => moved(editor.word_left()),
        Action::WordForward => moved(editor.word_right()),
        Action::DeleteBack => changed(editor.delete_back()),
        Action::DeleteForward if !editor.is_empty() => changed(editor.delete_forward()),
        Action::DeleteWordBack => changed(editor.kill_word_back()),
        Action::DeleteWordForward => changed(editor.kill_word_forward()),
        Action::DeleteToStart => changed(editor.kill_to_line_start()),
        Action::Yank => changed(editor.yank()),
        Action::Undo => changed(editor.undo()),
        Action::Redo => changed(editor.redo()),
        _ => return None,
    })
}

fn by_key(editor: &mut Editor, code: Key) -> Option<Typed> {
    Some(match code {
        Key::Char(c) if !c.is_control() => changed(editor.insert(c.encode_utf8(&mut [0; 4]))),
        Key::Backspace => changed(editor.delete_back()),
        Key::Delete => changed(editor.delete_forward()),
        Key::Left => moved(editor.left()),
        Key::Right => moved(editor.right()),
        Key::Home => moved(editor.home()),
        Key::End => moved(editor.end()),
        _ => return None,
    })
}

/// Converts an edit's result, which says whether it changed the text.
pub(super) fn changed(yes: bool) -> Typed {
    if yes { Typed::Changed } else { Typed::Same }
}

fn moved(_: bool) -> Typed {
    Typed::Same
}
