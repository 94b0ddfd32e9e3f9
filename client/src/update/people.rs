//! What the user does with other people: message, add, remove, ban, set a role. Here a name becomes a user.

use quchat_shared::{
    RoomId, UserRef,
    api::{NewBan, NewRole, Users},
    query::ListUsers,
    room::Role,
    user::{ServerRole, UserChange},
};

use super::{Effect, Failure, Request, attention, bans, commands::ROLES, direct, effect::call, users};
use crate::model::{Call, Dialog, LookUp, Model, PersonAction, Question, Room, Tone};

/// Does something with the user of this name. Asks the server who that is, if this client does not know.
pub(super) fn by_name(model: &mut Model, name: &str, action: PersonAction, effects: &mut Vec<Effect>) {
    if model.is_signed_out() {
        direct::give_back(model, name, &action);
        return model.show_dialog(Dialog::SignedOut);
    }
    if let Some(user) = known(model, name) {
        return act_on(model, user, action, effects);
    }
    let request = ListUsers { prefix: Some(name.to_owned()), limit: Some(1), ..ListUsers::default() };
    call(model, Call::FindUser(name.to_owned(), action), Request::ListUsers(request), effects);
}

/// Someone whom this client knows from the open room or from a direct one.
fn known(model: &Model, name: &str) -> Option<UserRef> {
    let direct = model.rooms.values().filter(|room| room.is_direct());
    model.open_room().into_iter().chain(direct).find_map(|room| room.user_named(name))
}

/// Handles the reply to the search for a name. The first user whose name begins with it has exactly that name, if
/// anybody has.
pub(super) fn found(
    model: &mut Model,
    name: &str,
    action: PersonAction,
    reply: Result<Users, Failure>,
    effects: &mut Vec<Effect>,
) {
    let why = match reply {
        Ok(users) => match users.users.into_iter().find(|user| user.name.eq_ignore_ascii_case(name)) {
            Some(user) => return act_on(model, UserRef { id: user.id, name: user.name }, action, effects),
            None => format!("there is no user {name}"),
        },
        Err(failure) => format!("could not look for {name}: {}", failure.reason()),
    };
    direct::give_back(model, name, &action);
    model.show_notice(Tone::Error, &why);
}

/// Does something with a user, or asks first.
pub(super) fn act_on(model: &mut Model, user: UserRef, action: PersonAction, effects: &mut Vec<Effect>) {
    match action {
        PersonAction::Message(text) => direct::open(model, user, text, effects),
        PersonAction::Remove(room) => model.ask(Question::Remove { room, user }),
        PersonAction::Ban(room, reason) => model.ask(Question::Ban { room, user, reason }),
        PersonAction::Suspend => model.ask(Question::Suspend { user }),
        action => change(model, user, action, effects),
    }
}

/// Makes the request. It is not repeated while the same one is pending.
pub(super) fn change(model: &mut Model, user: UserRef, action: PersonAction, effects: &mut Vec<Effect>) {
    let id = user.id;
    let request = match &action {
        PersonAction::Message(_) => return,
        PersonAction::Add(room) => Request::AddMember(*room, id),
        PersonAction::Remove(room) => Request::RemoveMember(*room, id),
        PersonAction::Ban(room, reason) => {
            Request::BanUser(*room, id, NewBan { reason: reason.as_ref().map(ToString::to_string) })
        }
        PersonAction::Unban(room) => Request::UnbanUser(*room, id),
        PersonAction::SetRole(room, role) => Request::SetRole(*room, id, NewRole { role: *role }),
        PersonAction::Suspend => Request::UpdateUser(id, UserChange { role: None, suspended: Some(true) }),
        PersonAction::Unsuspend => Request::UpdateUser(id, UserChange { role: None, suspended: Some(false) }),
        PersonAction::SetServerRole(role) => Request::UpdateUser(id, UserChange { role: Some(*role), suspended: None }),
    };
    let what = Call::ChangeMember(user, action);
    if !model.internal.awaits(|call| *call == what) {
        call(model, what, request, effects);
    }
}

/// Handles the reply.
pub(super) fn changed(model: &mut Model, user: &UserRef, action: &PersonAction, reply: Result<(), Failure>) {
    let name = &user.name;
    let text = match reply {
        Ok(()) => {
            bans::done(model, user, action);
            users::done(model, user, action);
            said(model, name, action)
        }
        Err(failure) => {
            let what = match action {
                PersonAction::Message(_) => "message",
                PersonAction::Add(_) => "add",
                PersonAction::Remove(_) => "remove",
                PersonAction::Ban(..) => "ban",
                PersonAction::Unban(_) => "lift the ban of",
                PersonAction::SetRole(..) | PersonAction::SetServerRole(_) => "change the role of",
                PersonAction::Suspend => "suspend",
                PersonAction::Unsuspend => "lift the suspension of",
            };
            let why = format!("could not {what} {name}: {}", failure.reason());
            if !bans::shows_refusal(model, action, &why) && !users::shows_refusal(model, action, &why) {
                model.show_notice(Tone::Error, &why);
            }
            return;
        }
    };
    model.show_notice(Tone::Calm, &text);
}

fn said(model: &Model, name: &str, action: &PersonAction) -> String {
    let room = |id: &RoomId| model.rooms.get(id).map_or_else(|| "the room".to_owned(), attention::name);
    match action {
        PersonAction::Message(_) => String::new(),
        PersonAction::Add(id) => format!("{name} is in {} now", room(id)),
        PersonAction::Remove(id) => format!("{name} is not in {} any more", room(id)),
        PersonAction::Ban(id, _) => format!("{name} is banned from {}; /unban {name} lifts that", room(id)),
        PersonAction::Unban(id) => format!("{name} may come back to {}", room(id)),
        PersonAction::SetRole(id, role) => {
            format!("{name} is {} in {} now", word(*role), room(id))
        }
        PersonAction::Suspend => format!("{name} is suspended; /admin unsuspend {name} lifts that"),
        PersonAction::Unsuspend => format!("{name} may sign in again"),
        PersonAction::SetServerRole(ServerRole::Admin) => format!("{name} is an admin of this server now"),
        PersonAction::SetServerRole(ServerRole::Member) => format!("{name} is not an admin of this server any more"),
    }
}

/// The switcher's text changed, or no known name completes a word: finds users whose name begins with it.
pub(super) fn look_up(model: &mut Model, typed: &str) {
    model.look_up.wanted = typed.trim().trim_start_matches('@').into();
    if model.look_up.wanted.is_empty() {
        model.look_up = LookUp::default();
    }
}

/// Handles the users found. If that fails, only what is known is offered, and the same text is looked up again.
pub(super) fn looked_up(model: &mut Model, prefix: &str, reply: Result<Users, Failure>) {
    if *model.look_up.wanted != *prefix {
        return; // the text has changed
    }
    let Ok(Users { users, .. }) = reply else { return model.look_up = LookUp::default() };
    model.look_up.answered = prefix.into();
    model.look_up.found = users.into_iter().map(|user| UserRef { id: user.id, name: user.name }).collect();
}

fn word(role: Role) -> &'static str {
    ROLES.iter().find(|(_, other)| *other == role).map_or("", |(word, _)| word)
}

/// The text of a notice when the user's role in a room has changed.
pub(super) fn new_role(room: &Room, role: Role, by: Option<&UserRef>) -> String {
    let (word, name) = (word(role), attention::name(room));
    match by {
        Some(by) => format!("{} made you {word} in {name}", by.name),
        None => format!("you are {word} in {name} now"),
    }
}

/// The text of a notice when somebody else ends the user's membership; `None` if the user left.
pub(super) fn put_out(room: &Room, by: Option<&UserRef>, banned: bool) -> Option<String> {
    let name = attention::name(room);
    match (by, banned) {
        (Some(by), true) => Some(format!("{} banned you from {name}", by.name)),
        (Some(by), false) => Some(format!("{} removed you from {name}", by.name)),
        (None, true) => Some(format!("you are banned from {name}")),
        (None, false) => None,
    }
}
