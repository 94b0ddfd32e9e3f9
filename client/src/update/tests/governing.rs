//! Tests what admins of the server do: users, roles and invites. Others are not offered it.

use quchat_shared::{
    InviteId, Kind,
    api::Users,
    invite::{CreatedInvite, Invite, InviteCode, Invites, NewInvite},
    pin::Pin,
    user::UserChange,
};

use super::*;
use crate::model::{Dialog, PersonAction, Question, Server};

fn bob() -> UserRef {
    UserRef { id: BOB, name: "bob".into() }
}

fn user(id: UserId, name: &str) -> User {
    session(id, name).user
}

/// Online; alice is an admin.
fn admin() -> Client {
    let mut client = Client::online();
    client.model.account.as_mut().unwrap().user.role = ServerRole::Admin;
    client
}

fn on_server(client: &mut Client, origin: &str, pin: Option<Pin>) {
    client.model.account.as_mut().unwrap().server = Server { origin: Origin::parse(origin).unwrap(), pin };
}

/// The change that the only pending call requests.
fn change(client: &mut Client) -> UserChange {
    match client.calls().pop() {
        Some((_, Request::UpdateUser(BOB, change))) => change,
        other => panic!("{other:?}"),
    }
}

fn created() -> CreatedInvite {
    let (code, expires_at) = (InviteCode::new([0; 16]), Timestamp::from_millis(1_795_945_200_000));
    CreatedInvite { id: InviteId(3), code, room: Some(GENERAL), uses: 5, expires_at }
}

fn invite(id: u64) -> Invite {
    let at = Timestamp::from_millis(0);
    Invite {
        id: InviteId(id),
        room: None,
        uses: 1,
        uses_left: 1,
        created_at: at,
        expires_at: at,
        created_by: None,
        admin: false,
    }
}

#[test]
fn others_are_told_that_only_admins_use_it() {
    let mut client = Client::online();
    client.say("/admin users");
    assert_eq!((client.notice(), client.draft()), ("only admins of this server may use /admin", "/admin users"));
    assert_eq!((client.calls(), client.model.dialogs.len()), (vec![], 0));
}

#[test]
fn the_commands_change_a_user() {
    let mut client = admin();
    client.say("/admin suspend @bob");
    assert_eq!(client.model.dialogs, [Dialog::Ask(Question::Suspend { user: bob() })]);
    assert_eq!(client.calls(), []);
    client.on(Msg::Answer(true));
    assert_eq!(change(&mut client), UserChange { role: None, suspended: Some(true) });
    for (line, role, suspended) in [
        ("/admin unsuspend bob", None, Some(false)),
        ("/admin role bob admin", Some(ServerRole::Admin), None),
        ("/ADMIN  role bob member", Some(ServerRole::Member), None),
    ] {
        assert_eq!(change(admin().say(line)), UserChange { role, suspended }, "{line}");
    }
}

#[test]
fn wrong_words_keep_the_draft_and_say_what_to_change() {
    for line in [
        "/admin",
        "/admin boss",
        "/admin suspend",
        "/admin suspend bob now",
        "/admin role bob",
        "/admin role bob owner",
        "/admin users bob",
        "/admin invite nowhere",
        "/admin invite 0",
        "/admin invite 10001",
        "/admin invite 0d",
        "/admin invite 2000d",
    ] {
        let mut client = admin();
        client.say(line);
        assert_eq!(client.calls(), []);
        assert_eq!(client.draft(), line);
        assert_ne!(client.notice(), "", "{line}");
    }
}

#[test]
fn an_invite_takes_a_room_a_number_and_a_time_in_this_order() {
    let day = 24 * 60 * 60;
    for (line, room, uses, expires_in_seconds) in [
        ("/admin invite", None, None, None),
        ("/admin invite #ops", Some(OPS), None, None),
        ("/admin invite ops 5 7d", Some(OPS), Some(5), Some(7 * day)),
        ("/admin invite 5", None, Some(5), None),
        ("/admin invite 90m", None, None, Some(90 * 60)),
        ("/admin invite Lobby 2w", Some(LOBBY), None, Some(14 * day)),
        ("/admin invite 10000 12h", None, Some(10_000), Some(day / 2)),
    ] {
        let mut client = admin();
        client.say(line);
        let new = NewInvite { room, uses, expires_in_seconds };
        assert_eq!(client.calls().pop().map(|(_, req)| req), Some(Request::CreateInvite(new)), "{line}");
    }
}

#[test]
fn a_new_invite_is_shown_as_a_link_and_copied() {
    let pin = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk";
    let code = "AAAAAAAAAAAAAAAAAAAAAA";
    for (origin, known, copied, said) in [
        ("https://chat.lan:7878", Some(Pin([9; 32])), format!("quchat://chat.lan/{pin}/{code}"), "link"),
        ("https://chat.example.org", None, format!("quchat://chat.example.org:443/-/{code}"), "link"),
        ("http://localhost", None, code.to_owned(), "code"),
    ] {
        let mut client = admin();
        on_server(&mut client, origin, known);
        client.say("/admin invite #general 5").reply(|_| true, Ok(Answer::Invite(created())));
        client.effects.clear();
        client.on(Msg::CopyInvite);
        assert_eq!(client.effects, [Effect::Copy(copied)]);
        assert!(client.notice().starts_with(said), "{}", client.notice());
        assert!(!format!("{:?}", client.model.dialogs).contains(code), "the code is in the Debug text");
    }
}

#[test]
fn an_invite_that_is_refused_shows_the_servers_sentence() {
    let mut client = admin();
    let failure = refused(409, Kind::Conflict, "there are 100 invites of yours, which is the limit");
    client.say("/admin invite").reply(|_| true, Err(failure));
    assert!(client.notice().ends_with("100 invites of yours, which is the limit"), "{}", client.notice());
}

#[test]
fn a_revoked_invite_leaves_the_list() {
    for answer in [Ok(Answer::NoContent(())), Err(refused(404, Kind::NotFound, "there is no such invite"))] {
        let mut client = admin();
        let page = Invites { invites: vec![invite(2), invite(1)], next: None };
        client.say("/admin invites").reply(|_| true, Ok(Answer::Invites(page)));
        client.on(Msg::RevokeInvite(InviteId(2)));
        client.reply(|req| *req == Request::DeleteInvite(InviteId(2)), answer);
        let Some(Dialog::Invites(invites)) = client.model.dialogs.last() else { panic!("{:?}", client.model.dialogs) };
        assert_eq!(invites.list.page.as_deref(), Some(&[invite(1)][..]));
        assert_eq!(client.notice(), "the invite is revoked");
    }
}

#[test]
fn the_list_of_users_shows_what_was_done_and_why_not() {
    let mut client = admin();
    let page = Users { users: vec![user(ALICE, "alice"), user(BOB, "bob")], next: None };
    client.say("/admin users").reply(|req| matches!(req, Request::ListUsers(_)), Ok(Answer::Users(page)));
    let listed = |client: &mut Client| client.model.user_list().unwrap().list.page.as_ref().unwrap()[1].clone();
    let update = |client: &mut Client, action, reply| {
        client.on(Msg::ActOn { user: bob(), action });
        client.on(Msg::Answer(true)).reply(|req| matches!(req, Request::UpdateUser(..)), reply);
    };
    let done = || Ok(Answer::User(user(BOB, "bob")));
    update(&mut client, PersonAction::Suspend, done());
    assert!(listed(&mut client).suspended && client.notice().contains("bob is suspended"), "{}", client.notice());
    update(&mut client, PersonAction::Unsuspend, done());
    assert!(!listed(&mut client).suspended);
    update(&mut client, PersonAction::SetServerRole(ServerRole::Admin), done());
    assert_eq!(listed(&mut client).role, ServerRole::Admin);
    let why = refused(409, Kind::Conflict, "the last admin stays admin");
    update(&mut client, PersonAction::SetServerRole(ServerRole::Member), Err(why));
    assert_eq!(listed(&mut client).role, ServerRole::Admin);
    let problem = client.model.user_list().unwrap().list.problem.clone().unwrap();
    assert!(problem.ends_with("the last admin stays admin"), "{problem}");
}

#[test]
fn the_letters_typed_in_the_list_of_users_filter_it() {
    let mut client = admin();
    client.say("/admin users").on(Msg::FilterPeople("bo".into()));
    let is_list = |req: &Request| matches!(req, Request::ListUsers(_));
    let nobody = || Ok(Answer::Users(Users { users: Vec::new(), next: None }));
    client.reply(is_list, nobody());
    let prefix = client.calls().into_iter().find_map(|(_, req)| match req {
        Request::ListUsers(query) => query.prefix,
        _ => None,
    });
    assert_eq!(prefix.as_deref(), Some("bo"), "once the first answer is there");
}

#[test]
fn a_changed_role_on_the_server_is_told_at_the_next_connection() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.hello("k-2").cut(unreachable()).pass(2_000).hello("k-3");
    let (call, _) = client.asides.iter().find(|(_, req)| *req == Request::GetMe).cloned().unwrap();
    let me = User { role: ServerRole::Admin, ..user(ALICE, "alice") };
    client.on(Msg::Done { call, reply: Ok(Answer::User(me)) });
    assert!(client.model.is_admin() && client.notice().contains("you are an admin"), "{}", client.notice());
}
