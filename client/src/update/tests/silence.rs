//! Tests a server that does not answer: it is not shown as connected, and the user can retry at once.

use quchat_shared::{
    api::ReadMarker,
    event::{Bye, ByeReason},
};

use super::*;
use crate::model::Link;

fn is_listen(effect: &Effect) -> bool {
    matches!(effect, Effect::Listen { .. })
}

#[test]
fn after_five_seconds_without_an_answer_the_status_counts_the_seconds() {
    let mut client = Client::online();
    client.say("hi").disk().pass(4_999);
    assert_eq!(client.model.silent_for(), None);
    client.pass(1);
    assert_eq!(client.model.silent_for(), Some(5));
    client.pass(7_000);
    assert_eq!(client.model.silent_for(), Some(12));
    client.acknowledge(GENERAL, 4);
    assert_eq!(client.model.silent_for(), None);
}

#[test]
fn any_request_counts_and_the_oldest_one_is_shown() {
    let asks: [fn(&mut Client); 4] = [
        |client| drop(client.on(Msg::Open(OPS)).calls()),
        |client| drop(client.on(Msg::Open(LOBBY)).calls()),
        |client| drop(client.hear(message(GENERAL, 4, BOB, "x")).look().pass(1_000).calls()),
        |client| {
            client.on(Msg::CreateRoom { name: "new".into(), private: false });
        },
    ];
    for ask in asks {
        let mut client = Client::online();
        ask(&mut client);
        client.pass(3_000);
        let room = client.model.open.unwrap();
        client.model.dialogs.clear();
        client.say("answered at once").disk().acknowledge(room, 9).pass(2_000);
        assert_eq!(client.model.silent_for(), Some(5));
    }
}

#[test]
fn a_failed_attempt_does_not_count_as_an_answer() {
    let mut client = Client::online();
    client.say("hi").disk().pass(30_000);
    client.reply(is_send, Err(Failure::Unreachable { reason: "timed out".into() }));
    assert_eq!((client.model.silent_for(), &client.model.link), (Some(30), &Link::Connected));
    client.pass(1_000).reply(is_send, Err(asking_to_wait(503, 60_000)));
    assert_eq!(client.model.silent_for(), None, "that was an answer");
}

#[test]
fn opening_the_stream_counts_as_a_request() {
    let mut client = Client::online();
    client.cut(unreachable()).pass(2_000).pass(5_000);
    assert!(matches!(client.model.link, Link::Connecting { .. }) && client.model.silent_for().is_some());
    client.hello("k-2").pass(1_000); // then it asks who is there
    assert_eq!((client.model.silent_for(), next_deadline(&client.model)), (None, None));
}

#[test]
fn an_event_is_no_answer_to_a_request() {
    let mut client = Client::online();
    client.say("hi").disk().pass(6_000).hear(message(GENERAL, 4, BOB, "x"));
    assert_eq!(client.model.silent_for(), Some(6));
}

#[test]
fn an_idle_client_waits_for_nothing() {
    let mut client = Client::online();
    client.say("hi").disk().acknowledge(GENERAL, 4).disk();
    client.hear(message(GENERAL, 4, ALICE, "hi")).hear(message(GENERAL, 5, BOB, "x")).look().pass(1_000);
    let reply = Ok(Answer::Marker(ReadMarker { last_read_seq: Seq(5), unread: 0, mentions: 0 }));
    client.reply(|req| matches!(req, Request::MarkRead(..)), reply).pass(3_000);
    client.disk();
    assert_eq!(next_deadline(&client.model), None);
}

#[test]
fn reconnect_tries_at_once_whatever_the_pause() {
    for asked in [None, Some(120_000)] {
        let mut client = Client::online();
        client.say("hi").disk().reply(is_send, Err(asked.map_or_else(unreachable, |ms| asking_to_wait(503, ms))));
        for _ in 0..6 {
            client.cut(asked.map_or_else(unreachable, |ms| asking_to_wait(503, ms))).pass(40_000);
        }
        client.cut(unreachable()).effects.clear();
        client.act(Action::Reconnect);
        assert!(client.effects.iter().any(is_listen), "{:?}", client.effects);
        assert_eq!(sent(&mut client), [("p-1".to_owned(), "hi".to_owned())]);
        assert!(matches!(client.model.link, Link::Connecting { failures: 0 }));
    }
}

#[test]
fn reconnect_drops_stuck_connections_and_loses_nothing() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, BOB, "x")).look().pass(1_000).say("hi").disk();
    let stuck = client.calls();
    assert_eq!(stuck.len(), 2);
    client.act(Action::Reconnect).pass(2_000);
    assert!(client.effects.contains(&Effect::HangUp) && client.effects.contains(&Effect::Redial));
    let again: Vec<_> = client.calls().into_iter().map(|(_, req)| req).collect();
    assert!(stuck.iter().all(|(_, req)| again.contains(req)), "{again:?}");
    for (call, _) in stuck {
        client.on(Msg::Done { call, reply: Err(unreachable()) });
    }
    assert!(matches!(client.states(GENERAL)[..], [SendState::InFlight(_)]), "calls on the old connections are dropped");
}

#[test]
fn a_held_key_does_not_open_many_connections() {
    let mut client = Client::online();
    for _ in 0..100 {
        client.act(Action::Reconnect).pass(30);
    }
    assert_eq!(client.effects.iter().filter(|effect| **effect == Effect::Redial).count(), 3);
}

#[test]
fn reconnect_while_signed_out_asks_for_the_password() {
    let mut client = Client::online();
    client.stream(vec![Bye { reason: ByeReason::SignedOut }.into()]).act(Action::Cancel).act(Action::Reconnect);
    assert_eq!(client.model.dialogs, [crate::model::Dialog::SignedOut]);
}

#[test]
fn while_messages_are_acknowledged_the_next_attempt_comes_soon() {
    let mut client = Client::online();
    for _ in 0..6 {
        client.cut(unreachable()).pass(40_000);
    }
    client.cut(unreachable());
    assert!(!client.model.gets_through());
    client.pass(3_000).effects.clear();
    client.say("hi").disk().acknowledge(GENERAL, 4);
    assert!(client.model.gets_through());
    assert!(client.effects.iter().any(is_listen), "{:?}", client.effects);
    client.cut(unreachable()).effects.clear();
    client.say("again").disk().acknowledge(GENERAL, 5);
    assert!(!client.effects.iter().any(is_listen), "a stream that keeps failing is not opened all the time");
    client.pass(2_000);
    assert!(client.effects.iter().any(is_listen));
}

#[test]
fn a_pause_set_by_the_server_holds_even_while_messages_are_acknowledged() {
    let mut client = Client::online();
    client.cut(asking_to_wait(503, 60_000)).pass(5_000).effects.clear();
    client.say("hi").disk().acknowledge(GENERAL, 4).pass(50_000);
    assert!(!client.effects.iter().any(is_listen));
}

#[test]
fn a_server_that_only_postpones_does_not_count_as_answering() {
    for status in [302, 429, 502, 503] {
        let mut client = Client::online();
        for _ in 0..6 {
            client.cut(unreachable()).pass(40_000);
        }
        client.say("hi").disk().cut(unreachable());
        let due = |client: &Client| match client.model.link {
            Link::Reconnecting { at, .. } => at,
            _ => panic!("{:?}", client.model.link),
        };
        let before = due(&client);
        client.reply(is_send, Err(refused(status, Kind::Unknown, "not now")));
        assert_eq!((client.model.gets_through(), due(&client)), (false, before), "{status}");
    }
}

#[test]
fn a_final_refusal_shows_that_messages_reach_the_server() {
    let mut client = Client::online();
    client.say("hi").disk().cut(unreachable()).reply(is_send, Err(refused(403, Kind::Forbidden, "no")));
    assert!(client.model.gets_through());
}

#[test]
fn a_failed_page_does_not_affect_the_silence_of_a_later_send() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).reply(|req| matches!(req, Request::ListMessages(OPS, _)), Err(unreachable()));
    client.pass(600_000).say("hi").disk();
    assert_eq!(client.model.silent_for(), None);
    client.pass(5_000);
    assert_eq!(client.model.silent_for(), Some(5));
}

fn is_create(req: &Request) -> bool {
    matches!(req, Request::CreateRoom(_))
}

#[test]
fn reconnect_repeats_pending_joins_and_leaves() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY)).act(Action::LastRoom).say("/leave").effects.clear();
    client.act(Action::Reconnect);
    let asked: Vec<_> = client.calls().into_iter().map(|(_, req)| req).collect();
    assert!(asked.contains(&Request::JoinRoom(LOBBY)) && asked.contains(&Request::LeaveRoom(GENERAL)), "{asked:?}");
}

#[test]
fn reconnect_warns_that_a_room_may_have_been_created() {
    let mut client = Client::online();
    client.act(Action::CreateRoom).on(Msg::CreateRoom { name: "den".into(), private: false });
    client.act(Action::Cancel).act(Action::Reconnect);
    assert_eq!(client.calls().iter().filter(|(_, req)| is_create(req)).count(), 1, "it is not created twice");
    assert!(client.notice().contains("not known whether"), "{}", client.notice());
}
