//! The command `/admin`, for admins of the server: what its words mean, and running it.

use quchat_shared::{
    RoomId,
    invite::{LIFETIME_MAX, NewInvite, USES_MAX},
    limits,
    user::ServerRole,
};

use super::{Effect, invites, people, users};
use crate::model::{Model, PersonAction};

/// The roles on the server and their names.
pub(crate) const SERVER_ROLES: [(&str, ServerRole); 2] = [("admin", ServerRole::Admin), ("member", ServerRole::Member)];

/// A parsed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AdminCommand {
    Users,
    /// Does this with the user of this name.
    Person {
        name: String,
        action: PersonAction,
    },
    Invite(NewInvite),
    Invites,
}

/// Parses what follows `/admin`. `room` finds the room of a name.
///
/// # Errors
/// One sentence that says what to change.
pub(super) fn parse(
    model: &Model,
    typed: &str,
    room: impl Fn(&str) -> Result<RoomId, String>,
) -> Result<AdminCommand, String> {
    if !model.is_admin() {
        return Err("only admins of this server may use /admin".to_owned());
    }
    let (word, args) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let args = args.trim();
    let word = word.to_ascii_lowercase();
    match &*word {
        "users" | "invites" if !args.is_empty() => Err(format!("/admin {word} takes no argument")),
        "users" => Ok(AdminCommand::Users),
        "invites" => Ok(AdminCommand::Invites),
        "invite" => invite(args, room).map(AdminCommand::Invite),
        "suspend" | "unsuspend" | "role" => person(&word, args),
        _ => Err("/admin takes users, suspend, unsuspend, role, invite or invites; /help explains them".to_owned()),
    }
}

fn person(word: &str, args: &str) -> Result<AdminCommand, String> {
    let (name, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let (name, rest) = (name.strip_prefix('@').unwrap_or(name), rest.trim());
    if name.is_empty() {
        return Err(format!("/admin {word} takes the name of a user"));
    }
    limits::user_name(name)?;
    let action = match word {
        "role" => {
            let role = SERVER_ROLES.iter().find(|(word, _)| *word == rest).map(|(_, role)| *role);
            PersonAction::SetServerRole(role.ok_or("/admin role takes a name and admin or member")?)
        }
        _ if !rest.is_empty() => return Err(format!("/admin {word} takes one name")),
        "suspend" => PersonAction::Suspend,
        _ => PersonAction::Unsuspend,
    };
    Ok(AdminCommand::Person { name: name.to_owned(), action })
}

/// An invite: the name of a room, a number of uses and a time, each of which may be left out.
fn invite(args: &str, room: impl Fn(&str) -> Result<RoomId, String>) -> Result<NewInvite, String> {
    let (rest, expires) = last_word(args).filter(|(_, word)| seconds(word).is_some()).unwrap_or((args, ""));
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let (name, uses) = last_word(rest).filter(|(_, word)| is_number(word)).unwrap_or((rest, ""));
    let uses = match uses {
        "" => None,
        uses => Some(
            uses.parse().ok().filter(|uses| (1..=USES_MAX).contains(uses)).ok_or("an invite has 1 to 10000 uses")?,
        ),
    };
    let expires_in_seconds = seconds(expires);
    if expires_in_seconds.is_some_and(|seconds| !(1..=LIFETIME_MAX).contains(&seconds)) {
        return Err("an invite lasts between 1m and 366d".to_owned());
    }
    let room = if name.is_empty() { None } else { Some(room(name)?) };
    Ok(NewInvite { room, uses, expires_in_seconds })
}

/// The last word of a text, and what stands before it.
fn last_word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_end();
    let (before, word) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    (!word.is_empty()).then_some((before.trim_end(), word))
}

/// The seconds of a time such as `30m`, `12h`, `7d` or `2w`.
fn seconds(word: &str) -> Option<u64> {
    let unit = match word.chars().next_back()? {
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        _ => return None,
    };
    let number = word[..word.len() - 1].parse::<u64>().ok()?;
    Some(number.saturating_mul(unit))
}

/// Runs the command.
pub(super) fn run(model: &mut Model, command: AdminCommand, effects: &mut Vec<Effect>) {
    match command {
        AdminCommand::Users => users::open(model),
        AdminCommand::Person { name, action } => people::by_name(model, &name, action, effects),
        AdminCommand::Invite(new) => invites::create(model, new, effects),
        AdminCommand::Invites => invites::open(model),
    }
}
