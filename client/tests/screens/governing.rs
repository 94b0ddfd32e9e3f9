//! What admins of the server see: its users, a new invite and the list of invites.

use quchat_client::{
    api::{Origin, Server},
    model::{Dialog, FreshInvite, InviteList, Paged, PersonAction, UserList},
    update::Msg,
};
use quchat_shared::{
    InviteId, RoomId, Timestamp, User, UserId, UserRef,
    invite::{CreatedInvite, Invite, InviteCode},
    pin::Pin,
    user::ServerRole,
};
use tuirealm::event::Key;

use crate::{
    people::with_dialog,
    stage::{MORNING, Stage, talk},
    states::at_each_size,
};

const GENERAL: RoomId = RoomId(1);
const WEEK: i64 = 7 * 86_400_000;

/// A screen of an admin with this dialog.
fn governing(width: u16, height: u16, dialog: Dialog) -> Stage {
    let mut stage = with_dialog(width, height, dialog);
    make_admin(&mut stage);
    stage
}

fn make_admin(stage: &mut Stage) {
    stage.model.account.as_mut().unwrap().user.role = ServerRole::Admin;
    stage.follow();
}

/// alice and bob are admins, carol is suspended, bob and dave are online.
fn users() -> Dialog {
    let user = |(id, name): (u64, &str)| User {
        id: UserId(id),
        name: name.to_owned(),
        role: if id < 3 { ServerRole::Admin } else { ServerRole::Member },
        created_at: Timestamp::from_millis(MORNING),
        online: id.is_multiple_of(2),
        suspended: id == 3,
    };
    let mut users = UserList::default();
    users.list.page = Some((1..).zip(["alice", "bob", "carol", "dave"]).map(user).collect());
    Dialog::Users(users)
}

fn invites(count: u64) -> Dialog {
    let invite = |id: u64| Invite {
        id: InviteId(id),
        room: [Some(GENERAL), None][usize::try_from(id % 2).unwrap()],
        uses: 5,
        uses_left: u32::try_from(id).unwrap(),
        created_at: Timestamp::from_millis(MORNING),
        expires_at: Timestamp::from_millis(MORNING + WEEK),
        admin: false,
        created_by: (id != 3).then(|| UserRef { id: UserId(2), name: "bob".to_owned() }),
    };
    let mut list = Paged::default();
    list.page = Some((1..=count).rev().map(invite).collect());
    Dialog::Invites(InviteList { list })
}

/// A new invite to #general, on this server.
fn invited(origin: &str, pin: Option<Pin>) -> Dialog {
    let server = Server { origin: Origin::parse(origin).unwrap(), pin };
    let (code, expires_at) = (InviteCode::new([7; 16]), Timestamp::from_millis(MORNING + WEEK));
    Dialog::Invited(FreshInvite::new(
        &server,
        CreatedInvite { id: InviteId(1), code, room: Some(GENERAL), uses: 5, expires_at },
    ))
}

#[test]
fn the_users_of_the_server() {
    at_each_size("users", |width, height| governing(width, height, users()));
}

#[test]
fn the_menu_for_a_user() {
    at_each_size("users_menu", |width, height| {
        let mut stage = governing(width, height, users());
        stage.key(Key::Down);
        stage.key(Key::Enter);
        stage
    });
}

#[test]
fn the_list_of_invites() {
    at_each_size("invites", |width, height| governing(width, height, invites(3)));
}

#[test]
fn a_new_invite() {
    at_each_size("invited", |width, height| {
        governing(width, height, invited("https://chat.example.org:7878", Some(Pin([9; 32]))))
    });
}

#[test]
fn the_question_before_a_suspension() {
    at_each_size("suspend", |width, height| {
        let mut stage = Stage::in_general(width, height, talk());
        make_admin(&mut stage);
        stage.type_text("/admin suspend bob");
        stage.key(Key::Enter);
        stage
    });
}

#[test]
fn the_menu_offers_the_opposite_of_what_is() {
    let mut stage = governing(80, 24, users());
    for (downs, offered) in
        [(1, ["suspend; asks first", "make member of this server"]), (1, ["lift the suspension", "make admin"])]
    {
        for _ in 0..downs {
            stage.key(Key::Down);
        }
        stage.key(Key::Enter);
        let screen = stage.screen();
        assert!(offered.iter().all(|offer| screen.contains(offer)), "{screen}");
        stage.key(Key::Esc);
    }
    stage.key(Key::Enter);
    stage.key(Key::Down);
    let carol = UserRef { id: UserId(3), name: "carol".to_owned() };
    assert_eq!(stage.key(Key::Enter), Some(Msg::ActOn { user: carol, action: PersonAction::Unsuspend }));
    let mut stage = governing(80, 24, users());
    stage.key(Key::Enter);
    assert!(!stage.screen().contains("suspend;"), "nothing is offered about oneself: {}", stage.screen());
}

#[test]
fn an_invite_is_revoked_only_after_a_second_key() {
    let mut stage = governing(80, 24, invites(2));
    stage.key(Key::Down);
    stage.key(Key::Enter);
    assert!(stage.screen().contains("Revoke this invite? y revokes it"), "{}", stage.screen());
    assert_eq!(stage.key(Key::Char('n')), Some(Msg::Redraw));
    assert_eq!(stage.key(Key::Char('y')), None);
    stage.key(Key::Enter);
    assert_eq!(stage.key(Key::Char('y')), Some(Msg::RevokeInvite(InviteId(1))));
}

#[test]
fn an_empty_list_of_invites_says_how_to_create_one() {
    let mut stage = governing(80, 24, invites(0));
    assert!(stage.screen().contains("/admin invite creates one"), "{}", stage.screen());
}

#[test]
fn a_link_that_others_cannot_use_says_so() {
    let mut stage = governing(80, 24, invited("https://localhost:7878", Some(Pin([9; 32]))));
    assert!(stage.screen().contains("works on this machine only"), "{}", stage.screen());
    let mut stage = governing(80, 24, invited("http://10.0.0.7", None));
    let screen = stage.screen();
    assert!(screen.contains("BwcHBwcHBwcHBwcHBwcHBw") && !screen.contains("quchat://"), "{screen}");
    assert!(screen.contains("copies the code"), "{screen}");
}

#[test]
fn the_commands_for_admins_are_completed_and_explained_for_admins_only() {
    for (typed, completed) in [
        ("/admin sus", "/admin suspend "),
        ("/admin suspend bo", "/admin suspend bob "),
        ("/admin role bob ad", "/admin role bob admin"),
        ("/admin invite #gen", "/admin invite #general "),
    ] {
        let mut stage = Stage::in_general(80, 24, talk());
        make_admin(&mut stage);
        stage.type_text(typed);
        stage.key(Key::Tab);
        assert_eq!(stage.draft(), completed);
    }
    let mut stage = Stage::in_general(80, 24, talk());
    stage.type_text("/adm");
    stage.key(Key::Tab);
    assert_eq!(stage.draft(), "/adm");
    for is_admin in [true, false] {
        let mut stage = Stage::in_general(200, 50, talk());
        if is_admin {
            make_admin(&mut stage);
        }
        stage.key(Key::Function(1));
        stage.key(Key::End);
        assert_eq!(stage.screen().contains("/admin invite"), is_admin, "{}", stage.screen());
    }
}
