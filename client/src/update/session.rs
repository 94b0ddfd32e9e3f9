//! Signing in and out, and the end of a session by the server.

use std::sync::Arc;

use quchat_shared::{
    Kind,
    api::{Credentials, Registration},
    join_link::JoinLink,
    limits,
    user::{NewUser, Session},
};

use super::{Effect, Failure, REFUSED, Request, approach, effect::call};
use crate::model::{
    Account, Address, Call, Dialog, DialogId, Fetch, Field, Intent, Internal, Link, LookUp, Model, Origin, Places,
    Question, Search, Server, SessionChange, SignInForm, Storage,
};

/// Fills in the form, or skips it if there is a stored session.
pub(super) fn start(
    model: &mut Model,
    server: Option<String>,
    name: Option<String>,
    session: Option<(Server, Session)>,
    effects: &mut Vec<Effect>,
) {
    let typed = server.as_deref().and_then(|server| Address::parse(server).ok());
    let remembered = session.as_ref().map(|(server, session)| (server.origin.to_string(), session.user.name.clone()));
    let (origin, user) = remembered.unzip();
    model.sign_in.server = server.or(origin).unwrap_or_default();
    model.sign_in.name = name.or(user).unwrap_or_default();
    model.sign_in.rev += 1;
    match (session, typed) {
        (Some((server, session)), Some(address)) if is_unlike(&address, &server) => {
            approach::begin(model, address, Intent::Resume(Box::new(session)), effects);
        }
        (Some((server, session)), _) => enter(model, server, session),
        (None, _) => look_at_form(model, effects),
    }
}

/// Asks the server in the form who may register there.
fn look_at_form(model: &mut Model, effects: &mut Vec<Effect>) {
    let server = model.sign_in.server.clone();
    approach::look(model, &server, effects);
}

/// Whether a session of this server, which is not encrypted, cannot be used at this address as it is.
fn is_unlike(address: &Address, server: &Server) -> bool {
    match address {
        Address::Exact(origin) => *origin != server.origin,
        Address::Open(_) => server.origin.is_exposed(),
    }
}

/// Handles the submission of the form or of the "signed out" dialog. `register` is the invite as typed, if the user is to
/// be registered.
pub(super) fn sign_in(
    model: &mut Model,
    server: String,
    credentials: Credentials,
    register: Option<String>,
    effects: &mut Vec<Effect>,
) {
    if model.sign_in.waiting {
        return;
    }
    let Credentials { name, password } = credentials;
    // Blanks around a name come from pasting. Blanks around a password may be part of it.
    let (server, credentials) = (server.trim().to_owned(), Credentials { name: name.trim().to_owned(), password });
    let (server, credentials, register, known) = match &model.account {
        None => (server, credentials, register, None),
        Some(_) if !model.shows_dialog(DialogId::SignedOut) => return,
        Some(account) => {
            let credentials = Credentials { name: account.user.name.clone(), password: credentials.password };
            (account.server.origin.to_string(), credentials, None, Some(account.server.clone()))
        }
    };
    model.sign_in.name.clone_from(&credentials.name);
    model.sign_in.server.clone_from(&server);
    let checked = check(&server, &credentials, register.is_some())
        .and_then(|address| Ok((address, intent(model, credentials, register)?)));
    match checked {
        Err(problem) => model.sign_in.problem = Some(problem),
        Ok((address, intent)) => match (known, intent) {
            (Some(server), Intent::SignIn(credentials)) => request(model, server, credentials, effects),
            (_, intent) => approach::begin(model, address, intent, effects),
        },
    }
}

/// What the user wants from the server. Without an invite in the form, that of the join link is used.
fn intent(model: &Model, credentials: Credentials, register: Option<String>) -> Result<Intent, (Field, String)> {
    let Some(typed) = register else { return Ok(Intent::SignIn(credentials)) };
    let Credentials { name, password } = credentials;
    let invite = invite_code(&typed)?.or_else(|| model.sign_in.invite.as_ref().map(ToString::to_string));
    Ok(Intent::Register(NewUser { name, password, invite }))
}

/// Asks the server for a session.
pub(super) fn request(model: &mut Model, server: Server, credentials: Credentials, effects: &mut Vec<Effect>) {
    model.sign_in.problem = None;
    model.sign_in.waiting = true;
    let what = Call::SignIn { server: server.clone(), register: false };
    call(model, what, Request::SignIn(server, credentials), effects);
}

/// Asks the server to register a user.
pub(super) fn register(model: &mut Model, server: Server, new: NewUser, effects: &mut Vec<Effect>) {
    model.sign_in.problem = None;
    model.sign_in.waiting = true;
    let what = Call::SignIn { server: server.clone(), register: true };
    call(model, what, Request::Register(server, new), effects);
}

/// Checks the form without the server.
fn check(server: &str, credentials: &Credentials, register: bool) -> Result<Address, (Field, String)> {
    let address = Address::parse(server).map_err(|refusal| (Field::Server, refusal.to_owned()))?;
    let name = if register { limits::new_user_name } else { limits::user_name };
    name(&credentials.name).map_err(|refusal| (Field::Name, refusal.into_owned()))?;
    if register {
        limits::password(&credentials.password).map_err(|refusal| (Field::Password, refusal.into_owned()))?;
    } else if credentials.password.is_empty() {
        return Err((Field::Password, "the password, please".to_owned()));
    }
    Ok(address)
}

/// The code of an invite that somebody typed, or pasted as a join link; `None` if there is none.
fn invite_code(typed: &str) -> Result<Option<String>, (Field, String)> {
    let code = match typed.trim() {
        link if JoinLink::is_meant_by(link) => match link.parse::<JoinLink>() {
            Ok(link) => link.invite.map(|code| code.to_string()),
            Err(error) => return Err((Field::Invite, error.to_string())),
        },
        code => Some(code.to_owned()),
    };
    Ok(code.filter(|code| !code.is_empty()))
}

/// Handles the reply to a sign-in, or to a registration.
pub(super) fn signed_in(model: &mut Model, server: Server, register: bool, reply: Result<Session, Failure>) {
    model.sign_in.waiting = false;
    match reply {
        Ok(session) => {
            model.sign_in.password_rev += 1;
            model.sign_in.problem = None;
            enter(model, server, session);
        }
        Err(failure) => {
            let problem = explain(&server.origin, register, &failure);
            if let Some(mode) = registration(register, &problem, &failure) {
                model.sign_in.registration = Some((model.sign_in.server.clone(), mode));
            }
            if problem.0 == Field::Password {
                model.sign_in.password_rev += 1;
            }
            model.sign_in.problem = Some(problem);
        }
    }
}

/// Who may register at a server that has refused an attempt; `None` if that is not known.
fn registration(register: bool, (field, _): &(Field, String), failure: &Failure) -> Option<Registration> {
    match failure {
        Failure::Refused { problem, .. } if problem.kind == Kind::Forbidden && register => Some(Registration::Closed),
        Failure::Refused { problem, .. } if problem.kind == Kind::Invalid && *field == Field::Invite => {
            Some(Registration::Invite)
        }
        _ => None,
    }
}

pub(super) fn explain(origin: &Origin, register: bool, failure: &Failure) -> (Field, String) {
    let Failure::Refused { problem, .. } = failure else {
        let nobody = origin.is_loopback() && failure.reason() == REFUSED;
        let hint = if nobody { "; cargo xtask run-server starts a server here" } else { "" };
        return (Field::Server, format!("{origin} cannot be reached: {}{hint}", failure.reason()));
    };
    match problem.kind {
        Kind::Unauthenticated => (Field::Password, "wrong name or password".to_owned()),
        Kind::NameTaken => (Field::Name, "this name is taken; if it is yours, sign in with it".to_owned()),
        Kind::RateLimited => (Field::Password, problem.detail.clone()),
        Kind::Forbidden if !register => (Field::Name, problem.detail.clone()),
        _ => {
            let first = problem.errors.first();
            let field = match first.map(|error| &*error.field) {
                Some("name") => Field::Name,
                Some("password") => Field::Password,
                Some("invite") => Field::Invite,
                _ => Field::Server,
            };
            (field, first.map_or(&problem.detail, |error| &error.detail).clone())
        }
    }
}

/// Starts a session. The state is kept for the same user and dropped for another one.
pub(super) fn enter(model: &mut Model, server: Server, session: Session) {
    let account = Account { server: server.clone(), user: session.user.clone() };
    let same =
        model.account.as_ref().is_some_and(|old| old.server.origin == server.origin && old.user.id == account.user.id);
    if same {
        forget_calls(model);
    } else {
        model.take_last_saves();
        forget_all(model);
    }
    model.epoch += 1;
    model.account = Some(account);
    model.dialogs.retain(|dialog| dialog.id() != DialogId::SignedOut);
    model.internal.password_due = None;
    model.internal.session_change = Some(SessionChange::Enter { server, session });
    model.connect();
}

/// Handles the end of the session by the server. The screen stays as it is, and the password is asked for once.
pub(super) fn end(model: &mut Model, reason: &str) {
    let Some(account) = &model.account else { return };
    model.sign_in = SignInForm {
        server: account.server.origin.to_string(),
        name: account.user.name.clone(),
        rev: model.sign_in.rev + 1,
        password_rev: model.sign_in.password_rev + 1,
        ..SignInForm::default()
    };
    model.epoch += 1;
    model.stream = None;
    model.link = Link::SignedOut { reason: Some(reason.to_owned()) };
    forget_calls(model);
    model.internal.hang_up = true;
    model.ask_for_password();
}

/// Notes that the user is typing, which postpones the password dialog.
pub(super) fn typed(model: &mut Model) {
    model.internal.typed_at = Some(model.now.mono_ms);
    if model.internal.password_due.is_some() {
        model.ask_for_password();
    }
}

/// Opens the password dialog if it is due.
pub(super) fn ask_when_due(model: &mut Model) {
    if model.internal.password_due.is_some_and(|due| due <= model.now.mono_ms) {
        model.internal.password_due = None;
        model.show_dialog(Dialog::SignedOut);
    }
}

/// Signs out, or asks first.
pub(super) fn ask_to_sign_out(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.at_stake().count() {
        _ if model.account.is_none() => {}
        0 => sign_out(model, effects),
        unsent => model.ask(Question::SignOut { unsent }),
    }
}

/// Signs out. Drafts and outbox stay on disk for this user.
pub(super) fn sign_out(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(account) = model.account.take() else { return };
    model.take_last_saves();
    forget_all(model);
    model.internal.hang_up = true;
    model.internal.session_change = Some(SessionChange::SignOut);
    model.epoch += 1;
    model.sign_in = SignInForm {
        server: account.server.origin.to_string(),
        name: account.user.name,
        rev: model.sign_in.rev + 1,
        password_rev: model.sign_in.password_rev + 1,
        ..SignInForm::default()
    };
    look_at_form(model, effects);
}

/// Drops all pending calls. What waited for them is queued again.
pub(super) fn forget_calls(model: &mut Model) {
    for (call, _) in std::mem::take(&mut model.internal.calls).into_values() {
        if let Call::MarkRead(room, seq) = call
            && let Some(room) = model.rooms.get_mut(&room)
        {
            room.marker.wanted = room.marker.wanted.max(Some(seq));
            model.internal.busy.insert(room.info.id);
        }
    }
    model.internal.dialled = None;
    model.internal.gave_up = None;
    model.sign_in.waiting = false;
    model.look_up.asked = Arc::clone(&model.look_up.answered); // what was not answered is asked again
    for room in model.rooms.values_mut() {
        if let Fetch::Loading { .. } = room.fetch {
            room.fetch = Fetch::Idle;
        }
        room.marker.in_flight = None;
        room.quoted.asked = None;
        room.requeue();
        if room.reactions.requeue() {
            model.internal.busy.insert(room.info.id);
        }
    }
    for dialog in &mut model.dialogs {
        match dialog {
            Dialog::CreateRoom { waiting, .. } => *waiting = false,
            Dialog::People(people) => people.list.wanted = true,
            Dialog::Bans(bans) => bans.list.wanted = true,
            Dialog::Users(users) => users.list.wanted = true,
            Dialog::Invites(invites) => invites.list.wanted = true,
            Dialog::Sessions(list) if list.sessions.is_none() => {
                list.problem = Some("the connection was lost".to_owned());
            }
            Dialog::Password(form) if form.waiting => {
                form.waiting = false;
                form.problem = Some("the connection was lost; it is not known whether the password changed".to_owned());
            }
            _ => {}
        }
    }
}

fn forget_all(model: &mut Model) {
    forget_calls(model);
    model.rooms.clear();
    model.dialogs.clear();
    model.link = Link::SignedOut { reason: None };
    model.storage = Storage::Opening;
    model.cursor = None;
    model.stream = None;
    model.open = None;
    model.last = None;
    model.in_side_bar = false;
    model.notice = None;
    model.find = None;
    model.recent_emoji.clear();
    model.search = Search::default();
    model.look_up = LookUp::default();
    model.spotlight = None;
    model.places = Places::default();
    model.command.replace("".into());
    let Internal { numbers, last_key, tells_focus, .. } = model.internal; // numbers stay unique
    let (last_saves, trusted) = (std::mem::take(&mut model.internal.last_saves), model.internal.trusted.take());
    model.internal = Internal { numbers, last_key, tells_focus, last_saves, trusted, ..Internal::default() };
}
