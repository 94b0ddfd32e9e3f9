//! A flag with the URL of a PostgreSQL. It may hold a password, so it is shown nowhere.

use std::{convert::Infallible, fmt, str::FromStr};

/// Not checked yet: reading it from the command line never fails, because the message would quote it.
#[derive(Clone)]
pub(crate) struct StoreUrl(pub(crate) String);

impl FromStr for StoreUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl(..)")
    }
}
