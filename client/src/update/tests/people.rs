//! Tests what the user does with other people, and what others do with the user.

use quchat_shared::{
    Kind,
    api::{Ban, Bans, NewBan, NewRole},
    event::{BanUpdated, MemberJoined, MemberLeft, MemberUpdated, RoomDeleted},
    room::Member,
};

use super::*;
use crate::model::{ComponentId, Dialog, DialogId, PersonAction};

const CAROL: UserId = UserId(3);

fn user(id: UserId, name: &str, online: bool) -> User {
    User {
        id,
        name: name.into(),
        role: ServerRole::Member,
        created_at: Timestamp::from_millis(0),
        online,
        suspended: false,
    }
}

fn member(id: UserId, name: &str, role: Role) -> Member {
    Member { user: user(id, name, false), role, joined_at: Timestamp::from_millis(0) }
}

fn person(id: UserId, name: &str) -> UserRef {
    UserRef { id, name: name.into() }
}

/// Online, and alice has this role in #general.
fn with_role(role: Role) -> Client {
    let mut client = Client::online();
    client.model.rooms.get_mut(&GENERAL).unwrap().member.as_mut().unwrap().role = role;
    client
}

/// Answers the search for a name.
fn answer_users(client: &mut Client, users: Vec<User>) {
    let reply = Ok(Answer::Users(Users { users, next: None }));
    client.reply(|req| matches!(req, Request::ListUsers(_)), reply);
}

fn left(room_id: RoomId, by: Option<&str>, banned: bool) -> Event {
    let by = by.map(|name| person(BOB, name));
    MemberLeft { room_id, user: person(ALICE, "alice"), by, banned }.into()
}

#[test]
fn a_known_name_needs_no_look_up_and_an_unknown_one_is_asked_for() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.say("/invite @BOB");
    assert!(
        client
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Call { req: Request::AddMember(GENERAL, BOB), .. }))
    );
    client.calls();
    client.say("/invite carol");
    answer_users(&mut client, vec![user(CAROL, "Carol", true)]);
    assert!(client.calls().iter().any(|(_, req)| *req == Request::AddMember(GENERAL, CAROL)));
}

#[test]
fn a_name_that_only_begins_like_a_user_is_nobody() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.say("/kick car");
    answer_users(&mut client, vec![user(CAROL, "carol", true)]);
    assert_eq!((client.calls(), client.notice()), (vec![], "there is no user car"));
}

#[test]
fn what_was_done_is_said_and_a_refusal_shows_the_servers_sentence() {
    let done: [(&str, &str); 4] = [
        ("/invite bob", "bob is in #general now"),
        ("/kick bob", "bob is not in #general any more"),
        ("/unban bob", "bob may come back to #general"),
        ("/role bob moderator", "bob is moderator in #general now"),
    ];
    for (line, said) in done {
        let mut client = Client::online();
        let yes = Msg::Answer(true); // to the question, if there is one
        client.say(line).on(yes.clone()).reply(|_| true, Ok(Answer::NoContent(())));
        assert_eq!(client.notice(), said);
        client.say(line).on(yes).reply(|_| true, Err(refused(403, Kind::Forbidden, "only moderators may do this")));
        assert!(client.notice().ends_with(": only moderators may do this"), "{}", client.notice());
        client.on(Msg::Recall { back: true });
        assert_eq!(client.draft(), line, "Up brings the command back");
    }
}

#[test]
fn removing_a_member_asks_first() {
    let mut client = Client::online();
    client.say("/kick bob");
    assert_eq!((focus(&client.model), client.calls()), (ComponentId::Dialog(DialogId::Ask), vec![]));
    client.on(Msg::Answer(false));
    assert_eq!(client.calls(), []);
    client.on(Msg::ActOn { user: person(BOB, "bob"), action: PersonAction::Remove(GENERAL) });
    assert_eq!((focus(&client.model), client.calls()), (ComponentId::Dialog(DialogId::Ask), vec![]));
    client.on(Msg::Answer(true));
    assert_eq!(client.calls().pop().map(|(_, req)| req), Some(Request::RemoveMember(GENERAL, BOB)));
}

#[test]
fn a_ban_asks_first_and_keeps_its_reason() {
    let mut client = Client::online();
    client.say("/ban bob spam and worse");
    assert_eq!((focus(&client.model), client.calls()), (ComponentId::Dialog(DialogId::Ask), vec![]));
    client.on(Msg::Answer(false));
    assert_eq!(client.calls(), []);
    client.say("/ban bob spam and worse").on(Msg::Answer(true));
    let ban = Request::BanUser(GENERAL, BOB, NewBan { reason: Some("spam and worse".into()) });
    assert_eq!(client.calls().pop().map(|(_, req)| req), Some(ban));
}

#[test]
fn wrong_arguments_keep_the_draft_and_say_what_to_change() {
    for line in ["/kick", "/role bob", "/role bob boss", "/invite a b", "/kick a/b", "/rename", "/msg"] {
        let mut client = Client::online();
        client.say(line);
        assert_eq!(client.draft(), line);
        assert_ne!(client.notice(), "", "{line}");
    }
}

#[test]
fn who_was_put_out_reads_by_whom_and_nothing_brings_them_back() {
    for (banned, why) in [(false, "bob removed you from #general"), (true, "bob banned you from #general")] {
        let mut client = Client::online();
        client.say("one").disk().say("two").disk().effects.clear();
        client.stream(vec![left(GENERAL, Some("bob"), banned)]);
        assert_eq!(client.notice(), why);
        let reasons = |state: &&SendState| matches!(state, SendState::Refused(reason) if **reason == *why);
        assert_eq!(client.states(GENERAL).iter().filter(|state| reasons(state)).count(), 2, "both stay readable");
        client.pass(60_000);
        assert_eq!(sent(&mut client), [], "posting would join the room again");
    }
}

#[test]
fn a_send_that_was_in_flight_while_the_user_was_removed_is_not_repeated() {
    let mut client = Client::online();
    client.say("one").disk().stream(vec![left(GENERAL, Some("bob"), false)]);
    client.reply(is_send, Err(unreachable())).pass(60_000);
    assert_eq!(sent(&mut client), []);
    let mut client = Client::online();
    client.say("one").disk().stream(vec![left(GENERAL, Some("bob"), false)]).acknowledge(GENERAL, 4);
    assert!(!client.states(GENERAL).iter().any(|state| matches!(state, SendState::Refused(_))), "it had arrived");
}

#[test]
fn a_removal_from_another_room_is_reported_too_and_leaving_is_not() {
    let mut client = Client::online();
    client.stream(vec![left(SECRET, Some("bob"), false)]);
    assert_eq!(client.notice(), "bob removed you from *secret");
    let mut client = Client::online();
    client.stream(vec![left(OPS, None, false)]);
    assert_eq!((client.notice(), client.room(OPS).joined()), ("", false));
}

#[test]
fn a_removal_is_the_reason_of_what_was_refused_before_the_news_of_it() {
    let mut client = Client::online();
    client.on(Msg::Open(SECRET)).say("one").disk().say("two").disk();
    client.reply(
        |req| matches!(req, Request::SendMessage(..)),
        Err(refused(404, Kind::NotFound, "there is no such room")),
    );
    client.stream(vec![left(SECRET, Some("bob"), false)]);
    let why = "bob removed you from *secret";
    let reasons: Vec<_> = client.states(SECRET).into_iter().cloned().collect();
    assert_eq!(reasons, [SendState::Refused(why.into()), SendState::Refused(why.into())]);
    assert_eq!(&*client.room(SECRET).gone_because, why);
}

#[test]
fn somebody_who_was_added_to_a_room_is_told_by_whom() {
    let mut client = Client::online();
    let room = RoomInfo { id: RoomId(40), kind: RoomKind::Private, ..client.room(SECRET).info.clone() };
    let joined = |by| MemberJoined { room: room.clone(), user: person(ALICE, "alice"), role: Role::Member, by };
    client.stream(vec![joined(None).into()]);
    assert_eq!(client.notice(), "", "the user joined elsewhere");
    let mut client = Client::online();
    client.stream(vec![joined(Some(person(BOB, "bob"))).into()]);
    assert_eq!(client.notice(), "bob added you to *secret");
}

#[test]
fn the_list_of_people_says_why_it_does_not_open() {
    let mut client = Client::online();
    client.stream(vec![left(GENERAL, Some("bob"), true), BanUpdated { room_id: GENERAL, banned: true }.into()]);
    client.act(Action::People);
    assert_eq!(client.notice(), "you are banned from this room");
}

#[test]
fn a_banned_user_keeps_the_draft_and_may_not_write_or_join_until_the_ban_is_lifted() {
    let mut client = Client::online();
    let banned = |banned| vec![BanUpdated { room_id: GENERAL, banned }.into()];
    client.write("why").stream(vec![left(GENERAL, Some("bob"), true)]).stream(banned(true)).act(Action::Send);
    assert_eq!((client.draft(), client.notice()), ("why", "you are banned from this room; your text stays"));
    client.on(Msg::Open(GENERAL));
    assert!(!client.calls().iter().any(|(_, req)| matches!(req, Request::JoinRoom(_))));
    client.stream(banned(false));
    assert_eq!(client.notice(), "you may join #general again");
    client.on(Msg::Open(GENERAL));
    assert!(client.calls().iter().any(|(_, req)| *req == Request::JoinRoom(GENERAL)));
}

#[test]
fn a_deleted_room_keeps_its_draft_and_what_was_not_sent() {
    let mut client = Client::online();
    client.say("late").write("half a thought").stream(vec![RoomDeleted { room_id: GENERAL }.into()]);
    assert_eq!(client.draft(), "half a thought");
    let [SendState::Refused(why)] = client.states(GENERAL)[..] else { panic!("{:?}", client.states(GENERAL)) };
    assert_eq!(&**why, "this room was deleted");
    client.disk().pass(60_000);
    assert_eq!(sent(&mut client), []);
}

fn answer_members(client: &mut Client, members: Vec<Member>, next: Option<&str>) -> Request {
    let at = client.asides.iter().position(|(_, req)| matches!(req, Request::ListMembers(..))).unwrap();
    let (call, req) = client.asides.remove(at);
    let page = Members { members, next: next.map(Into::into) };
    client.on(Msg::Done { call, reply: Ok(Answer::Members(page)) });
    req
}

fn listed_names(client: &Client) -> Vec<&str> {
    let Some(Dialog::People(people)) = client.model.dialogs.last() else { panic!("{:?}", client.model.dialogs) };
    people.list.page.iter().flatten().map(|member| member.user.name.as_str()).collect()
}

#[test]
fn the_list_of_members_keeps_one_page_and_turns_both_ways() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.act(Action::People);
    answer_members(&mut client, vec![member(ALICE, "alice", Role::Owner)], Some("n1"));
    client.on(Msg::TurnPage { forward: true });
    answer_members(&mut client, vec![member(BOB, "bob", Role::Member)], None);
    assert_eq!(listed_names(&client), ["bob"], "the page before is not kept");
    client.on(Msg::TurnPage { forward: true });
    assert_eq!(client.asides, [], "there is no next page");
    client.on(Msg::TurnPage { forward: false });
    let request = answer_members(&mut client, vec![member(ALICE, "alice", Role::Owner)], Some("n1"));
    assert!(matches!(request, Request::ListMembers(GENERAL, page) if page.after.is_none()));
    assert_eq!(listed_names(&client), ["alice"]);
}

#[test]
fn filtering_asks_once_at_a_time_and_the_last_text_wins() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.act(Action::People);
    for typed in ["c", "ca", "car"] {
        client.on(Msg::FilterPeople(typed.into()));
    }
    assert_eq!(client.asides.len(), 1, "one request is in flight");
    answer_members(&mut client, vec![member(ALICE, "alice", Role::Owner)], None);
    let request = answer_members(&mut client, vec![member(CAROL, "carol", Role::Member)], None);
    assert!(matches!(request, Request::ListMembers(GENERAL, page) if page.prefix.as_deref() == Some("car")));
    assert_eq!((listed_names(&client), client.asides.len()), (vec!["carol"], 0));
}

#[test]
fn the_open_list_follows_what_happens() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.act(Action::People);
    let bob = member(BOB, "bob", Role::Member);
    answer_members(&mut client, vec![bob, member(CAROL, "carol", Role::Member)], None);
    let room = info(GENERAL, "general", RoomKind::Public, 3);
    let gone = MemberLeft { room_id: GENERAL, user: person(BOB, "bob"), by: None, banned: false };
    let raised = MemberUpdated { room: room.clone(), user: person(CAROL, "carol"), role: Role::Moderator, by: None };
    client.stream(vec![gone.into(), raised.into()]);
    let Some(Dialog::People(people)) = client.model.dialogs.last() else { panic!() };
    assert_eq!(people.list.page.as_deref(), Some(&[member(CAROL, "carol", Role::Moderator)][..]));
    let joined = MemberJoined { room, user: person(BOB, "bob"), role: Role::Member, by: None };
    client.stream(vec![joined.into()]);
    assert_eq!(client.asides.len(), 1, "the page is read again");
}

#[test]
fn only_what_the_role_permits_is_offered() {
    let offers = |role, theirs: Role| {
        let client = with_role(role);
        let room = client.room(GENERAL);
        client.model.offers(room, &member(BOB, "bob", theirs))
    };
    let message = PersonAction::Message(None);
    let put_out = [PersonAction::Remove(GENERAL), PersonAction::Ban(GENERAL, None)];
    assert_eq!(offers(Role::Member, Role::Member), std::slice::from_ref(&message));
    let expected = [std::slice::from_ref(&message), &put_out[..]].concat();
    assert_eq!(offers(Role::Moderator, Role::Member), expected);
    assert_eq!(offers(Role::Moderator, Role::Moderator), std::slice::from_ref(&message));
    let roles = [Role::Owner, Role::Member].map(|role| PersonAction::SetRole(GENERAL, role));
    assert_eq!(offers(Role::Owner, Role::Moderator), [&[message], &roles[..], &put_out[..]].concat());
}

#[test]
fn an_admin_ranks_above_owners_in_public_rooms_only_and_is_never_put_out() {
    let mut client = with_role(Role::Owner);
    let mut bob = member(BOB, "bob", Role::Member);
    bob.user.role = ServerRole::Admin;
    let puts_out = |client: &Client, room: RoomId, bob: &Member| {
        client.model.offers(client.room(room), bob).iter().any(|offer| matches!(offer, PersonAction::Ban(..)))
    };
    assert!(!puts_out(&client, GENERAL, &bob));
    client.model.account.as_mut().unwrap().user.role = ServerRole::Admin;
    bob.user.role = ServerRole::Member;
    bob.role = Role::Owner;
    assert!(puts_out(&client, GENERAL, &bob) && !puts_out(&client, SECRET, &bob));
}

#[test]
fn the_switcher_finds_people_and_opens_the_direct_room() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.act(Action::Switch).on(Msg::LookUp("c".into())).on(Msg::LookUp("ca".into()));
    let searches = |effect: &&Effect| matches!(effect, Effect::Call { req: Request::ListUsers(_), .. });
    assert_eq!(client.effects.iter().filter(searches).count(), 1, "one request is in flight");
    answer_users(&mut client, vec![user(CAROL, "carol", true)]);
    assert_eq!(client.model.look_up.found, [], "an answer to an earlier text");
    answer_users(&mut client, vec![user(CAROL, "carol", true)]);
    assert_eq!(client.model.look_up.found, [person(CAROL, "carol")]);
    client.on(Msg::Pick(crate::update::Pick::Person(person(CAROL, "carol"))));
    assert!(client.calls().iter().any(|(_, req)| *req == Request::OpenDirectRoom(CAROL)));
}

#[test]
fn reconnecting_repeats_what_the_user_asked_for() {
    let mut client = Client::online();
    client.say("/kick bob").on(Msg::Answer(true)).effects.clear();
    client.act(Action::Reconnect);
    let role = NewRole { role: Role::Owner };
    assert!(client.calls().iter().any(|(_, req)| *req == Request::RemoveMember(GENERAL, BOB)));
    client.say("/role bob owner").effects.clear();
    client.pass(1_000).act(Action::Reconnect);
    assert!(client.calls().iter().any(|(_, req)| *req == Request::SetRole(GENERAL, BOB, role)));
}

fn ban(id: UserId, name: &str) -> Ban {
    let by = Some(person(ALICE, "alice"));
    Ban { user: person(id, name), by, reason: Some("spam".into()), created_at: Timestamp::from_millis(0) }
}

fn answer_bans(client: &mut Client, bans: Vec<Ban>, next: Option<&str>) {
    let page = Bans { bans, next: next.map(Into::into) };
    client.reply(|req| matches!(req, Request::ListBans(GENERAL, _)), Ok(Answer::Bans(page)));
}

fn banned_names(client: &Client) -> Vec<&str> {
    let Some(Dialog::Bans(bans)) = client.model.dialogs.last() else { panic!("{:?}", client.model.dialogs) };
    bans.list.page.iter().flatten().map(|ban| ban.user.name.as_str()).collect()
}

#[test]
fn the_list_of_bans_is_read_page_by_page_and_a_lifted_ban_leaves_it() {
    for line in ["/bans", "/unban"] {
        let mut client = with_role(Role::Moderator);
        client.say(line);
        answer_bans(&mut client, vec![ban(BOB, "bob"), ban(CAROL, "carol")], Some("n1"));
        client.on(Msg::TurnPage { forward: true });
        let wanted = client.calls().pop().map(|(_, req)| req);
        assert!(matches!(wanted, Some(Request::ListBans(GENERAL, page)) if page.after.as_deref() == Some("n1")));
    }
    let mut client = with_role(Role::Moderator);
    client.say("/bans");
    answer_bans(&mut client, vec![ban(BOB, "bob"), ban(CAROL, "carol")], None);
    client.on(Msg::ActOn { user: person(BOB, "bob"), action: PersonAction::Unban(GENERAL) });
    client.reply(|req| *req == Request::UnbanUser(GENERAL, BOB), Ok(Answer::NoContent(())));
    assert_eq!((banned_names(&client), client.notice()), (vec!["carol"], "bob may come back to #general"));
}

#[test]
fn when_the_last_ban_of_a_page_is_lifted_another_page_is_read() {
    for (next, after) in [(Some("n2"), Some("n1")), (None, None)] {
        let mut client = with_role(Role::Moderator);
        client.say("/bans");
        answer_bans(&mut client, vec![ban(BOB, "bob")], Some("n1"));
        client.on(Msg::TurnPage { forward: true });
        answer_bans(&mut client, vec![ban(CAROL, "carol")], next);
        client.on(Msg::ActOn { user: person(CAROL, "carol"), action: PersonAction::Unban(GENERAL) });
        client.reply(|req| *req == Request::UnbanUser(GENERAL, CAROL), Ok(Answer::NoContent(())));
        let wanted = client.calls().pop().map(|(_, req)| req);
        assert!(matches!(wanted, Some(Request::ListBans(GENERAL, page)) if page.after.as_deref() == after), "{next:?}");
    }
}

#[test]
fn why_bans_are_not_listed_or_not_lifted_stands_in_the_list() {
    let problem = |client: &Client| match client.model.dialogs.last() {
        Some(Dialog::Bans(bans)) => bans.list.problem.clone(),
        other => panic!("{other:?}"),
    };
    let refusal = || Err(refused(403, Kind::Forbidden, "only moderators may do this"));
    let mut client = Client::online();
    client.say("/bans").reply(|req| matches!(req, Request::ListBans(..)), refusal());
    assert_eq!(problem(&client).as_deref(), Some("only moderators may do this"));
    let mut client = with_role(Role::Moderator);
    client.say("/bans");
    answer_bans(&mut client, vec![ban(BOB, "bob")], None);
    client.on(Msg::ActOn { user: person(BOB, "bob"), action: PersonAction::Unban(GENERAL) });
    client.reply(|req| matches!(req, Request::UnbanUser(..)), refusal());
    assert_eq!(problem(&client).as_deref(), Some("could not lift the ban of bob: only moderators may do this"));
    assert_eq!(banned_names(&client), ["bob"]);
    client.cut(unreachable()).pass(5_000).hello("k-2");
    answer_bans(&mut client, vec![ban(BOB, "bob")], None);
    assert_eq!(problem(&client), None, "the list is read again with the next connection");
}

#[test]
fn somebody_who_is_banned_meanwhile_appears_in_the_open_list() {
    let mut client = with_role(Role::Moderator);
    client.say("/bans");
    answer_bans(&mut client, Vec::new(), None);
    let (user, by) = (person(CAROL, "carol"), Some(person(BOB, "bob")));
    client.stream(vec![MemberLeft { room_id: GENERAL, user, by, banned: true }.into()]);
    answer_bans(&mut client, vec![ban(CAROL, "carol")], None);
    assert_eq!(banned_names(&client), ["carol"]);
}

#[test]
fn a_banned_name_needs_no_look_up() {
    let mut client = with_role(Role::Moderator);
    let user = person(CAROL, "carol");
    client.stream(vec![MemberLeft { room_id: GENERAL, user, by: None, banned: true }.into()]).say("/unban carol");
    assert_eq!(client.calls().pop().map(|(_, req)| req), Some(Request::UnbanUser(GENERAL, CAROL)));
}

#[test]
fn a_new_role_in_a_room_is_told_to_the_user_with_the_name_of_who_set_it() {
    let updated = |by: Option<UserRef>, role| -> Event {
        MemberUpdated { room: info(GENERAL, "general", RoomKind::Public, 3), user: person(ALICE, "alice"), role, by }
            .into()
    };
    let mut client = Client::online();
    client.stream(vec![updated(Some(person(BOB, "bob")), Role::Moderator)]);
    assert_eq!(client.notice(), "bob made you moderator in #general");
    client.stream(vec![updated(None, Role::Owner)]);
    assert_eq!(client.notice(), "you are owner in #general now");
    client.model.notice = None;
    client.stream(vec![updated(None, Role::Owner)]);
    assert_eq!(client.notice(), "", "nothing has changed");
}
