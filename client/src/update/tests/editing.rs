//! Tests editing: the draft around it is kept, edits are sent in order, and a refused one keeps its text.

use quchat_shared::event::MessageUpdated;

use super::*;
use crate::model::{Dialog, EditOf, EditTarget, StoredMessage};

/// alice's last message in #general, no. 4.
fn written() -> Client {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, ALICE, "teh plan"));
    client
}

fn edited(rev: u64, text: &str) -> Message {
    let at = Some(Timestamp::from_millis(1_795_340_500_000));
    Message { rev, edited_at: at, ..message(GENERAL, 4, ALICE, text) }
}

fn update_of(client: &mut Client, message: Message) {
    client.stream(vec![MessageUpdated { room_id: message.room_id, message }.into()]);
}

fn is_edit(req: &Request) -> bool {
    matches!(req, Request::EditMessage(..))
}

/// The edits that were sent and not checked yet: seq, text and expected revision.
fn edits(client: &mut Client) -> Vec<(u64, String, Option<u64>)> {
    let open = |(_, req)| match req {
        Request::EditMessage((_, seq), edit) => Some((seq.0, edit.text, edit.expect_rev)),
        _ => None,
    };
    client.calls().into_iter().filter_map(open).collect()
}

fn text_of(client: &Client, seq: u64) -> &str {
    let timeline = &client.room(GENERAL).timeline;
    &timeline.messages[timeline.index(Seq(seq)).unwrap()].text
}

#[test]
fn an_edit_puts_the_text_into_the_composer_and_the_draft_returns_after_it() {
    let mut client = written();
    client.write("half a thought").act(Action::Edit);
    assert_eq!(client.draft(), "teh plan");
    client.say("the plan").disk();
    assert_eq!(client.draft(), "half a thought");
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(1))]);
}

#[test]
fn esc_restores_the_draft_and_up_brings_a_changed_text_back() {
    let mut client = written();
    client.act(Action::Reply).write("half a thought").act(Action::Edit).act(Action::Cancel);
    assert_eq!((client.draft(), client.model.open_room().unwrap().draft.reply_to), ("half a thought", Some(Seq(3))));
    assert!(client.room(GENERAL).inputs.list.is_empty(), "the text was not changed");
    client.act(Action::Edit).write("the plan").act(Action::Cancel);
    assert_eq!(client.draft(), "half a thought");
    assert_eq!(client.room(GENERAL).inputs.list.back().unwrap(), &"the plan".into());
    client.act(Action::Edit).write("another").act(Action::Interrupt);
    assert_eq!((client.draft(), client.model.notice.is_some()), ("half a thought", true));
}

#[test]
fn only_own_messages_that_exist_are_edited() {
    let mut client = Client::online();
    client.act(Action::Edit);
    assert_eq!(client.draft(), "");
    assert!(client.notice().contains("no message"), "{}", client.notice());
    client.look().act(Action::Select).act(Action::Edit);
    assert!(client.notice().contains("only its author"), "{}", client.notice());
    let mut client = written();
    update_of(&mut client, Message { deleted_at: Some(Timestamp::from_millis(1)), ..edited(2, "") });
    client.act(Action::Edit);
    assert_eq!((client.draft(), client.model.open_room().unwrap().draft.editing.is_none()), ("", true));
}

#[test]
fn the_chosen_message_is_edited_and_the_composer_gets_the_keyboard() {
    let mut client = written();
    client.hear(message(GENERAL, 5, ALICE, "later")).look().act(Action::Select).act(Action::LineUp).act(Action::Edit);
    assert_eq!((client.draft(), focus(&client.model)), ("teh plan", crate::model::ComponentId::Composer));
}

#[test]
fn an_edit_is_on_disk_before_it_is_sent_and_waits_for_what_was_written_before() {
    let mut client = written();
    client.say("first").act(Action::Cancel).on(Msg::Edited { room: GENERAL, text: "".into() });
    client.look().act(Action::Select).act(Action::SelectLast).act(Action::Edit).say("the plan");
    let Some(Effect::Save { stored, .. }) = client.effects.last() else { panic!("{:?}", client.effects) };
    let kept: Vec<_> = stored.outbox.iter().map(|kept| (&*kept.text, kept.edit)).collect();
    assert_eq!(kept, [("first", None), ("the plan", Some(EditOf { seq: Seq(4), rev: Some(1) }))]);
    client.disk();
    assert_eq!(sent_texts(&client), ["first"]);
    client.acknowledge(GENERAL, 5);
    assert_eq!(edits(&mut client).len(), 1);
}

fn sent_texts(client: &Client) -> Vec<&str> {
    let mut texts = Vec::new();
    for effect in &client.effects {
        match effect {
            Effect::Call { req: Request::SendMessage(_, new), .. } => texts.push(&*new.text),
            Effect::Call { req: Request::EditMessage(_, edit), .. } => texts.push(&*edit.text),
            _ => {}
        }
    }
    texts
}

#[test]
fn an_edit_that_gets_no_answer_is_sent_again_and_its_event_changes_nothing_twice() {
    let mut client = written();
    client.act(Action::Edit).say("the plan").disk().reply(is_edit, Err(unreachable()));
    update_of(&mut client, edited(2, "the plan"));
    client.pass(60_000);
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(1))], "as it was written");
    let mut client = written();
    client.act(Action::Edit).say("the plan").disk().reply(is_edit, Err(asking_to_wait(503, 5_000)));
    client.pass(4_000);
    assert_eq!(edits(&mut client), []);
    client.pass(1_000).reply(is_edit, Ok(Answer::Message(edited(2, "the plan"))));
    assert_eq!((text_of(&client, 4), client.model.unsent()), ("the plan", 0));
}

#[test]
fn a_refused_edit_keeps_its_text_and_can_be_edited_again() {
    let mut client = written();
    let conflict = refused(409, Kind::Unknown, "the message was edited elsewhere");
    client.write("a draft").act(Action::Edit).say("the plan").disk().reply(is_edit, Err(conflict));
    assert!(client.notice().contains("edited elsewhere"), "{}", client.notice());
    assert_eq!(text_of(&client, 4), "teh plan");
    update_of(&mut client, edited(3, "from elsewhere"));
    client.act(Action::Review);
    let Some(Dialog::Review { room, txn }) = client.model.dialogs.last().cloned() else { panic!() };
    client.on(Msg::TakeBack { room, txn });
    assert_eq!((client.draft(), client.model.unsent()), ("the plan", 0));
    client.act(Action::Send).disk();
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(3))], "the user has seen the other text");
    assert_eq!(client.draft(), "a draft");
}

#[test]
fn a_refused_edit_that_is_sent_again_replaces_what_the_user_has_seen() {
    let mut client = written();
    let conflict = refused(409, Kind::Unknown, "the message was edited elsewhere");
    client.act(Action::Edit).say("the plan").disk().reply(is_edit, Err(conflict));
    update_of(&mut client, edited(3, "from elsewhere"));
    let txn = Arc::clone(&client.room(GENERAL).outbox[0].txn);
    client.on(Msg::SendAgain { room: GENERAL, txn });
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(3))]);
}

#[test]
fn two_edits_of_a_message_arrive_in_order_and_the_second_is_based_on_the_first() {
    let mut client = written();
    client.act(Action::Edit).say("the").disk().act(Action::Edit);
    assert_eq!(client.draft(), "the", "the text that is on its way");
    client.say("the plan").disk();
    client.reply(is_edit, Ok(Answer::Message(edited(2, "the"))));
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(2))]);
}

#[test]
fn an_unsent_message_is_changed_where_it_waits() {
    let mut client = Client::online();
    client.say("teh plan").act(Action::Edit);
    assert_eq!(client.draft(), "teh plan");
    client.say("the plan").disk();
    assert_eq!(sent(&mut client), [("p-1".to_owned(), "the plan".to_owned())]);
}

#[test]
fn a_message_that_was_stored_with_its_first_text_is_edited_after_it() {
    let mut client = Client::online();
    client.say("teh plan").disk().act(Action::Edit).say("the plan").disk().acknowledge(GENERAL, 4).disk();
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(1))]);
    let mut client = Client::online();
    client.say("teh plan").disk().reply(is_send, Err(unreachable())).act(Action::Edit).say("the plan");
    client.hear(Message { txn: Some("p-1".into()), ..message(GENERAL, 4, ALICE, "teh plan") }).disk();
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(1))]);
}

#[test]
fn an_edit_goes_on_when_its_message_is_acknowledged_meanwhile() {
    let mut client = Client::online();
    client.say("teh plan").disk().act(Action::Edit).write("the plan").acknowledge(GENERAL, 4);
    let editing = client.model.open_room().unwrap().draft.editing.clone().unwrap();
    assert_eq!(editing.target, EditTarget::Message(EditOf { seq: Seq(4), rev: Some(1) }));
    client.act(Action::Send).disk();
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(1))]);
}

#[test]
fn a_message_that_is_deleted_while_it_is_edited_keeps_the_text() {
    let mut client = written();
    client.write("a draft").act(Action::Edit).write("the plan");
    update_of(&mut client, Message { deleted_at: Some(Timestamp::from_millis(1)), ..edited(2, "") });
    client.act(Action::Send).disk();
    assert_eq!((edits(&mut client), client.draft()), (vec![], "the plan"));
    assert!(client.notice().contains("deleted"), "{}", client.notice());
    client.act(Action::Cancel).on(Msg::Recall { back: true });
    assert_eq!(client.draft(), "the plan");
    client.on(Msg::Recall { back: false });
    assert_eq!(client.draft(), "a draft");
}

#[test]
fn an_empty_or_unchanged_text_and_a_command_are_no_edit() {
    let mut client = written();
    client.act(Action::Edit).say("   ");
    assert!(client.notice().contains("needs a text"), "{}", client.notice());
    client.say("/quit");
    assert!(client.notice().contains("this is an edit"), "{}", client.notice());
    client.say("teh plan").disk();
    assert_eq!((edits(&mut client), client.draft()), (vec![], ""));
    assert!(client.model.open_room().unwrap().draft.editing.is_none());
}

#[test]
fn a_slash_at_the_start_of_a_text_is_kept() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, ALICE, "/etc/hosts")).act(Action::Edit);
    assert_eq!(client.draft(), "//etc/hosts");
    client.act(Action::Send);
    assert_eq!(client.model.unsent(), 0, "unchanged");
    client.act(Action::Edit).say("//etc/passwd").disk();
    assert_eq!(edits(&mut client), [(4, "/etc/passwd".to_owned(), Some(1))]);
}

#[test]
fn the_command_replaces_the_last_text_and_keeps_the_draft() {
    let mut client = written();
    client.say("/edit the plan").disk();
    assert_eq!(edits(&mut client), [(4, "the plan".to_owned(), Some(1))]);
    let mut client = Client::online();
    client.say("/edit something");
    assert!(client.notice().contains("no message"), "{}", client.notice());
    assert_eq!(client.room(GENERAL).inputs.list.back().unwrap(), &"something".into());
}

#[test]
fn a_cancelled_edit_is_told_only_if_there_is_text_to_bring_back_and_only_until_the_next_one() {
    let mut client = written();
    client.act(Action::Edit).write("").act(Action::Cancel);
    assert_eq!(client.notice(), "");
    client.act(Action::Edit).write("the plan").act(Action::Cancel);
    assert_eq!(client.notice(), "edit cancelled; Up brings your text back");
    client.act(Action::Edit);
    assert_eq!(client.notice(), "");
}

#[test]
fn an_edit_survives_a_restart_with_the_draft_that_it_replaced() {
    let mut client = written();
    client.write("a draft").act(Action::Edit).write("the plan").pass(300);
    let Some(Effect::Save { stored, .. }) = client.effects.last().cloned() else { panic!("{:?}", client.effects) };
    let mut next = Client::new();
    next.start();
    next.on(Msg::Loaded(Ok(vec![stored]))).list_rooms(rooms());
    next.hello("k-1");
    assert_eq!(next.draft(), "the plan");
    next.act(Action::Send).disk();
    assert_eq!(edits(&mut next), [(4, "the plan".to_owned(), Some(1))]);
    assert_eq!(next.draft(), "a draft");
}

#[test]
fn a_pending_edit_survives_a_restart_as_an_edit() {
    let mut client = Client::new();
    client.start();
    let edit = Some(EditOf { seq: Seq(2), rev: Some(7) });
    let (txn, text) = ("old-1".into(), "so".into());
    let kept = StoredMessage { txn, text, reply_to: None, edit, changed: false, written_ms: 0, refused: None };
    client.on(Msg::Loaded(Ok(vec![Stored { outbox: vec![kept], ..Stored::new(GENERAL) }]))).list_rooms(rooms());
    assert_eq!(edits(&mut client), [(2, "so".to_owned(), Some(7))]);
}

#[test]
fn pending_edits_are_no_entries_of_the_history() {
    let mut client = written();
    client.act(Action::Edit).say("the plan").say("and more");
    let entries = crate::model::window(client.room(GENERAL), 10);
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[4].key(), crate::model::Key::Txn("p-2".into()));
}

#[test]
fn a_newer_copy_wins_wherever_it_comes_from() {
    let mut client = written();
    update_of(&mut client, edited(3, "newest"));
    update_of(&mut client, edited(2, "older"));
    client.hear(edited(1, "first"));
    assert_eq!(text_of(&client, 4), "newest");
    client.hear(edited(4, "from a replay"));
    assert_eq!(text_of(&client, 4), "from a replay");
}

#[test]
fn an_edit_adds_and_removes_unread_mentions() {
    let mut client = Client::online();
    client.on(Msg::TermFocus(false)).hear(message(GENERAL, 4, BOB, "hi"));
    let named = |rev, named: bool| Message {
        rev,
        mentions: if named { vec![ALICE] } else { Vec::new() },
        ..message(GENERAL, 4, BOB, "hi")
    };
    for (rev, mentions) in [(2, 1), (3, 1), (4, 0), (5, 0)] {
        update_of(&mut client, named(rev, mentions == 1));
        assert_eq!(client.room(GENERAL).mentions, mentions, "rev {rev}");
    }
    client.effects.clear();
    let elsewhere = Message { rev: 2, ..message(OPS, 8, BOB, "@alice") };
    update_of(&mut client, elsewhere.clone());
    update_of(&mut client, elsewhere);
    client.pass(600);
    let asked: Vec<_> = client.calls().into_iter().map(|(_, req)| req).collect();
    assert_eq!(asked, [Request::GetRoom(OPS)], "the text before is not loaded, so only the server knows");
}
