//! Tests the list of sessions and the form for a new password.

use quchat_shared::{
    Kind,
    api::{NewPassword, SessionInfo, Sessions},
    problem::FieldError,
};

use super::*;
use crate::model::Dialog;

fn session_info(id: u64, current: bool) -> SessionInfo {
    let at = Timestamp::from_millis(0);
    let client = "quchat/0.1".into();
    SessionInfo { id: SessionId(id), created_at: at, expires_at: at, last_used_at: at, client, label: None, current }
}

fn new_password() -> Msg {
    Msg::ChangePassword(NewPassword { current: "old secret".into(), new: "new secret".into() })
}

#[test]
fn a_session_that_was_ended_leaves_the_list() {
    let mut client = Client::online();
    let sessions = vec![session_info(1, true), session_info(2, false)];
    client.say("/sessions").reply(|req| *req == Request::ListSessions, Ok(Answer::Sessions(Sessions { sessions })));
    client.on(Msg::EndSession(SessionId(2)));
    client.reply(|req| *req == Request::EndSession(SessionId(2)), Ok(Answer::NoContent(())));
    let Some(Dialog::Sessions(list)) = client.model.dialogs.last() else { panic!("{:?}", client.model.dialogs) };
    assert_eq!(list.sessions.as_deref(), Some(&[session_info(1, true)][..]));
    assert_eq!(client.notice(), "the session has ended");
}

#[test]
fn a_password_is_never_an_argument_and_never_in_the_debug_text() {
    let mut client = Client::online();
    client.say("/password hunter22");
    assert_eq!((client.notice(), client.model.dialogs.len()), ("/password takes no argument", 0));
    assert!(!format!("{:?}", new_password()).contains("secret"));
    client.say("/password").on(new_password());
    assert!(!format!("{:?}", client.calls()).contains("secret"));
}

#[test]
fn a_wrong_current_password_is_asked_for_again() {
    let mut client = Client::online();
    client.say("/password").on(new_password());
    let Failure::Refused { mut problem, .. } = refused(422, Kind::Invalid, "one field is invalid") else { panic!() };
    problem.errors = vec![FieldError { field: "current".into(), detail: "this is not your password".into() }];
    let failure = Failure::Refused { problem, retry_after_ms: None };
    client.reply(|req| matches!(req, Request::ChangePassword(_)), Err(failure));
    let Some(Dialog::Password(form)) = client.model.dialogs.last() else { panic!("{:?}", client.model.dialogs) };
    assert_eq!((form.problem.as_deref(), form.rev, form.waiting), (Some("this is not your password"), 1, false));
    client.on(new_password()).reply(|req| matches!(req, Request::ChangePassword(_)), Ok(Answer::NoContent(())));
    assert_eq!(client.notice(), "password changed; your other sessions have ended");
    assert!(client.model.dialogs.is_empty());
}
