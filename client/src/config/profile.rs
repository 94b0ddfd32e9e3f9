//! A profile: a server and a name to sign in with.

use quchat_shared::limits;

use super::{Setting, table::Table};
use crate::api::Origin;

/// The settings that both a profile and the top level of the file can hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    pub server: Option<Setting<String>>,
    pub name: Option<Setting<String>>,
}

impl Profile {
    /// The keys of a profile.
    pub(super) const KEYS: [&'static str; 2] = ["server", "name"];

    pub(super) fn read(table: Table<'_>) -> Self {
        let address = |text: &str| Origin::parse(text).map(|_| text.to_owned()).map_err(str::to_owned);
        let name =
            |text: &str| limits::user_name(text.trim()).map(str::to_owned).map_err(|refusal| refusal.to_string());
        Self { server: table.text("server", address), name: table.text("name", name) }
    }
}
