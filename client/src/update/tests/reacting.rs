//! Tests reactions: shown at once, one call at a time, and back as they were after a refusal.

use quchat_shared::{api::OwnReaction, event::MessageUpdated, message::Reaction};

use super::*;
use crate::model::{Dialog, ShownReaction};

fn is_reaction(req: &Request) -> bool {
    matches!(req, Request::AddReaction(..) | Request::RemoveReaction(..))
}

fn with(rev: u64, reactions: &[(&str, u64, &[u64])]) -> Message {
    let reaction = |&(emoji, count, users): &(&str, u64, &[u64])| Reaction {
        emoji: emoji.into(),
        count,
        users: users.iter().map(|&id| UserId(id)).collect(),
    };
    Message { rev, reactions: reactions.iter().map(reaction).collect(), ..message(GENERAL, 3, BOB, "hi") }
}

fn shown(client: &Client) -> Vec<(String, u64, bool)> {
    let room = client.room(GENERAL);
    let message = &room.timeline.messages[room.timeline.index(Seq(3)).unwrap()];
    let open = |ShownReaction { emoji, count, mine }| (emoji, count, mine);
    room.reactions(message, ALICE).into_iter().map(open).collect()
}

fn reacted(client: &mut Client) -> Vec<(bool, String)> {
    let open = |(_, req)| match req {
        Request::AddReaction((_, _, emoji)) => Some((true, emoji)),
        Request::RemoveReaction((_, _, emoji)) => Some((false, emoji)),
        _ => None,
    };
    client.calls().into_iter().filter_map(open).collect()
}

#[test]
fn a_reaction_is_shown_at_once_and_not_twice_when_the_server_has_it() {
    let mut client = Client::online();
    client.say("/react 👍");
    assert_eq!(shown(&client), [("👍".into(), 1, true)]);
    let message = with(2, &[("👍", 1, &[1])]);
    client.stream(vec![MessageUpdated { room_id: GENERAL, message: message.clone() }.into()]);
    assert_eq!(shown(&client), [("👍".into(), 1, true)]);
    client.reply(is_reaction, Ok(Answer::Message(message)));
    assert_eq!(shown(&client), [("👍".into(), 1, true)]);
    client.say("/react :+1:");
    assert_eq!((shown(&client), reacted(&mut client)), (vec![], vec![(false, "👍".into())]));
}

#[test]
fn a_refused_reaction_is_taken_back_and_the_reason_shown() {
    let mut client = Client::online();
    client.say("/react 👍").reply(is_reaction, Err(refused(409, Kind::Unknown, "it has 20 different ones already")));
    assert_eq!((shown(&client), client.notice()), (vec![], "no reaction: it has 20 different ones already"));
    client.say("/react 🎉").reply(is_reaction, Err(unreachable()));
    assert!(shown(&client).is_empty() && reacted(&mut client).is_empty(), "it is not sent again");
}

#[test]
fn toggling_quickly_has_one_call_in_flight_and_ends_as_the_user_left_it() {
    let mut client = Client::online();
    client.say("/react 👍").say("/react 👍").say("/react 👍").say("/react 👍");
    let flying = client.effects.iter().filter(|effect| matches!(effect, Effect::Call { req, .. } if is_reaction(req)));
    assert_eq!((flying.count(), shown(&client)), (1, vec![]));
    client.reply(is_reaction, Ok(Answer::Message(with(2, &[("👍", 1, &[1])]))));
    assert_eq!(reacted(&mut client), [(false, "👍".into())]);
}

#[test]
fn a_missing_variation_selector_makes_no_second_reaction() {
    let mut client = Client::online();
    client.stream(vec![MessageUpdated { room_id: GENERAL, message: with(2, &[("❤\u{fe0f}", 1, &[2])]) }.into()]);
    client.say("/react ❤");
    assert_eq!(shown(&client), [("❤\u{fe0f}".into(), 2, true)]);
}

#[test]
fn own_reactions_beyond_the_named_users_are_known_from_the_page() {
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(Vec::new()))).list_rooms(rooms()).hello("k-1");
    let own_reactions = vec![OwnReaction { seq: Seq(3), emoji: "👍".into() }];
    let page = MessagePage {
        messages: vec![with(5, &[("👍", 30, &[7, 8]), ("🎉", 2, &[7, 8])])],
        has_older: true,
        has_newer: false,
        own_reactions,
    };
    client.reply(|req| matches!(req, Request::ListMessages(..)), Ok(Answer::Page(page)));
    assert_eq!(shown(&client), [("👍".into(), 30, true), ("🎉".into(), 2, false)]);
    client.say("/react 👍");
    assert_eq!(shown(&client)[0], ("👍".into(), 29, false));
    client.reply(is_reaction, Ok(Answer::Message(with(6, &[("👍", 29, &[7, 8])]))));
    assert_eq!(shown(&client), [("👍".into(), 29, false)]);
    client.say("/react 👍").reply(is_reaction, Ok(Answer::Message(with(7, &[("👍", 30, &[7, 8])]))));
    assert_eq!(shown(&client), [("👍".into(), 30, true)], "the answer does not name the user");
}

#[test]
fn digits_toggle_what_is_there_and_the_picker_offers_the_rest() {
    let mut client = Client::online();
    client.stream(vec![
        MessageUpdated { room_id: GENERAL, message: with(2, &[("👍", 1, &[2]), ("🎉", 1, &[2])]) }.into(),
    ]);
    client.look().act(Action::Select).act(Action::ToggleReaction(2));
    assert_eq!((shown(&client)[1].clone(), reacted(&mut client)), (("🎉".into(), 2, true), vec![(true, "🎉".into())]));
    client.act(Action::ToggleReaction(3));
    assert!(client.notice().contains("no reaction no. 3"), "{}", client.notice());
    client.act(Action::React);
    assert_eq!(client.model.dialogs, [Dialog::React { room: GENERAL, seq: Seq(3) }]);
    client.on(Msg::React { room: GENERAL, seq: Seq(3), emoji: "🦀".into() });
    assert!(client.model.dialogs.is_empty() && client.model.selected.is_some());
    assert_eq!(client.model.recent_emoji, ["🦀".into(), "🎉".into()]);
    assert!(client.effects.iter().any(|effect| matches!(effect, Effect::RememberEmoji(_))));
}

#[test]
fn what_is_no_emoji_is_refused_before_it_is_sent() {
    let mut client = Client::online();
    for typed in ["word", "a👍", "👍 👍", "5", "\u{202e}👍", &"👨\u{200d}".repeat(40)] {
        client.say(&format!("/react {typed}"));
        assert!(client.notice().contains("one emoji or its name"), "{typed}: {}", client.notice());
    }
    assert!(reacted(&mut client).is_empty());
}

#[test]
fn who_may_not_react_is_told_so() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY)).answer_page(LOBBY, 1..=5, false, false);
    client.reply(|req| *req == Request::JoinRoom(LOBBY), Err(refused(409, Kind::Conflict, "the room is full")));
    client.act(Action::React);
    assert!(client.notice().contains("/join"), "{}", client.notice());
}

#[test]
fn a_storm_of_reactions_moves_nothing_and_keeps_the_last() {
    let mut client = Client::online();
    client.look();
    let anchor = client.room(GENERAL).anchor.clone();
    for burst in 0..20_u64 {
        let event = |rev| MessageUpdated { room_id: GENERAL, message: with(rev, &[("👍", rev, &[2, 3])]) }.into();
        client.stream((burst * 256 + 2..burst * 256 + 258).map(event).collect());
    }
    assert_eq!(shown(&client), [("👍".into(), 20 * 256 + 1, false)]);
    assert_eq!(client.room(GENERAL).anchor, anchor);
    assert!(client.calls().is_empty());
}

#[test]
fn what_needs_a_membership_waits_until_the_user_has_joined() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY));
    let mut messages: Vec<_> = (1..=5).map(|seq| message(LOBBY, seq, BOB, "hi")).collect();
    messages[1] = message(LOBBY, 2, ALICE, "teh plan");
    let page = MessagePage { messages, has_older: false, has_newer: false, own_reactions: Vec::new() };
    client.reply(|req| matches!(req, Request::ListMessages(LOBBY, _)), Ok(Answer::Page(page)));
    client.say("/react 👍").act(Action::Edit).say("the plan").disk();
    let early = |effect: &Effect| match effect {
        Effect::Call { req, .. } => is_reaction(req) || matches!(req, Request::EditMessage(..)),
        _ => false,
    };
    assert!(!client.effects.iter().any(early), "{:?}", client.effects);
    assert!(next_deadline(&client.model).is_none_or(|due| due > client.model.now.mono_ms), "nothing spins meanwhile");
    let joined = listed(LOBBY, "Lobby", RoomKind::Public, 5, Some(5));
    client.reply(|req| *req == Request::JoinRoom(LOBBY), Ok(Answer::Room(joined)));
    assert_eq!(client.effects.iter().filter(|effect| early(effect)).count(), 2, "{:?}", client.effects);
}
