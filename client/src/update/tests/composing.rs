//! Tests the draft in the user's editor: saved before, taken over after, never lost.

use super::*;

fn closed(client: &mut Client, text: Result<&str, &str>) {
    client.on(Msg::EditorClosed { room: GENERAL, text: text.map(Into::into).map_err(str::to_owned) });
}

#[test]
fn the_draft_is_saved_before_the_editor_opens() {
    let mut client = Client::online();
    client.write("half a thought").act(Action::OpenEditor);
    let [Effect::Save { stored: Stored { draft, .. }, .. }, Effect::OpenEditor { room: GENERAL, draft: given }] =
        &client.effects[..]
    else {
        panic!("{:?}", client.effects)
    };
    assert_eq!((&**draft, &**given), ("half a thought", "half a thought"));
}

#[test]
fn the_text_of_the_editor_is_the_draft_and_is_saved_at_once() {
    let mut client = Client::online();
    client.write("half").act(Action::OpenEditor).effects.clear();
    closed(&mut client, Ok("a whole\nthought"));
    assert_eq!((client.draft(), client.room(GENERAL).draft.rev), ("a whole\nthought", 1));
    assert!(
        matches!(&client.effects[..], [Effect::Save { stored: Stored { draft, .. }, .. }] if &**draft == "a whole\nthought")
    );
    client.on(Msg::Recall { back: true });
    assert_eq!(client.draft(), "half", "the replaced draft is an earlier input");
}

#[test]
fn an_editor_that_changes_nothing_or_fails_leaves_the_draft_unchanged() {
    for text in [Ok("draft"), Err("the editor ended with 1")] {
        let mut client = Client::online();
        client.write("draft").act(Action::OpenEditor).effects.clear();
        closed(&mut client, text);
        assert_eq!((client.draft(), client.room(GENERAL).draft.rev), ("draft", 0));
        assert_eq!(client.notice(), text.err().unwrap_or_default());
    }
}

#[test]
fn an_empty_file_clears_the_draft_which_can_be_recalled() {
    let mut client = Client::online();
    client.write("draft").act(Action::OpenEditor);
    closed(&mut client, Ok(""));
    assert_eq!(client.draft(), "");
    client.on(Msg::Recall { back: true });
    assert_eq!(client.draft(), "draft");
}

#[test]
fn an_editor_on_an_earlier_input_keeps_the_draft_it_replaced() {
    let mut client = Client::online();
    client.say("one").write("draft").on(Msg::Recall { back: true }).act(Action::OpenEditor);
    closed(&mut client, Ok("one, bettered"));
    let mut earlier = Vec::new();
    for _ in 0..2 {
        client.on(Msg::Recall { back: true });
        earlier.push(client.draft().to_owned());
    }
    assert!(earlier.contains(&"draft".to_owned()), "{earlier:?}");
}

#[test]
fn a_client_stopped_by_a_signal_has_its_own_exit_code() {
    let mut client = Client::online();
    client.on(Msg::Stop);
    assert_eq!(client.effects, [Effect::Exit(130)]);
}
