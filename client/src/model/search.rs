//! The search in all rooms.

use std::{collections::BTreeMap, sync::Arc};

use quchat_shared::{UserId, query::SearchMessages};

use super::{Call, Listing, Model, listing::Place};

/// Most names that are remembered.
const NAMES_MAX: usize = 64;

/// What the user typed, and what was found. It stays when the dialog is closed, so that the next hit is one key away.
#[derive(Debug, Default)]
pub struct Search {
    /// As typed.
    pub typed: Arc<str>,
    /// The dialog was opened with the text of the last search.
    pub as_left: bool,
    /// What it asks for.
    pub asked: Asked,
    pub listing: Listing,
    /// The hit that the user went to last.
    pub chosen: Option<Place>,
    /// Users by the name in lower case, as far as they were looked up.
    pub(crate) senders: BTreeMap<String, Option<UserId>>,
}

/// A parsed search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Asked {
    /// Nothing was typed.
    #[default]
    Nothing,
    /// It cannot be searched for: one sentence that says what to change.
    Wrong(String),
    /// The user of this name, in lower case, has to be looked up first.
    Sender(String),
    /// Complete, without a position.
    Messages(SearchMessages),
}

impl Search {
    /// The request for the wanted page.
    pub(crate) fn request(&self) -> Option<SearchMessages> {
        let Asked::Messages(query) = &self.asked else { return None };
        Some(SearchMessages { after: self.listing.after().map(str::to_owned), ..query.clone() })
    }

    /// Remembers who has this name.
    pub(crate) fn remember(&mut self, name: &str, user: Option<UserId>) {
        if self.senders.len() >= NAMES_MAX {
            self.senders.clear();
        }
        self.senders.insert(name.to_owned(), user);
    }
}

impl Model {
    /// Whether a request of the search in all rooms is in flight.
    pub(crate) fn is_searching(&self) -> bool {
        self.internal.awaits(|call| matches!(call, Call::SearchMessages(_) | Call::FindSender(_)))
    }
}
