//! The verbs `user …`. A user is given by name; a password comes from a prompt or from standard input.

use clap::{Subcommand, ValueEnum};
use quchat_shared::{User, api::Users, limits::PAGE_MAX};
use serde_json::json;

use super::{
    asking::ask,
    failure::{Failure, NOT_FOUND},
    output::{Format, Output},
    password_prompt::read_password,
};
use crate::{Config, governing::Question};

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserVerb {
    /// List all users
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Add a user; asks for the password, or reads it from standard input
    Add {
        /// The name of the new user
        name: String,
        /// The role on the server; the first user is always an admin
        #[arg(long, value_enum, default_value = "member")]
        role: Role,
        #[command(flatten)]
        format: Format,
    },
    /// Set a new password and end all sessions of the user; asks for it, or reads it from standard input
    ResetPassword {
        /// The name of the user
        name: String,
        #[command(flatten)]
        format: Format,
    },
    /// Keep a user out, and end all their sessions; what they wrote stays
    Suspend {
        /// The name of the user
        name: String,
        #[command(flatten)]
        format: Format,
    },
    /// Let a suspended user sign in again
    Unsuspend {
        /// The name of the user
        name: String,
        #[command(flatten)]
        format: Format,
    },
    /// Set the role of a user on the server; the last admin stays admin
    Role {
        /// The name of the user
        name: String,
        /// The new role
        #[arg(value_enum)]
        role: Role,
        #[command(flatten)]
        format: Format,
    },
}

/// The rights of a user on the server.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    Member,
    Admin,
}

impl Role {
    const fn on_the_wire(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }
}

impl UserVerb {
    pub(super) fn run(&self, place: &Config, output: &Output) -> Result<(), Failure> {
        match self {
            Self::List { format } => list(place, output, format),
            Self::Add { name, role, format } => add(place, output, format, name, *role),
            Self::ResetPassword { name, format } => reset_password(place, output, format, name),
            Self::Suspend { name, format } => {
                let user = update(place, name, json!({"suspended": true}))?;
                output.print(format, &user, &format!("{} is suspended and was signed out everywhere", user.name))
            }
            Self::Unsuspend { name, format } => {
                let user = update(place, name, json!({"suspended": false}))?;
                output.print(format, &user, &format!("{} may sign in", user.name))
            }
            Self::Role { name, role, format } => {
                let user = update(place, name, json!({"role": role.on_the_wire()}))?;
                output.print(format, &user, &format!("{} has the role {} now", user.name, role.on_the_wire()))
            }
        }
    }
}

fn list(place: &Config, output: &Output, format: &Format) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = page(place, &format!("limit={PAGE_MAX}"), after.as_deref())?;
        for user in &page.users {
            output.print(format, user, &describe(user))?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn add(place: &Config, output: &Output, format: &Format, name: &str, role: Role) -> Result<(), Failure> {
    let password = read_password(&format!("Password for {name}"))?;
    let body = Some(json!({"name": name, "password": password, "role": role.on_the_wire()}));
    let user: User = ask(place, &Question { method: "POST", target: "/v1/users".to_owned(), body })?.json()?;
    output.print(format, &user, &format!("added {}", describe(&user)))
}

fn reset_password(place: &Config, output: &Output, format: &Format, name: &str) -> Result<(), Failure> {
    let user = find(place, name)?;
    let password = read_password(&format!("New password for {}", user.name))?;
    let (target, body) = (format!("/v1/users/{}/password", user.id), Some(json!({"new": password})));
    ask(place, &Question { method: "PUT", target, body })?;
    output.print(format, &user, &format!("{} has a new password and was signed out everywhere", user.name))
}

fn update(place: &Config, name: &str, change: serde_json::Value) -> Result<User, Failure> {
    let target = format!("/v1/users/{}", find(place, name)?.id);
    ask(place, &Question { method: "PATCH", target, body: Some(change) })?.json()
}

/// The user with this name, without regard to case.
fn find(place: &Config, name: &str) -> Result<User, Failure> {
    let missing = || Failure::new(NOT_FOUND, format!("there is no user {name:?}; see quchat-server user list"));
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(missing());
    }
    let page = page(place, &format!("limit=1&prefix={name}"), None)?; // sorted, so that the exact name comes first
    page.users.into_iter().find(|user| user.name.eq_ignore_ascii_case(name)).ok_or_else(missing)
}

fn page(place: &Config, query: &str, after: Option<&str>) -> Result<Users, Failure> {
    let after = after.map_or(String::new(), |after| format!("&after={after}")); // a name needs no escapes
    ask(place, &Question { method: "GET", target: format!("/v1/users?{query}{after}"), body: None })?.json()
}

fn describe(user: &User) -> String {
    let role = serde_json::to_value(user.role).ok().and_then(|role| role.as_str().map(str::to_owned));
    let (role, online) = (role.unwrap_or_default(), if user.online { ", online" } else { "" });
    let suspended = if user.suspended { ", suspended" } else { "" };
    format!("{} ({role}, id {}, since {}{online}{suspended})", user.name, user.id, user.created_at)
}
