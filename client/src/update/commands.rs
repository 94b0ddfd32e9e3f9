//! Slash commands. Dispatch, help and completion use one list.

use std::sync::Arc;

use quchat_shared::{
    RoomId,
    api::RoomChange,
    limits::{self, room_key},
    room::{Notify, Role, RoomKind},
};

pub(crate) use super::attention::LEVELS;
use super::{
    Action,
    admin::{self, AdminCommand},
    attention, reactions,
};
use crate::model::{Model, PersonAction, Rank, Room};

/// The roles and their names.
pub(crate) const ROLES: [(&str, Role); 3] =
    [("owner", Role::Owner), ("moderator", Role::Moderator), ("member", Role::Member)];

/// A command as the help shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// What follows the slash: one word, or `admin` and one word.
    pub name: &'static str,
    /// Its arguments as the help shows them; empty if it takes none.
    pub args: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// The equivalent Action, if there is one.
    pub action: Option<Action>,
}

const fn command(name: &'static str, args: &'static str, help: &'static str, action: Option<Action>) -> Command {
    Command { name, args, help, action }
}

/// Every command.
pub const COMMANDS: &[Command] = &[
    command("help", "", "keys and commands", Some(Action::Help)),
    command("join", "NAME", "open a room; joins it if it is public", None),
    command("leave", "", "leave this room", None),
    command("create", "[--private] NAME", "create a room", None),
    command("rooms", "", "go to the list of rooms", Some(Action::FocusRooms)),
    command("room", "N", "go to the Nth room", None),
    command("next", "", "go to the next room", Some(Action::NextRoom)),
    command("prev", "", "go to the previous room", Some(Action::PreviousRoom)),
    command("last", "", "go to the room that was open before", Some(Action::LastRoom)),
    command("unread", "", "go to the next unread room", Some(Action::NextUnread)),
    command("new", "", "go to the first unread message", Some(Action::ToNew)),
    command(
        "search",
        "[TEXT]",
        "search all rooms; in:#room in:@name from:@name before:DAY after:DAY",
        Some(Action::Search),
    ),
    command("find", "[TEXT]", "find text in this room", Some(Action::Find)),
    command("inbox", "", "the messages that mention you", Some(Action::Inbox)),
    command("back", "", "go back to where you were before a jump", Some(Action::Back)),
    command("forward", "", "go forward again", Some(Action::Forward)),
    command("reply", "[TEXT]", "reply to the newest message of another user", Some(Action::Reply)),
    command("edit", "[TEXT]", "edit your last message in this room", Some(Action::Edit)),
    command("delete", "", "delete your last message in this room; asks first", Some(Action::Delete)),
    command(
        "react",
        "[EMOJI]",
        "react to the newest message of another user; repeat to take it back",
        Some(Action::React),
    ),
    command("me", "TEXT", "say what you do; sends _TEXT_", None),
    command("catchup", "", "mark every room as read; asks first", None),
    command("select", "", "choose a message, to reply to it, react to it or copy it", Some(Action::Select)),
    command("unfold", "", "unfold long messages; repeat to fold them", None),
    command("bare", "", "hide side bar and frames, to copy with the mouse; repeat to show them", Some(Action::Bare)),
    command("unsent", "", "send refused messages again, change or discard them", Some(Action::Review)),
    command("notify", "LEVEL", "what this room notifies you of: all, mentions or none", None),
    command("mute", "", "mute this room; repeat to unmute", None),
    command("mouse", "", "the wheel scrolls, a click opens a room; repeat to turn that off", None),
    command("theme", "NAME", "change the theme until you quit; config.toml sets it for good", None),
    command("reconnect", "", "reconnect now", Some(Action::Reconnect)),
    command("signout", "", "sign out", Some(Action::SignOut)),
    command("quit", "", "quit", Some(Action::Quit)),
    command("who", "", "list the people in this room, and what you can do with them", Some(Action::People)),
    command("msg", "NAME [TEXT]", "open the direct room with somebody, and send TEXT there", None),
    command("invite", "NAME", "add somebody to this room", None),
    command("kick", "NAME", "remove somebody from this room; asks first", None),
    command("ban", "NAME [REASON]", "remove somebody and keep them out; asks first", None),
    command("unban", "[NAME]", "let somebody come back, or list who is banned", None),
    command("bans", "", "list who is banned from this room, by whom and why; Enter lifts a ban", None),
    command("role", "NAME ROLE", "make somebody owner, moderator or member of this room", None),
    command("topic", "[TEXT]", "set the topic of this room, or show it; - removes it", None),
    command("rename", "NAME", "give this room another name", None),
    command("archive", "", "close this room to new messages; asks first; repeat to open it again", None),
    command("delete-room", "", "delete this room for everybody; asks first", None),
    command("sessions", "", "list where you are signed in, and end sessions", None),
    command("password", "", "change your password", None),
    command("admin users", "", "list the users of the server, and what you can do with them", None),
    command("admin suspend", "NAME", "end somebody's sessions and keep them from signing in; asks first", None),
    command("admin unsuspend", "NAME", "let somebody sign in again", None),
    command("admin role", "NAME ROLE", "make somebody admin or member of the server", None),
    command("admin invite", "[ROOM] [USES] [TIME]", "create a link to join with, such as: #lan 5 7d", None),
    command("admin invites", "", "list the invites that still work; Enter revokes one", None),
];

/// A parsed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SlashCommand {
    Do(Action),
    Join(RoomId),
    Leave,
    Create {
        name: String,
        kind: RoomKind,
    },
    Room(RoomId),
    Notify(Option<Notify>),
    Mute,
    Mouse,
    Theme(Arc<str>),
    Search(String),
    Find(String),
    Reply(Arc<str>),
    Post(Arc<str>),
    Edit(Arc<str>),
    React(Arc<str>),
    CatchUp,
    Unfold,
    Change(RoomChange),
    Topic,
    Archive,
    DeleteRoom,
    /// Does this with the user of this name.
    Person {
        name: String,
        action: PersonAction,
    },
    Bans,
    Sessions,
    Password,
    Admin(AdminCommand),
}

impl SlashCommand {
    /// Whether it sends a message to the open room. That message takes the reply target of the draft.
    pub(super) fn says(&self) -> bool {
        matches!(self, Self::Post(_) | Self::Reply(_))
    }
}

/// Whether a text begins with the name of a command.
pub(crate) fn is_command(text: &str) -> bool {
    let name = text.strip_prefix('/').and_then(|rest| rest.split(char::is_whitespace).next());
    name.is_some_and(|name| {
        name.eq_ignore_ascii_case(ADMIN) || COMMANDS.iter().any(|command| command.name.eq_ignore_ascii_case(name))
    })
}

/// The first word of the commands for admins of the server.
const ADMIN: &str = "admin";

/// Whether a command is for admins of the server only.
pub(crate) fn is_for_admins(command: &Command) -> bool {
    command.name.strip_prefix(ADMIN).is_some_and(|rest| rest.starts_with(' '))
}

/// Parses the text after the slash.
///
/// # Errors
/// One sentence that says what to change.
pub(super) fn parse(model: &Model, typed: &str) -> Result<SlashCommand, String> {
    let (name, args) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let args = args.trim();
    if name.eq_ignore_ascii_case(ADMIN) {
        return admin::parse(model, args, |name| find(model, name)).map(SlashCommand::Admin);
    }
    let command = COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name));
    let command = command.ok_or_else(|| format!("there is no /{name}; /help lists the commands, //{name} sends it"))?;
    if command.args.is_empty() && !args.is_empty() {
        return Err(format!("/{name} takes no argument"));
    }
    if let Some(action) = command.action.filter(|_| args.is_empty()) {
        return Ok(SlashCommand::Do(action));
    }
    match command.name {
        "leave" => Ok(SlashCommand::Leave),
        "mute" => Ok(SlashCommand::Mute),
        "mouse" => Ok(SlashCommand::Mouse),
        "theme" => theme(model, args).map(SlashCommand::Theme),
        "search" => Ok(SlashCommand::Search(args.to_owned())),
        "find" => Ok(SlashCommand::Find(args.to_owned())),
        "reply" => text(model, args).map(SlashCommand::Reply),
        "me" if args.is_empty() => Err("/me takes a text, such as: /me waves".to_owned()),
        "me" => text(model, &format!("_{args}_")).map(SlashCommand::Post),
        "edit" => text(model, args).map(SlashCommand::Edit),
        "react" => reactions::parse(args).map(SlashCommand::React),
        "catchup" => Ok(SlashCommand::CatchUp),
        "unfold" => Ok(SlashCommand::Unfold),
        "notify" => attention::level(args).map(SlashCommand::Notify),
        "join" => find(model, args).map(SlashCommand::Join),
        "create" => create(args),
        "bans" => open(model).map(|_| SlashCommand::Bans),
        "sessions" => Ok(SlashCommand::Sessions),
        "password" => Ok(SlashCommand::Password),
        "topic" | "rename" | "archive" | "delete-room" => room_change(model, command.name, args),
        "msg" | "invite" | "kick" | "ban" | "unban" | "role" => person(model, command.name, args),
        _ => {
            let number = args.parse().map_err(|_| "/room takes the number of a room".to_owned())?;
            model.nth_joined(number).map(SlashCommand::Room).ok_or_else(|| format!("there is no room {number}"))
        }
    }
}

fn create(args: &str) -> Result<SlashCommand, String> {
    let (kind, name) = match args.strip_prefix("--private") {
        Some(name) if name.is_empty() || name.starts_with(char::is_whitespace) => (RoomKind::Private, name.trim()),
        _ => (RoomKind::Public, args),
    };
    match name {
        "" if kind == RoomKind::Public => Ok(SlashCommand::Do(Action::CreateRoom)),
        "" => Err("/create --private takes the name of the room".to_owned()),
        name if name.starts_with("--") => Err("the only option of /create is --private".to_owned()),
        name => Ok(SlashCommand::Create { name: name.strip_prefix('#').unwrap_or(name).to_owned(), kind }),
    }
}

/// The open room, if the server has it.
fn open(model: &Model) -> Result<&Room, String> {
    model.open_room().filter(|room| !room.gone).ok_or_else(|| "no room is open".to_owned())
}

fn room_change(model: &Model, command: &str, args: &str) -> Result<SlashCommand, String> {
    open(model)?;
    let change = RoomChange::default();
    match (command, args) {
        ("archive", _) => Ok(SlashCommand::Archive),
        ("delete-room", _) => Ok(SlashCommand::DeleteRoom),
        ("topic", "") => Ok(SlashCommand::Topic),
        ("topic", topic) => {
            let topic = limits::topic(if topic == "-" { "" } else { topic })?.to_owned();
            Ok(SlashCommand::Change(RoomChange { topic: Some(topic), ..change }))
        }
        (_, "") => Err("/rename takes the new name of this room".to_owned()),
        (_, name) => {
            let name = limits::room_name(name.strip_prefix('#').unwrap_or(name))?.to_owned();
            Ok(SlashCommand::Change(RoomChange { name: Some(name), ..change }))
        }
    }
}

/// A command that does something with a person.
fn person(model: &Model, command: &str, args: &str) -> Result<SlashCommand, String> {
    let (name, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let (name, rest) = (name.strip_prefix('@').unwrap_or(name), rest.trim());
    if name.is_empty() && command == "unban" {
        return open(model).map(|_| SlashCommand::Bans);
    }
    if name.is_empty() {
        return Err(format!("/{command} takes the name of a user"));
    }
    limits::user_name(name)?;
    let text = Some(rest).filter(|rest| !rest.is_empty());
    let action = match command {
        "msg" => PersonAction::Message(text.map(limits::message_text).transpose()?.map(Into::into)),
        "ban" => PersonAction::Ban(open(model)?.info.id, text.map(limits::topic).transpose()?.map(Into::into)),
        "role" => {
            let role = ROLES.iter().find(|(word, _)| *word == rest).map(|(_, role)| *role);
            let role = role.ok_or("/role takes a name and owner, moderator or member")?;
            PersonAction::SetRole(open(model)?.info.id, role)
        }
        _ if text.is_some() => return Err(format!("/{command} takes one name")),
        "invite" => PersonAction::Add(open(model)?.info.id),
        "kick" => PersonAction::Remove(open(model)?.info.id),
        _ => PersonAction::Unban(open(model)?.info.id),
    };
    Ok(SlashCommand::Person { name: name.to_owned(), action })
}

/// Whether a command can succeed in the open room. What the user's role does not permit is not offered.
pub(crate) fn is_offered(model: &Model, command: &Command) -> bool {
    let rank = model.open_room().map_or(Rank::Outsider, |room| model.rank(room));
    match command.name {
        "invite" => rank >= Rank::Member,
        "kick" | "ban" | "unban" | "bans" | "topic" | "rename" | "archive" => rank >= Rank::Moderator,
        "role" | "delete-room" => rank >= Rank::Owner,
        _ => !is_for_admins(command) || model.is_admin(),
    }
}

fn theme(model: &Model, name: &str) -> Result<Arc<str>, String> {
    let found = model.themes.iter().find(|theme| ***theme == *name);
    found.cloned().ok_or_else(|| format!("/theme takes one of {}", model.themes.join(", ")))
}

/// Checks a text as a message of the open room.
fn text(model: &Model, text: &str) -> Result<Arc<str>, String> {
    let room = model.open_room().ok_or("no room is open")?;
    room.check_message(text)
}

/// The error if a room is not found before the server has listed all rooms.
pub(super) const UNLISTED: &str = "the other rooms are listed as soon as the server answers";

/// The room of this name: a joined one, else a public one.
fn find(model: &Model, name: &str) -> Result<RoomId, String> {
    let name = name.strip_prefix('#').unwrap_or(name);
    if name.is_empty() {
        return Err("/join takes the name of a room".to_owned());
    }
    let key = room_key(name);
    let named: Vec<_> = model.ordered().filter(|room| !room.gone && room_key(&room.info.name) == key).collect();
    let joined = named.iter().filter(|room| room.joined()).count();
    if joined > 1 {
        return Err(format!("you are in {joined} rooms called {name}: choose one in the side bar (/rooms)"));
    }
    let found = named.iter().find(|room| room.joined() || room.info.kind == RoomKind::Public).map(|room| room.info.id);
    found.ok_or_else(|| match model.cursor {
        None => UNLISTED.to_owned(),
        Some(_) => format!("there is no room {name}; /create {name} creates it"),
    })
}
