//! The way to a server: nothing of the user's is sent before it is known who answers, and how.

use super::{Effect, Failure, effect::knock, session};
use crate::model::{Address, Approach, Call, Contact, Field, Intent, Model, Origin, Question, Reached, Server};

/// Goes to the server with what the user wants there. Knocks first, unless the address says `http`.
pub(super) fn begin(model: &mut Model, address: Address, intent: Intent, effects: &mut Vec<Effect>) {
    model.sign_in.problem = None;
    model.sign_in.waiting = true;
    match address {
        Address::Exact(origin) if !origin.is_encrypted() => go(model, Server::from(origin), intent, effects),
        address => knock(model, address, intent, effects),
    }
}

/// Handles the result of a knock.
pub(super) fn knocked(model: &mut Model, call: u64, found: Result<Reached, Failure>, effects: &mut Vec<Effect>) {
    let Some((Call::Knock { address, intent }, _)) = model.internal.calls.remove(&call) else { return };
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
