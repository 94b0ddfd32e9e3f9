//! Tests pastes, marked by the terminal or guessed from keys that arrive at once: where they go, and what sends.

use super::*;

#[test]
fn a_paste_without_brackets_is_one_message() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.at_once(text("one\ntwo\n"));
    let outbox = &client.runtime.model.open_room().unwrap().outbox;
    assert_eq!(outbox.iter().map(|pending| &*pending.text).collect::<Vec<_>>(), ["one\ntwo"]);
}

#[test]
fn if_pastes_are_marked_each_line_that_arrives_at_once_is_a_message() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.at_once(vec![Event::Paste("once ".into())]); // a marked paste: from now on all are marked
    client.at_once(text("one\ntwo\n/join ops\nthree\n"));
    let said = |client: &Client, room| {
        let room = &client.runtime.model.rooms[&RoomId(room)];
        room.outbox.iter().map(|pending| pending.text.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(said(&client, 1), ["once one", "two"]);
    assert_eq!(said(&client, 2), ["three"]);
}

#[test]
fn a_paste_in_the_side_bar_goes_to_the_composer() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.type_text("see ");
    client.runtime.step(Msg::Act(Action::FocusRooms));
    client.at_once(vec![Event::Paste("what I\nfound".into())]);
    assert_eq!(&*client.draft().text, "see what I\nfound");
    assert_eq!(focus(&client.runtime.model), ComponentId::Composer);
}

#[test]
fn a_long_paste_without_brackets_asks_and_does_not_answer_itself() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.type_text("draft");
    client.at_once(text(&"yes or no\n".repeat(30)));
    client.at_once(text("yes\n")); // the rest arrives late
    assert!(client.screen().contains("Paste 30 lines"), "{}", client.screen());
    client.press(Key::Esc, KeyModifiers::NONE);
    assert_eq!(&*client.draft().text, "draft");
}

#[test]
fn without_a_room_a_paste_becomes_one_command_without_a_question() {
    let (_dir, state_dir) = home();
    let mut client = Client::of_alice(&state_dir, &access(9).server.origin);
    assert_eq!((client.runtime.model.open, focus(&client.runtime.model)), (None, ComponentId::Rooms));
    client.at_once(vec![Event::Paste("/join ops".into())]);
    assert_eq!(&*client.runtime.model.command.text, "/join ops");
    client.at_once(vec![Event::Paste("\nx".repeat(30))]);
    assert_eq!(*client.runtime.model.command.text, *format!("/join ops{}", "\nx".repeat(30)));
    assert!(client.runtime.model.dialogs.is_empty());
    client.press(Key::Char('c'), KeyModifiers::CONTROL);
    client.runtime.step(Msg::Act(Action::FocusRooms));
    client.at_once(vec![Event::Paste("/help".into())]);
    assert_eq!(&*client.runtime.model.command.text, "/help");
}

#[test]
fn without_a_room_lines_after_a_command_are_read_as_in_a_room() {
    let (_dir, state_dir) = home();
    let mut client = Client::of_alice(&state_dir, &access(9).server.origin);
    client.type_text("/mou");
    client.at_once(text("se\nx")); // the Enter ends a command and is not a line break
    assert_eq!(&*client.runtime.model.command.text, "x");
}
