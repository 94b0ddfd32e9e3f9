//! The sign-in form.

use insta::assert_snapshot;
use quchat_client::{
    api::{Contact, Origin, Server},
    model::{Field, Reached},
    update::{Action, Effect, Msg},
};
use quchat_shared::{api::Registration, invite::InviteCode, pin::Pin};
use tuirealm::event::Key;

use crate::{stage::Stage, states::at_each_size};

fn at_the_door(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height);
    stage.model.sign_in.server = "localhost:7878".to_owned();
    stage.model.sign_in.rev += 1;
    stage.follow();
    stage
}

#[test]
fn empty() {
    assert_snapshot!(at_the_door(80, 24).screen());
}

#[test]
fn small() {
    assert_snapshot!(at_the_door(40, 12).screen());
}

#[test]
fn large() {
    assert_snapshot!(at_the_door(200, 50).screen());
}

#[test]
fn an_error_is_shown_at_its_field_which_has_the_focus() {
    let mut stage = at_the_door(80, 24);
    stage.type_text("alice");
    stage.key(Key::Tab);
    stage.type_text("correct horse");
    stage.key(Key::Enter);
    stage.model.sign_in.waiting = false;
    stage.model.sign_in.password_rev += 1;
    stage.model.sign_in.problem = Some((Field::Password, "unknown name or wrong password".to_owned()));
    stage.follow();
    assert_snapshot!(stage.screen());
}

#[test]
fn enter_signs_in_and_f3_registers_with_what_is_typed() {
    let mut stage = at_the_door(80, 24);
    stage.type_text("alice");
    stage.key(Key::Tab);
    stage.type_text("pass wörd");
    let sign_in = |msg: Option<Msg>, as_new: bool| match msg {
        Some(Msg::SignIn { server, credentials, register, .. }) => {
            assert_eq!((server.as_str(), credentials.name.as_str()), ("localhost:7878", "alice"));
            assert_eq!((credentials.password.as_str(), register), ("pass wörd", as_new));
        }
        other => panic!("{other:?}"),
    };
    let asked = stage.key(Key::Enter);
    sign_in(asked, false);
    assert!(stage.screen().contains("one moment"));
    assert_eq!(stage.key(Key::Enter), Some(Msg::Redraw), "no second request is sent");
    stage.model.sign_in.waiting = false;
    stage.follow();
    let asked = stage.key(Key::Function(3));
    sign_in(asked, true);
}

#[test]
fn enter_goes_to_the_first_empty_field() {
    let mut stage = at_the_door(80, 24);
    assert_eq!(stage.key(Key::Enter), Some(Msg::Redraw));
    stage.type_text("alice");
    stage.key(Key::Enter);
    stage.type_text("secret");
    let screen = stage.screen();
    assert!(screen.contains("alice") && screen.contains("••••••") && !screen.contains("secret"), "{screen}");
}

#[test]
fn a_button_says_what_is_still_missing() {
    for (presses, said) in [
        (&[Key::Function(3)][..], "✗ a password must have 8"),
        (&[Key::Tab, Key::Tab, Key::Enter], "✗ the password, please"),
    ] {
        let mut stage = at_the_door(80, 24);
        stage.type_text("alice");
        for key in presses {
            stage.key(*key);
        }
        let screen = stage.screen();
        assert!(screen.contains(said) && screen.contains("▸ Password"), "{screen}");
    }
}

#[test]
fn an_invite_is_asked_for_where_the_server_wants_one() {
    let mut stage = at_the_door(80, 24);
    stage.type_text("alice");
    stage.key(Key::Tab);
    stage.type_text("correct horse");
    stage.model.sign_in.registration = Some(("localhost:7878".to_owned(), Registration::Invite));
    stage.model.sign_in.problem = Some((Field::Invite, "this server asks for an invite".to_owned()));
    stage.follow();
    stage.type_text("abc");
    assert_snapshot!(stage.screen());
    match stage.key(Key::Function(3)) {
        Some(Msg::SignIn { register: true, invite, .. }) => assert_eq!(invite, "abc"),
        other => panic!("{other:?}"),
    }
    let mut small = at_the_door(40, 12);
    small.model.sign_in.registration = Some(("localhost:7878".to_owned(), Registration::Invite));
    small.follow();
    let screen = small.screen();
    assert!(["Server", "Name", "Password", "Invite", "Register"].iter().all(|part| screen.contains(part)), "{screen}");
}

#[test]
fn a_server_whose_registration_is_closed_offers_none() {
    let mut stage = at_the_door(80, 24);
    stage.model.sign_in.registration = Some(("localhost:7878".to_owned(), Registration::Closed));
    stage.follow();
    let screen = stage.screen();
    assert!(screen.contains("registration is closed") && !screen.contains("Register F3"), "{screen}");
    stage.key(Key::Up);
    stage.type_text("0");
    assert!(stage.screen().contains("Register F3"), "it is another server: {}", stage.screen());
}

#[test]
fn the_form_asks_about_a_server_when_its_address_is_typed() {
    let mut stage = at_the_door(80, 24);
    stage.key(Key::Up);
    stage.type_text("8");
    assert_eq!(stage.key(Key::Tab), Some(Msg::LookAt("localhost:78788".to_owned())));
    stage.key(Key::Up);
    assert_eq!(stage.key(Key::Tab), Some(Msg::Redraw), "it is known already");
}

#[test]
fn an_answer_about_the_server_moves_nothing_that_is_being_typed() {
    let mut stage = at_the_door(80, 24);
    stage.type_text("ali");
    stage.model.sign_in.registration = Some(("localhost:7878".to_owned(), Registration::Invite));
    stage.follow();
    stage.type_text("ce");
    let screen = stage.screen();
    assert!(screen.contains("▸ Name      alice") && screen.contains("Invite"), "{screen}");
    for _ in 0..4 {
        stage.key(Key::Tab); // on the button that registers
    }
    stage.model.sign_in.registration = Some(("localhost:7878".to_owned(), Registration::Closed));
    stage.follow();
    assert!(stage.screen().contains("▸[ Sign in ]"), "{}", stage.screen());
}

#[test]
fn the_invite_of_a_join_link_is_named_and_may_be_one_for_the_first_admin() {
    let mut stage = at_the_door(80, 24);
    stage.model.sign_in.invite = Some(InviteCode::new([7; 16]));
    stage.model.sign_in.registration = Some(("localhost:7878".to_owned(), Registration::Invite));
    stage.follow();
    assert!(stage.screen().contains("taken from the join link"), "{}", stage.screen());
    stage.model.sign_in.registration = Some(("localhost:7878".to_owned(), Registration::Closed));
    stage.follow();
    assert!(stage.screen().contains("Register F3"), "{}", stage.screen());
}

#[test]
fn a_closed_server_and_one_that_asks_for_an_invite() {
    for (name, mode) in [("closed", Registration::Closed), ("invite_only", Registration::Invite)] {
        at_each_size(name, |width, height| {
            let mut stage = at_the_door(width, height);
            stage.model.sign_in.registration = Some(("localhost:7878".to_owned(), mode));
            stage.follow();
            stage
        });
    }
}

#[test]
fn ctrl_d_on_an_empty_field_means_end_of_input() {
    let mut stage = at_the_door(80, 24);
    assert_eq!(stage.ctrl('d'), Some(Msg::Act(Action::EndOfInput)));
}

#[test]
fn plain_http_to_another_machine_is_pointed_out() {
    let mut stage = at_the_door(80, 24);
    stage.key(Key::Up);
    stage.ctrl('u');
    stage.type_text("10.0.0.7");
    assert!(!stage.screen().contains("! not encrypted"), "TLS is tried: {}", stage.screen());
    stage.ctrl('u');
    stage.type_text("http://10.0.0.7");
    assert!(stage.screen().contains("! not encrypted"), "{}", stage.screen());
}

#[test]
fn a_long_reason_is_shown_in_full() {
    let long = "http://quchat.example.org:7878 cannot be reached: failed to look up the address of the host";
    let short = "http://quchat.lan:7878 cannot be reached: the connection was refused";
    for (width, height, reason) in [(80, 24, long), (40, 12, short)] {
        let mut stage = at_the_door(width, height);
        stage.model.sign_in.problem = Some((Field::Server, reason.to_owned()));
        stage.follow();
        let screen = stage.screen();
        let said = screen.split_whitespace().collect::<String>();
        assert!(said.contains(&format!("✗{}", reason.replace(' ', ""))), "{screen}");
        assert!(screen.contains("Register"), "{screen}");
    }
    let mut stage = at_the_door(40, 12);
    stage.model.sign_in.problem = Some((Field::Server, format!("{long}; {long}")));
    stage.follow();
    assert!(stage.screen().contains('…'), "cut text ends with an ellipsis");
}

#[test]
fn a_password_is_shown_on_demand_and_hidden_again() {
    let mut stage = Stage::new(80, 24);
    stage.model.sign_in.server = "localhost".to_owned();
    stage.model.sign_in.name = "alice".to_owned();
    stage.model.sign_in.rev += 1;
    stage.follow();
    stage.type_text(" correct horse");
    let screen = stage.screen();
    assert!(screen.contains("••••") && screen.contains("F4 shows it") && !screen.contains("horse"), "{screen}");
    stage.key(Key::Function(4));
    let screen = stage.screen();
    assert!(screen.contains(" correct horse") && screen.contains("F4 hides it"), "{screen}");
    stage.key(Key::Function(4));
    assert!(!stage.screen().contains("horse"));
}

#[test]
fn a_pasted_password_keeps_its_blanks() {
    let mut stage = Stage::new(80, 24);
    stage.model.sign_in.server = "localhost".to_owned();
    stage.model.sign_in.name = "alice".to_owned();
    stage.model.sign_in.rev += 1;
    stage.follow();
    stage.paste("  correct horse \r\n");
    stage.key(Key::Function(4));
    let screen = stage.screen();
    assert!(screen.contains("Password    correct horse"), "{screen}");
}

/// Enter in the form; then the server shows this key.
fn shown_key(width: u16, height: u16, known: Option<Pin>, contact: Contact) -> Stage {
    let mut stage = at_the_door(width, height);
    stage.type_text("alice");
    stage.key(Key::Tab);
    stage.type_text("correct horse");
    stage.key(Key::Enter);
    let Some(Effect::Knock { call, .. }) = stage.effects.pop() else { panic!("{:?}", stage.effects) };
    let server = Server { origin: Origin::parse("https://localhost:7878").expect("an address"), pin: known };
    stage.msg(Msg::Knocked { call, found: Ok(Reached { server, contact }) });
    stage
}

#[test]
fn an_unknown_key_is_shown_and_only_y_trusts_it() {
    let mut stage = shown_key(80, 24, None, Contact::Unknown(Pin([3; 32])));
    let screen = stage.screen();
    assert!(screen.contains(&Pin([3; 32]).to_string()), "{screen}");
    stage.key(Key::Enter);
    assert!(stage.effects.is_empty() && stage.screen().contains("unknown server"));
    stage.key(Key::Char('y'));
    assert!(matches!(stage.effects[..], [Effect::Trust(_), Effect::Call { .. }]), "{:?}", stage.effects);
}

#[test]
fn a_changed_key_shows_both_keys_and_the_command_and_no_key_accepts_it() {
    let (known, seen) = (Pin([4; 32]), Pin([3; 32]));
    for key in [Key::Enter, Key::Char('y'), Key::Char('n'), Key::Esc] {
        let mut stage = shown_key(80, 24, Some(known), Contact::Changed(seen));
        let screen = stage.screen();
        let told = [&*known.to_string(), &*seen.to_string(), "quchat forget-key"];
        assert!(told.iter().all(|text| screen.contains(text)), "{screen}");
        stage.key(key);
        assert!(stage.effects.is_empty(), "{:?}", stage.effects);
        stage.key(Key::Esc);
        assert!(stage.screen().contains("has changed"), "{}", stage.screen());
    }
}

#[test]
fn the_keys_fit_on_a_small_screen() {
    let mut stage = shown_key(40, 12, None, Contact::Unknown(Pin([3; 32])));
    let screen = stage.screen();
    let said: String = screen.chars().filter(|c| !c.is_whitespace() && *c != '│').collect();
    assert!(said.contains(&Pin([3; 32]).to_string()) && said.contains("ytrustit"), "{screen}");
}
