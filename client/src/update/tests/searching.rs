//! Tests the search in all rooms: the latest search wins, and one request is in flight.

use quchat_shared::{
    api::Users,
    event::MessageUpdated,
    query::{ListUsers, SearchMessages},
};

use super::*;
use crate::model::{Asked, ComponentId, DialogId};

/// The searches that were requested since the last look.
fn searches(client: &mut Client) -> Vec<SearchMessages> {
    let query = |(_, req)| match req {
        Request::SearchMessages(query) => Some(query),
        _ => None,
    };
    client.calls().into_iter().filter_map(query).collect()
}

fn search(typed: &str) -> Client {
    let mut client = Client::online();
    client.act(Action::Search).on(Msg::SearchFor(typed.into())).pass(300);
    client
}

fn query_of(typed: &str) -> SearchMessages {
    let mut client = search(typed);
    let mut asked = searches(&mut client);
    assert_eq!(asked.len(), 1, "{:?}", client.model.search.asked);
    asked.remove(0)
}

fn wrong(typed: &str) -> String {
    let mut client = search(typed);
    assert_eq!(searches(&mut client), []);
    match client.model.search.asked {
        Asked::Wrong(why) => why,
        other => panic!("{typed}: {other:?}"),
    }
}

fn seqs(client: &Client) -> Vec<u64> {
    client.model.search.listing.hits.iter().map(|hit| hit.message.seq.0).collect()
}

#[test]
fn typing_waits_for_a_pause_and_one_request_is_in_flight() {
    let mut client = Client::online();
    client.act(Action::Search);
    for typed in ["d", "di", "dis"] {
        client.on(Msg::SearchFor(typed.into())).pass(100);
    }
    assert_eq!(client.calls(), Vec::new());
    client.pass(150);
    let (first, request) = client.calls().pop().unwrap();
    assert!(matches!(request, Request::SearchMessages(query) if query.q == "dis"));
    client.on(Msg::SearchFor("disk".into())).pass(1_000);
    assert_eq!(client.calls(), Vec::new(), "the first is still in flight");
    let late = Hits { hits: vec![found(OPS, 1)], next: None };
    client.on(Msg::Done { call: first, reply: Ok(Answer::Hits(late)) });
    assert_eq!(seqs(&client), [0_u64; 0], "it answers another search");
    client.answer_hits(vec![found(OPS, 9), found(OPS, 8)], None);
    assert_eq!(seqs(&client), [9, 8]);
    assert_eq!(next_deadline(&client.model), None);
}

#[test]
fn enter_does_not_wait_and_the_command_brings_its_text() {
    let mut client = Client::online();
    client.act(Action::Search).on(Msg::SearchFor("disk".into())).on(Msg::SearchNow);
    assert_eq!(searches(&mut client).len(), 1);
    let mut client = Client::online();
    client.say("/search disk full");
    assert_eq!(focus(&client.model), ComponentId::Dialog(DialogId::Search));
    assert_eq!(searches(&mut client)[0].q, "disk full");
}

#[test]
fn filters_become_parameters_and_the_words_stay_as_typed() {
    let query = query_of("in:#OPS \"disk full\" -never before:2026-11-01 after:2026-10-01");
    assert_eq!((&*query.q, query.room), ("\"disk full\" -never", Some(OPS)));
    let moment = |time: Option<Timestamp>| time.unwrap().to_string();
    assert_eq!(moment(query.sent_before), "2026-11-01T00:00:00.000Z");
    assert_eq!(moment(query.sent_after), "2026-10-01T23:59:59.999Z");
    assert_eq!(query_of("from:@Alice x").sender, Some(ALICE));
    assert_eq!(query_of("from:me x").sender, Some(ALICE));
    assert_eq!(query_of("noon? http://in:x").q, "noon? http://in:x", "a filter begins a word");
}

#[test]
fn a_search_is_restricted_to_the_direct_room_with_a_user() {
    let room_of = |typed: &str| {
        let mut client = Client::online();
        for (id, user, name) in [(21, BOB, "Bob"), (22, ALICE, "alice")] {
            let mut room = Room::new(info(RoomId(id), "", RoomKind::Direct, 3), None);
            room.peer = Some(UserRef { id: user, name: name.into() });
            client.model.rooms.insert(RoomId(id), room);
        }
        client.act(Action::Search).on(Msg::SearchFor(typed.into())).pass(300);
        let asked = searches(&mut client);
        assert_eq!(asked.len(), 1, "{:?}", client.model.search.asked);
        (asked[0].room, asked[0].q.clone())
    };
    for (typed, room) in
        [("in:@bob hi", RoomId(21)), ("in:BOB hi", RoomId(21)), ("in:@me hi", RoomId(22)), ("in:ops hi", OPS)]
    {
        assert_eq!(room_of(typed), (Some(room), "hi".into()), "{typed}");
    }
}

#[test]
fn what_cannot_be_searched_for_is_explained() {
    assert!(wrong("in:#nowhere x").contains("no room #nowhere"));
    assert!(wrong("in:@bob x").contains("/msg bob opens it"));
    assert!(wrong("in:@ x").contains("in:@bob"));
    assert!(wrong("before:yesterday x").contains("2026-11-01"));
    assert!(wrong("in:#ops").contains("word"));
    assert!(wrong("from:@ x").contains("from:@bob"));
}

#[test]
fn a_sender_is_looked_up_once() {
    let mut client = search("from:@Bob disk");
    let (call, request) = client.calls().pop().unwrap();
    let query = ListUsers { prefix: Some("bob".into()), limit: Some(1), ..ListUsers::default() };
    assert_eq!(request, Request::ListUsers(query));
    let users = Users { users: vec![session(BOB, "BOB").user], next: None };
    client.on(Msg::Done { call, reply: Ok(Answer::Users(users)) });
    assert_eq!(searches(&mut client)[0].sender, Some(BOB));
    let mut client = search("from:@nobody disk");
    let (call, _) = client.calls().pop().unwrap();
    client.on(Msg::Done { call, reply: Ok(Answer::Users(Users { users: Vec::new(), next: None })) });
    assert_eq!(client.model.search.asked, Asked::Wrong("there is no user nobody".into()));
    assert_eq!(client.pass(10_000).calls(), Vec::new());
}

#[test]
fn more_hits_are_fetched_and_a_busy_server_is_asked_again() {
    let mut client = search("disk");
    client.reply(|req| matches!(req, Request::SearchMessages(_)), Err(asking_to_wait(503, 3_000)));
    assert_eq!(client.model.search.listing.problem.as_deref(), Some("later"));
    assert_eq!(client.pass(2_000).calls(), Vec::new());
    client.pass(1_500).answer_hits(vec![found(OPS, 9)], Some("9"));
    assert_eq!(client.model.search.listing.problem, None);
    client.on(Msg::More);
    assert_eq!(client.model.search.request().unwrap().after.as_deref(), Some("9"));
    client.answer_hits(vec![found(OPS, 2)], None);
    assert_eq!(seqs(&client), [9, 2]);
}

#[test]
fn a_hit_leads_to_its_message_and_the_search_is_there_again() {
    let mut client = search("hi");
    client.answer_hits(vec![found(OPS, 9), found(LOBBY, 4)], None);
    let hit = Arc::clone(&client.model.search.listing.hits[1]);
    client.on(Msg::JumpTo(hit)).answer_page(LOBBY, 1..=5, false, false);
    assert_eq!((client.model.open, client.room(LOBBY).joined()), (Some(LOBBY), false), "looking is not joining");
    assert!(client.effects.iter().all(|effect| !matches!(effect, Effect::Call { req: Request::JoinRoom(_), .. })));
    client.act(Action::Search);
    assert_eq!((&*client.model.search.typed, client.model.search.chosen), ("hi", Some((LOBBY, Seq(4)))));
    assert_eq!(seqs(&client), [9, 4], "the hits stay until they are there again");
    client.answer_hits(vec![found(LOBBY, 4)], None);
    assert_eq!(seqs(&client), [4]);
}

#[test]
fn end_returns_to_the_newest_message_after_a_jump() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 901..=1_000);
    client.on(Msg::JumpTo(Arc::new(found(GENERAL, 100)))).answer_page(GENERAL, 1..=200, false, true);
    assert!(client.room(GENERAL).timeline.has_newer);
    client.effects.clear();
    client.act(Action::ToBottom).answer_page(GENERAL, 941..=1_000, true, false);
    assert_eq!(client.room(GENERAL).timeline.last(), Some(Seq(1_000)));
}

#[test]
fn signing_out_forgets_what_was_searched_for() {
    let mut client = search("secret");
    client.answer_hits(vec![found(OPS, 9)], None).act(Action::Cancel).act(Action::SignOut);
    assert_eq!((&*client.model.search.typed, seqs(&client)), ("", vec![]));
}

fn edit(client: &mut Client, rev: u64, text: &str) {
    let message = Message { rev, text: text.into(), ..found(OPS, 9).message };
    client.stream(vec![MessageUpdated { room_id: OPS, message }.into()]);
}

fn ranges(client: &Client) -> Vec<Vec<(usize, usize)>> {
    client.model.search.listing.hits.iter().map(|hit| hit.ranges.clone()).collect()
}

#[test]
fn in_an_edited_hit_the_words_are_found_again_and_without_them_it_is_no_hit() {
    let mut client = search("hi");
    client.answer_hits(vec![found(OPS, 9), found(OPS, 8)], None);
    edit(&mut client, 2, "so: HÍ, hills and hi");
    assert_eq!(ranges(&client), [vec![(4, 7), (19, 21)], vec![(0, 2)]]);
    edit(&mut client, 1, "hi");
    assert_eq!(ranges(&client)[0], [(4, 7), (19, 21)], "an older copy changes nothing");
    edit(&mut client, 3, "so: HÍ, hills and hi");
    assert_eq!(ranges(&client)[0], [(4, 7), (19, 21)], "a reaction changes nothing");
    edit(&mut client, 4, "nothing");
    assert_eq!(seqs(&client), [8]);
}

#[test]
fn the_hit_that_the_user_jumped_to_stays_in_the_light_when_it_is_edited() {
    let mut client = search("hi");
    client.answer_hits(vec![found(OPS, 9)], None);
    let hit = Arc::clone(&client.model.search.listing.hits[0]);
    client.on(Msg::JumpTo(hit)).answer_page(OPS, 1..=10, false, false);
    let lit = |client: &Client| client.model.spotlight.as_ref().map(|hit| hit.ranges.clone());
    edit(&mut client, 2, "oh hi");
    assert_eq!(lit(&client), Some(vec![(3, 5)]));
    edit(&mut client, 3, "oh");
    assert_eq!(lit(&client), Some(vec![]));
    let message = Message { rev: 4, deleted_at: Some(Timestamp::from_millis(1)), ..found(OPS, 9).message };
    client.stream(vec![MessageUpdated { room_id: OPS, message }.into()]);
    assert_eq!(lit(&client), None);
}
