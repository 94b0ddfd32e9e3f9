//! The way to a server: nothing of the user's is sent before it is known who answers, and how. What the form shows about a
//! server is asked for before.

use quchat_shared::api::ServerInfo;

use super::{
    Effect, Failure, Request,
    effect::{call, knock},
    session,
};
use crate::model::{Address, Approach, Call, Contact, Field, Intent, Model, Origin, Question, Reached, Server};

/// Goes to the server with what the user wants there. Knocks first, unless the address says `http`.
pub(super) fn begin(model: &mut Model, address: Address, intent: Intent, effects: &mut Vec<Effect>) {
    model.sign_in.problem = None;
    model.sign_in.waiting = true;
    approach(model, address, intent, effects);
}

fn approach(model: &mut Model, address: Address, intent: Intent, effects: &mut Vec<Effect>) {
    match address {
        Address::Exact(origin) if !origin.is_encrypted() => go(model, Server::from(origin), intent, effects),
        address => knock(model, address, intent, effects),
    }
}

/// Finds out who may register at the address in the form, so that the form shows it. The form does not wait for it. Asks
/// once for each address, and sends nothing of the user's.
pub(super) fn look(model: &mut Model, typed: &str, effects: &mut Vec<Effect>) {
    let typed = typed.trim();
    let known = model.internal.looked_at.as_deref() == Some(typed);
    let Ok(address) = Address::parse(typed) else { return };
    if known || model.account.is_some() || model.sign_in.waiting {
        return;
    }
    typed.clone_into(&mut model.sign_in.server);
    model.internal.looked_at = Some(typed.to_owned());
    model.internal.calls.retain(|_, (call, _)| !call.is_look()); // another address
    approach(model, address, Intent::Look(typed.to_owned()), effects);
}

/// Asks the server that answered. Its key need not be trusted for that: who may register is no secret, and only shapes
/// the form.
fn look_closer(model: &mut Model, address: &Address, typed: String, found: Reached, effects: &mut Vec<Effect>) {
    let Reached { server, contact } = found;
    let server = match contact {
        Contact::Trusted => server,
        Contact::Unknown(seen) => Server { pin: Some(seen), ..server },
        Contact::Plain if may_be_plain(address) => server,
        Contact::Plain | Contact::Changed(_) => return, // said on an attempt to sign in
    };
    go(model, server, Intent::Look(typed), effects);
}

/// Handles what the server says about itself.
pub(super) fn told(model: &mut Model, typed: String, reply: Result<ServerInfo, Failure>) {
    if let (Ok(about), None) = (reply, &model.account) {
        model.sign_in.registration = Some((typed, about.registration));
    }
}

/// Handles the result of a knock.
pub(super) fn knocked(model: &mut Model, call: u64, found: Result<Reached, Failure>, effects: &mut Vec<Effect>) {
    let Some((Call::Knock { address, intent }, _)) = model.internal.calls.remove(&call) else { return };
    let intent = match (intent, &found) {
        (Intent::Look(typed), Ok(found)) => return look_closer(model, &address, typed, found.clone(), effects),
        (Intent::Look(_), Err(_)) => return,
        (intent, _) => intent,
    };
    model.sign_in.waiting = false;
    let Reached { server, contact } = match found {
        Ok(reached) => reached,
        Err(failure) => {
            return refuse(model, session::explain(address.origin(), matches!(intent, Intent::Register(_)), &failure));
        }
    };
    match contact {
        Contact::Trusted => go(model, server, intent, effects),
        Contact::Plain if may_be_plain(&address) => go(model, server, intent, effects),
        Contact::Plain => refuse(model, (Field::Server, only_plain(&server.origin))),
        Contact::Unknown(seen) => {
            let server = Server { pin: Some(seen), ..server };
            model.ask(Question::Trust(Box::new(Approach { server, intent })));
        }
        Contact::Changed(seen) => {
            let text = "the key of this server has changed; nothing was sent to it".to_owned();
            refuse(model, (Field::Server, text));
            model.ask(Question::ChangedKey { server: Box::new(server), seen });
        }
    }
}

/// The user trusts the key: remembers it and continues.
pub(super) fn trust(model: &mut Model, approach: Approach, effects: &mut Vec<Effect>) {
    let Approach { server, intent } = approach;
    model.internal.trusted = Some(server.clone());
    go(model, server, intent, effects);
}

fn go(model: &mut Model, server: Server, intent: Intent, effects: &mut Vec<Effect>) {
    match intent {
        Intent::SignIn(credentials) => session::request(model, server, credentials, effects),
        Intent::Register(new) => session::register(model, server, new, effects),
        Intent::Resume(session) => session::enter(model, server, *session),
        Intent::Look(typed) => {
            call(model, Call::GetServer(typed), Request::GetServer(server), effects);
        }
    }
}

fn refuse(model: &mut Model, problem: (Field, String)) {
    model.sign_in.problem = Some(problem);
}

/// On this machine nobody else can read along.
fn may_be_plain(address: &Address) -> bool {
    matches!(address, Address::Open(origin) if origin.is_loopback())
}

fn only_plain(origin: &Origin) -> String {
    format!(
        "this server is not encrypted, so others on the network could read your password and messages; if you accept \
         that, enter {origin}"
    )
}
