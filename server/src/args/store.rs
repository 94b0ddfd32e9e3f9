//! The flags that name a PostgreSQL, and where its password is.

use std::path::PathBuf;

use crate::{
    store::{PasswordSources, PostgresSettings},
    store_url::StoreUrl,
};

const IN_SIGHT: &str = "must not contain a password, because everybody on this machine can read it in the list of \
                        processes; put the URL into QUCHAT_STORE, or the password alone into a file for \
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

impl StoreArgs {
    /// Whether there is a PostgreSQL.
    pub(super) fn is_used(&self) -> bool {
        self.store.is_some()
    }

    /// Uses this PostgreSQL.
    pub(super) fn choose(&mut self, store: StoreUrl) {
        self.store = Some(store);
    }

    /// Looks for what is wrong with these flags. `name` is that of the flag with the URL, and `is_in_sight` whether it
    /// was in the arguments.
    ///
    /// # Errors
    /// The URL is invalid, or everybody can see a password in it.
    pub(super) fn check(&self, name: &str, is_in_sight: bool, has_password_file: bool) -> Result<(), String> {
        let Some(StoreUrl(url)) = &self.store else {
            return if has_password_file { Err("--store-password-file needs --store".to_owned()) } else { Ok(()) };
        };
        let settings = PostgresSettings::parse(url).map_err(|reason| format!("{name}: {reason}"))?;
        if settings.has_password() && is_in_sight {
            return Err(format!("{name} {IN_SIGHT}"));
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
