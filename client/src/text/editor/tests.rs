//! Tests edits by the resulting text.

use proptest::prelude::*;

use super::*;

#[test]
fn one_backspace_deletes_one_visible_character() {
    for symbol in ["x", "é", "e\u{301}", "👨‍👩‍👧‍👦", "🇳🇱", "👩🏽‍🚀", "\n"] {
        let mut editor = Editor::new(&format!("a{symbol}"));
        assert!(editor.delete_back());
        assert_eq!(editor.text(), "a", "{symbol:?}");
    }
}

#[test]
fn undo_goes_word_by_word_and_redo_reverses_it() {
    let mut editor = Editor::default();
    for c in "on it now".chars() {
        editor.insert(c.encode_utf8(&mut [0; 4]));
    }
    assert!(editor.undo());
    assert_eq!(editor.text(), "on it ");
    assert!(editor.undo() && editor.undo());
    assert_eq!(editor.text(), "");
    assert!(!editor.undo());
    assert!(editor.redo());
    assert_eq!((editor.text(), editor.cursor()), ("on ", 3));
}

#[test]
fn words_are_skipped_and_killed_as_a_whole() {
    let mut editor = Editor::new("deploy foo_bar, 日本 👍");
    assert!(editor.word_left());
    assert_eq!(&editor.text()[editor.cursor()..], "👍");
    assert!(editor.kill_word_back() && editor.kill_word_back() && editor.kill_word_back());
    assert_eq!(editor.text(), "deploy 👍");
    assert!(editor.yank());
    assert_eq!(editor.text(), "deploy foo_bar, 👍");
}

#[test]
fn a_line_is_killed_before_its_break() {
    let mut editor = Editor::new("one\ntwo");
    assert!(editor.kill_to_line_start());
    assert_eq!(editor.text(), "one\n");
    assert!(editor.kill_to_line_start());
    assert_eq!(editor.text(), "one");
    editor.home();
    assert!(editor.kill_to_line_end());
    assert!(editor.is_empty() && !editor.kill_to_line_end());
}

#[test]
fn up_and_down_follow_the_visible_rows_and_keep_their_column() {
    let mut editor = Editor::new("hello brave new\nx\nworld wide");
    assert!(editor.up(6));
    assert_eq!(&editor.text()[editor.cursor()..], "d wide");
    assert!(editor.up(6));
    assert_eq!(&editor.text()[editor.cursor()..], "\nworld wide");
    assert!(editor.up(6));
    assert_eq!(&editor.text()[editor.cursor()..], "\nx\nworld wide", "as far as the row goes");
    assert!(editor.up(6));
    assert_eq!(&editor.text()[editor.cursor()..], "e new\nx\nworld wide", "the column is remembered");
    assert!(editor.up(6));
    assert!(!editor.up(6), "the first row");
    assert!(editor.down(6));
}

#[test]
fn text_beyond_the_limit_is_refused_as_a_whole() {
    let mut editor = Editor::new("draft");
    assert!(!editor.insert(&"x".repeat(BYTES_MAX)));
    assert_eq!(editor.text(), "draft");
}

#[derive(Debug, Clone)]
enum Step {
    Insert(String),
    Back,
    Forward,
    WordBack,
    LineEnd,
    Left,
    Right,
    Up,
    Down,
    Home,
    Undo,
    Redo,
    Yank,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => "[a-c \\n日\u{301}\u{200d}👩🏽]{1,3}".prop_map(Step::Insert),
        1 => Just(Step::Back), 1 => Just(Step::Forward), 1 => Just(Step::WordBack), 1 => Just(Step::LineEnd),
        1 => Just(Step::Left), 1 => Just(Step::Right), 1 => Just(Step::Up), 1 => Just(Step::Down),
        1 => Just(Step::Home), 1 => Just(Step::Undo), 1 => Just(Step::Redo), 1 => Just(Step::Yank),
    ];
    prop::collection::vec(step, 0..60)
}

fn take(editor: &mut Editor, step: &Step) -> bool {
    match step {
        Step::Insert(text) => editor.insert(text),
        Step::Back => editor.delete_back(),
        Step::Forward => editor.delete_forward(),
        Step::WordBack => editor.kill_word_back(),
        Step::LineEnd => editor.kill_to_line_end(),
        Step::Left => editor.left(),
        Step::Right => editor.right(),
        Step::Up => editor.up(4),
        Step::Down => editor.down(4),
        Step::Home => editor.home(),
        Step::Undo => editor.undo(),
        Step::Redo => editor.redo(),
        Step::Yank => editor.yank(),
    }
}

proptest! {
    #[test]
    fn any_keys_leave_a_valid_buffer_and_undo_restores_the_start(steps in steps()) {
        let mut editor = Editor::default();
        for step in &steps {
            take(&mut editor, step);
            prop_assert!(editor.text().is_char_boundary(editor.cursor()));
            let rows = crate::text::wrap(editor.text(), 4);
            prop_assert!(editor.place_in(&rows).0 < rows.len());
        }
        let end = editor.text().to_owned();
        let mut undone = 0;
        while editor.undo() {
            undone += 1;
        }
        prop_assert_eq!(editor.text(), "");
        for _ in 0..undone {
            prop_assert!(editor.redo());
        }
        prop_assert_eq!(editor.text(), end);
    }
}
