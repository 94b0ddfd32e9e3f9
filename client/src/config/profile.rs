//! A server and a name under a name of its own.

use quchat_shared::limits;

use super::{Setting, table::Table};
use crate::api::Origin;

/// What can be said of a server, at the top of the file as well as in a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its address.
    pub server: Option<Setting<String>>,
    /// The name to sign in with.
    pub name: Option<Setting<String>>,
}

impl Profile {
    /// The keys it reads.
    pub(super) const KEYS: [&'static str; 2] = ["server", "name"];

    /// Reads them.
    pub(super) fn read(table: Table<'_>) -> Self {
        let address = |text: &str| Origin::parse(text).map(|_| text.to_owned()).map_err(str::to_owned);
        let name =
            |text: &str| limits::user_name(text.trim()).map(str::to_owned).map_err(|refusal| refusal.to_string());
        Self { server: table.text("server", address), name: table.text("name", name) }
    }
}
