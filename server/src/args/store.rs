//! The flags that name a PostgreSQL, and where its password is.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr};

use clap::{ArgMatches, parser::ValueSource};

use crate::store::{PasswordSources, PostgresSettings};

const IN_SIGHT: &str = "--store must not contain a password, because everybody on this machine can read it in the list \
                        of processes; put the URL into QUCHAT_STORE, or the password alone into a file for \
                        --store-password-file, into ~/.pgpass or into PGPASSWORD";

/// Where the data is, unless it is in the data directory.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreArgs {
    /// PostgreSQL that holds the data instead of the data directory, as postgres://USER@HOST/DATABASE; several servers
    /// may share it
    #[arg(long, env = "QUCHAT_STORE", value_name = "URL", global = true, hide_env_values = true)]
    store: Option<StoreUrl>,

    /// File with the password of PostgreSQL [default: $PGPASSWORD, else $PGPASSFILE, else ~/.pgpass]
    #[arg(long, env = "QUCHAT_STORE_PASSWORD_FILE", value_name = "FILE", global = true)]
    store_password_file: Option<PathBuf>,
}

/// A URL that may hold a password. Reading it from the command line never fails, because clap's message would quote it.
#[derive(Clone)]
struct StoreUrl(String);

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

impl StoreArgs {
    /// Whether there is a PostgreSQL.
    pub(super) fn is_used(&self) -> bool {
        self.store.is_some()
    }

    /// Looks for what is wrong with these flags.
    ///
    /// # Errors
    /// The URL is invalid, or everybody can see a password in it.
    pub(super) fn check(&self, matches: &ArgMatches) -> Result<(), String> {
        let is_typed = |flag| matches.value_source(flag) == Some(ValueSource::CommandLine);
        let Some(StoreUrl(url)) = &self.store else {
            let is_alone = is_typed("store_password_file");
            return if is_alone { Err("--store-password-file needs --store".to_owned()) } else { Ok(()) };
        };
        let settings = PostgresSettings::parse(url).map_err(|reason| format!("--store: {reason}"))?;
        if settings.has_password() && is_typed("store") {
            return Err(IN_SIGHT.to_owned());
        }
        Ok(())
    }

    /// The PostgreSQL, if there is one, with its password.
    ///
    /// # Errors
    /// A file with a password cannot be used.
    pub(super) fn settings(&self) -> Result<Option<PostgresSettings>, String> {
        let Some(StoreUrl(url)) = &self.store else { return Ok(None) };
        let sources = PasswordSources::new(self.store_password_file.clone());
        PostgresSettings::parse(url)?.with_password(&sources).map(Some)
    }
}
