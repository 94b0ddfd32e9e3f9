//! What an admin of the server sees: its users, and the invites with which people register.

use std::sync::Arc;

use quchat_shared::{
    RoomId, Timestamp, User,
    invite::{CreatedInvite, Invite, InviteCode},
    join_link::{HostPort, JoinLink},
    user::ServerRole,
};

use super::{Dialog, Model, Paged, PersonAction, Server};

/// The users of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserList {
    /// The start of the names that are listed.
    pub filter: Arc<str>,
    /// The users, by name.
    pub list: Paged<User>,
}

/// The invites that can still be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InviteList {
    /// The invites, newest first.
    pub list: Paged<Invite>,
}

/// An invite that was just created. The Debug text leaves out its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshInvite {
    pub code: InviteCode,
    /// The link to this server with the code; `None` on a connection that is not encrypted, because the key of the
    /// server is then unknown.
    pub link: Option<JoinLink>,
    /// The link works only on this machine.
    pub is_local: bool,
    /// The room that those who register with it join.
    pub room: Option<RoomId>,
    /// How many users can register with it.
    pub uses: u32,
    pub expires_at: Timestamp,
}

impl FreshInvite {
    /// The invite to this server that it has just created.
    #[must_use]
    pub fn new(server: &Server, created: CreatedInvite) -> Self {
        let CreatedInvite { code, room, uses, expires_at, .. } = created;
        let link = join_link(server, &code);
        Self { code, link, is_local: server.origin.is_loopback(), room, uses, expires_at }
    }

    /// What somebody needs in order to register: the link, or the code alone.
    #[must_use]
    pub fn text(&self) -> String {
        self.link.as_ref().map_or_else(|| self.code.to_string(), JoinLink::in_shell)
    }
}

/// The link with the address and the pin that this client uses.
fn join_link(server: &Server, code: &InviteCode) -> Option<JoinLink> {
    if !server.origin.is_encrypted() {
        return None;
    }
    let authority = server.origin.authority().replace(".:", ":"); // a link has no dot at the end of a host
    let HostPort { host, port } = authority.parse().ok()?;
    Some(JoinLink { host, port: port?, pin: server.pin, invite: Some(code.clone()) })
}

impl Model {
    /// Whether the user is an admin of the server.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.user.role == ServerRole::Admin)
    }

    /// What an admin may do with a user of the server.
    #[must_use]
    pub fn offers_on_server(&self, user: &User) -> Vec<PersonAction> {
        if self.me() == Some(user.id) {
            return Vec::new();
        }
        let mut offers = vec![PersonAction::Message(None)];
        if self.is_admin() {
            offers.push(if user.suspended { PersonAction::Unsuspend } else { PersonAction::Suspend });
            offers.push(PersonAction::SetServerRole(match user.role {
                ServerRole::Admin => ServerRole::Member,
                ServerRole::Member => ServerRole::Admin,
            }));
        }
        offers
    }

    /// The list of users, if it is open.
    pub(crate) fn user_list(&mut self) -> Option<&mut UserList> {
        self.dialogs.iter_mut().find_map(|dialog| match dialog {
            Dialog::Users(users) => Some(users),
            _ => None,
        })
    }

    /// The list of invites, if it is open.
    pub(crate) fn invite_list(&mut self) -> Option<&mut InviteList> {
        self.dialogs.iter_mut().find_map(|dialog| match dialog {
            Dialog::Invites(invites) => Some(invites),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use quchat_shared::pin::Pin;

    use super::*;
    use crate::model::Origin;

    fn link(origin: &str, pin: Option<Pin>) -> Option<String> {
        let server = Server { origin: Origin::parse(origin).unwrap(), pin };
        join_link(&server, &InviteCode::new([0; 16])).map(|link| link.to_string())
    }

    #[test]
    fn a_link_has_the_address_and_the_pin_that_the_client_uses() {
        let (pin, code) = ("CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk", "AAAAAAAAAAAAAAAAAAAAAA");
        let known = Some(Pin([9; 32]));
        for (origin, pinned, expected) in [
            ("https://chat.lan:7878", known, Some(format!("quchat://chat.lan/{pin}/{code}"))),
            ("https://chat.example.org.", None, Some(format!("quchat://chat.example.org:443/-/{code}"))),
            ("https://[2001:db8::7]:80", known, Some(format!("quchat://[2001:db8::7]:80/{pin}/{code}"))),
            ("http://localhost", None, None),
        ] {
            assert_eq!(link(origin, pinned), expected, "{origin}");
        }
    }
}
