//! Tests the way to a server: who answers is known before anything of the user's is sent.

use quchat_shared::{
    Kind,
    api::{Credentials, Registration, ServerInfo},
    limits::LIMITS,
    pin::Pin,
};

use super::*;
use crate::model::{Address, Approach, Contact, Dialog, Field, Intent, Question, Reached, Server};

const SEEN: Pin = Pin([3; 32]);
const KNOWN: Pin = Pin([4; 32]);

fn encrypted(host: &str, pin: Option<Pin>) -> Server {
    Server { origin: Origin::parse(&format!("https://{host}:7878")).unwrap(), pin }
}

fn plain(host: &str) -> Server {
    Origin::parse(&format!("http://{host}:7878")).unwrap().into()
}

fn sign_in(client: &mut Client, server: &str) {
    let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
    client.on(Msg::SignIn { server: server.into(), credentials, register: false, invite: String::new() });
}

/// Answers the only pending effect, which is a knock.
fn answer(client: &mut Client, server: Server, contact: Contact) {
    let [Effect::Knock { call, .. }] = client.effects[..] else { panic!("{:?}", client.effects) };
    client.effects.clear();
    client.on(Msg::Knocked { call, found: Ok(Reached { server, contact }) });
}

/// The server that the only pending effect signs in to.
fn asked(client: &Client) -> &Server {
    let [Effect::Call { req: Request::SignIn(server, _), .. }] = &client.effects[..] else {
        panic!("{:?}", client.effects)
    };
    server
}

fn problem(client: &Client) -> &str {
    let Some((Field::Server, problem)) = &client.model.sign_in.problem else { panic!() };
    assert!(!client.model.sign_in.waiting);
    problem
}

#[test]
fn an_unknown_key_is_asked_about_once_before_the_password_is_sent() {
    let mut client = Client::new();
    sign_in(&mut client, "chat.lan");
    let address = Address::parse("chat.lan").unwrap();
    assert!(matches!(&client.effects[..], [Effect::Knock { address: at, .. }] if *at == address));
    answer(&mut client, encrypted("chat.lan", None), Contact::Unknown(SEEN));
    assert!(matches!(&client.model.dialogs[..], [Dialog::Ask(Question::Trust(_))]), "{:?}", client.model.dialogs);
    assert!(client.effects.is_empty());
    client.on(Msg::Answer(true));
    let server = encrypted("chat.lan", Some(SEEN));
    assert_eq!(client.effects.remove(0), Effect::Trust(server.clone()));
    assert_eq!(asked(&client), &server);
    client.reply(|req| matches!(req, Request::SignIn(..)), Ok(Answer::Session(session(ALICE, "alice"))));
    assert_eq!(client.effects[0], Effect::Enter { server: server.clone(), session: session(ALICE, "alice") });
    assert!(client.model.account.as_ref().is_some_and(|account| account.server == server));
}

#[test]
fn a_key_that_the_user_does_not_trust_gets_nothing_and_the_form_works_again() {
    for refuse in [Msg::Answer(false), Msg::Act(Action::Cancel), Msg::Act(Action::Interrupt)] {
        let mut client = Client::new();
        sign_in(&mut client, "chat.lan");
        answer(&mut client, encrypted("chat.lan", None), Contact::Unknown(SEEN));
        client.on(refuse);
        assert!(client.effects.is_empty() && client.model.dialogs.is_empty() && !client.model.sign_in.waiting);
        sign_in(&mut client, "chat.lan");
        assert!(matches!(client.effects[..], [Effect::Knock { .. }]));
    }
}

#[test]
fn a_known_key_or_one_that_the_roots_verify_asks_nothing() {
    for pin in [None, Some(KNOWN)] {
        let mut client = Client::new();
        sign_in(&mut client, "chat.lan");
        answer(&mut client, encrypted("chat.lan", pin), Contact::Trusted);
        assert_eq!(asked(&client), &encrypted("chat.lan", pin));
    }
}

#[test]
fn no_answer_accepts_a_changed_key() {
    let mut client = Client::new();
    sign_in(&mut client, "chat.lan");
    answer(&mut client, encrypted("chat.lan", Some(KNOWN)), Contact::Changed(SEEN));
    let changed = Question::ChangedKey { server: Box::new(encrypted("chat.lan", Some(KNOWN))), seen: SEEN };
    assert_eq!(client.model.dialogs, [Dialog::Ask(changed)]);
    client.on(Msg::Answer(true));
    assert!(client.effects.is_empty() && client.model.dialogs.is_empty() && client.model.account.is_none());
    assert!(problem(&client).contains("has changed"));
}

#[test]
fn only_this_machine_is_talked_to_without_encryption_unless_the_address_says_so() {
    let mut client = Client::new();
    sign_in(&mut client, "localhost");
    answer(&mut client, plain("localhost"), Contact::Plain);
    assert_eq!(asked(&client), &plain("localhost"));

    for (typed, host) in
        [("10.0.0.7", "10.0.0.7"), ("https://10.0.0.7:7878", "10.0.0.7"), ("https://localhost:7878", "localhost")]
    {
        let mut client = Client::new();
        sign_in(&mut client, typed);
        answer(&mut client, plain(host), Contact::Plain);
        assert!(client.effects.is_empty());
        let way_on = format!("enter http://{host}:7878");
        assert!(problem(&client).contains(&way_on), "{}", problem(&client));
    }

    let mut client = Client::new();
    sign_in(&mut client, "http://10.0.0.7");
    assert_eq!(asked(&client), &plain("10.0.0.7"));
}

#[test]
fn esc_ends_the_wait_for_an_answer() {
    let mut client = Client::new();
    sign_in(&mut client, "chat.lan");
    assert!(client.model.sign_in.waiting);
    client.act(Action::Cancel);
    answer(&mut client, encrypted("chat.lan", None), Contact::Trusted);
    assert!(client.effects.is_empty() && !client.model.sign_in.waiting);
}

#[test]
fn a_session_from_before_the_encryption_goes_on_once_the_key_is_trusted() {
    for (typed, host) in [("10.0.0.7:7878", "10.0.0.7"), ("https://localhost:7878", "localhost")] {
        let mut client = Client::new();
        let kept = Some((plain(host), session(ALICE, "alice")));
        client.on(Msg::Start { server: Some(typed.into()), name: None, session: kept });
        assert!(client.model.account.is_none() && client.model.sign_in.waiting);
        answer(&mut client, encrypted(host, None), Contact::Unknown(SEEN));
        client.on(Msg::Answer(true));
        let server = encrypted(host, Some(SEEN));
        let enter = Effect::Enter { server: server.clone(), session: session(ALICE, "alice") };
        assert_eq!(client.effects[..2], [Effect::Trust(server), enter]);
    }
}

#[test]
fn a_session_from_before_the_encryption_is_never_sent_in_clear() {
    for contact in [Ok(Contact::Plain), Ok(Contact::Changed(SEEN)), Err(unreachable())] {
        let mut client = Client::new();
        let kept = Some((plain("10.0.0.7"), session(ALICE, "alice")));
        client.on(Msg::Start { server: Some("10.0.0.7:7878".into()), name: None, session: kept });
        let [Effect::Knock { call, .. }] = client.effects[..] else { panic!() };
        client.effects.clear();
        let found = contact.map(|contact| Reached { server: plain("10.0.0.7"), contact });
        client.on(Msg::Knocked { call, found });
        assert!(client.effects.is_empty() && client.model.account.is_none());
        problem(&client);
    }
}

#[test]
fn an_address_that_says_http_keeps_its_session_without_encryption() {
    let mut client = Client::new();
    let kept = Some((plain("10.0.0.7"), session(ALICE, "alice")));
    client.on(Msg::Start { server: Some("http://10.0.0.7:7878".into()), name: None, session: kept });
    assert!(matches!(&client.effects[0], Effect::Enter { server, .. } if *server == plain("10.0.0.7")));
}

#[test]
fn no_debug_text_of_an_approach_contains_the_password() {
    let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
    let intent = Intent::SignIn(credentials);
    assert!(!format!("{:?}", Approach { server: plain("localhost"), intent }).contains("horse"));
}

fn about(registration: Registration) -> Reply {
    let (name, version) = ("quchat".into(), "0.2.0".into());
    Ok(Answer::About(ServerInfo { name, version, limits: LIMITS, heartbeat_seconds: 15, registration }))
}

/// At the form, with this address in it.
fn at_the_form(address: &str) -> Client {
    let mut client = Client::new();
    client.on(Msg::Start { server: Some(address.into()), name: None, session: None });
    client
}

#[test]
fn the_form_learns_who_may_register_before_anybody_signs_in() {
    let is_asked = |req: &Request| matches!(req, Request::GetServer(_));
    for contact in [Contact::Trusted, Contact::Unknown(SEEN)] {
        let mut client = at_the_form("chat.lan");
        assert!(!client.model.sign_in.waiting, "the form does not wait for it");
        answer(&mut client, encrypted("chat.lan", None), contact);
        client.reply(is_asked, about(Registration::Invite));
        assert_eq!(client.model.sign_in.registration, Some(("chat.lan".to_owned(), Registration::Invite)));
        assert!(client.effects.is_empty() && client.model.dialogs.is_empty());
    }
    let mut client = at_the_form("http://10.0.0.7");
    client.reply(is_asked, about(Registration::Closed));
    assert!(client.model.sign_in.is_closed());
    client.on(Msg::LookAt("localhost".into()));
    assert!(!client.model.sign_in.is_closed(), "it is another server");
}

#[test]
fn a_server_that_does_not_tell_who_may_register_disturbs_nobody() {
    for found in [Err(unreachable()), Ok(Contact::Changed(SEEN)), Ok(Contact::Plain)] {
        let mut client = at_the_form("chat.lan");
        let [Effect::Knock { call, .. }] = client.effects[..] else { panic!("{:?}", client.effects) };
        client.effects.clear();
        sign_in(&mut client, "chat.lan");
        let found = found.map(|contact| Reached { server: plain("chat.lan"), contact });
        client.on(Msg::Knocked { call, found });
        let form = &client.model.sign_in;
        assert!(form.waiting && form.problem.is_none() && client.model.dialogs.is_empty(), "{form:?}");
        assert!(matches!(client.effects[..], [Effect::Knock { .. }]), "only that of the sign-in");
    }
}

#[test]
fn an_address_is_looked_at_once_and_after_signing_out_again() {
    let mut client = at_the_form("chat.lan");
    client.effects.clear();
    client.on(Msg::LookAt("chat.lan".into())).on(Msg::LookAt("not an address".into()));
    assert_eq!(client.effects, []);
    client.on(Msg::LookAt("other.lan".into()));
    assert!(matches!(client.effects[..], [Effect::Knock { .. }]));
    let mut client = Client::online();
    client.act(Action::SignOut);
    assert!(client.effects.iter().any(|effect| matches!(effect, Effect::Call { req: Request::GetServer(_), .. })));
}

#[test]
fn a_refusal_of_what_is_not_encrypted_shows_its_sentence_and_says_nothing_about_registration() {
    let told = "this server takes only encrypted connections from here: use https://";
    for register in [true, false] {
        let mut client = Client::new();
        let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
        client.on(Msg::SignIn { server: "http://10.0.0.7".into(), credentials, register, invite: String::new() });
        client.reply(|_| true, Err(refused(403, Kind::Plaintext, told)));
        assert_eq!((problem(&client), &client.model.sign_in.registration), (told, &None));
    }
}

#[test]
fn a_suspended_user_is_told_so_when_signing_in_and_after_their_session_has_ended() {
    let told = "this account is suspended; ask an admin of the server";
    let is_sign_in = |req: &Request| matches!(req, Request::SignIn(..));
    let suspended = || Err(refused(403, Kind::Forbidden, told));
    let mut client = Client::new();
    sign_in(&mut client, "http://localhost");
    client.reply(is_sign_in, suspended());
    assert_eq!(client.model.sign_in.problem, Some((Field::Name, told.to_owned())));
    let mut client = Client::online();
    client.stream(vec![quchat_shared::event::Bye { reason: quchat_shared::event::ByeReason::SignedOut }.into()]);
    client.pass(2_000);
    assert_eq!(client.model.dialogs, [Dialog::SignedOut]);
    sign_in(&mut client, "");
    client.reply(is_sign_in, suspended());
    assert_eq!(client.model.sign_in.problem.as_ref().map(|(_, problem)| &**problem), Some(told));
    assert!(client.model.account.is_some(), "the screen stays");
}
