//! A data directory that can be used by several servers in turn, with its database on PostgreSQL if the tests run on
//! one, and searches in both.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use quchat_server::{Config, PostgresSettings};
use tempfile::TempDir;

use super::{Database, postgres, setup};

/// Files that are the same on all servers with the same database.
const SECRETS: [&str; 3] = ["signing-key", "tls-key.pem", "tls-cert.pem"];
/// The file beside the directory that contains the URL of its database.
const STORE: &str = "store";

/// Removed when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct DataDir {
    parent: Arc<TempDir>,
    postgres: Option<Arc<postgres::Database>>,
    /// Where servers find the database instead.
    url: Option<Arc<str>>,
}

impl DataDir {
    pub(crate) fn new() -> Self {
        Self::with(setup::store().map(|_| postgres::Database::new()))
    }

    /// With a SQLite database, whatever the tests run on.
    pub(crate) fn on_sqlite() -> Self {
        Self::with(None)
    }

    /// The same directory, with an empty PostgreSQL for the servers on it from now on.
    pub(crate) fn with_empty_postgres(&self) -> Self {
        let postgres = Arc::new(postgres::Database::empty());
        fs::write(self.parent.path().join(STORE), postgres.url()).unwrap();
        Self { postgres: Some(postgres), ..self.clone() }
    }

    fn with(postgres: Option<postgres::Database>) -> Self {
        let parent = tempfile::tempdir().unwrap();
        if let Some(postgres) = &postgres {
            fs::write(parent.path().join(STORE), postgres.url()).unwrap();
        }
        Self { parent: Arc::new(parent), postgres: postgres.map(Arc::new), url: None }
    }

    /// For servers on a database that belongs to the test.
    pub(crate) fn on(url: &str) -> Self {
        Self::with(None).by_way_of(url)
    }

    /// Has servers go to the database by another way.
    pub(crate) fn by_way_of(self, url: &str) -> Self {
        fs::write(self.parent.path().join(STORE), url).unwrap();
        Self { url: Some(url.into()), ..self }
    }

    /// The URL of the database, if it is on PostgreSQL.
    pub(crate) fn url(&self) -> Option<String> {
        let url = self.url.as_deref().map(str::to_owned);
        url.or_else(|| self.postgres.as_ref().map(|postgres| postgres.url()))
    }

    /// The path; it does not exist until a server creates it.
    pub(crate) fn path(&self) -> PathBuf {
        self.parent.path().join("data")
    }

    /// The PostgreSQL for a server on this directory.
    pub(crate) fn postgres(&self) -> Option<PostgresSettings> {
        self.url().map(|url| PostgresSettings::parse(&url).unwrap())
    }

    /// The URL of the database for a server on the [`DataDir`] with this path.
    pub(super) fn store_of(path: &Path) -> Option<String> {
        fs::read_to_string(path.with_file_name(STORE)).ok()
    }

    /// The directory of another server on the same database, with the same secrets.
    pub(crate) fn of_node(&self, number: usize) -> PathBuf {
        let path = self.parent.path().join(format!("node-{number}"));
        fs::create_dir_all(&path).unwrap();
        for name in SECRETS {
            if let Ok(secret) = fs::read(self.path().join(name)) {
                fs::write(path.join(name), secret).unwrap();
            }
        }
        path
    }

    /// The configuration of that server.
    pub(crate) fn config_of_node(&self, number: usize) -> Config {
        let mut config = Config::new(self.of_node(number));
        config.postgres = self.postgres();
        config
    }

    /// The database, used by another program.
    pub(crate) fn database(&self) -> Database {
        match &self.postgres {
            Some(postgres) => Database::Postgres(postgres.open()),
            None => Database::Sqlite(self.sqlite()),
        }
    }

    /// The file of the database, opened by another program.
    pub(crate) fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path().join("quchat.db")).unwrap()
    }

    /// A copy of the files in another directory, and of the database.
    pub(crate) fn copy(&self) -> Self {
        let to = Self::with(self.postgres.as_ref().map(|postgres| postgres.copy()));
        fs::create_dir(to.path()).unwrap();
        for file in self.files() {
            fs::copy(&file, to.path().join(file.file_name().unwrap())).unwrap();
        }
        to
    }

    /// Every file in it, including subdirectories.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.path()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    files.push(path); // not the local socket
                }
            }
        }
        files
    }

    /// The signing key: the one file of exactly 32 bytes.
    pub(crate) fn signing_key(&self) -> Vec<u8> {
        let keys: Vec<_> = self.files().into_iter().filter(|path| path.metadata().unwrap().len() == 32).collect();
        assert_eq!(keys.len(), 1, "one key: {keys:?}");
        fs::read(&keys[0]).unwrap()
    }

    /// The first file, or table of PostgreSQL, that contains these bytes, if any.
    pub(crate) fn holds(&self, needle: &[u8]) -> Option<PathBuf> {
        let has = |path: &Path| fs::read(path).unwrap().windows(needle.len()).any(|window| window == needle);
        let file = self.files().into_iter().find(|path| has(path));
        file.or_else(|| self.postgres.as_ref()?.open().table_with(needle).map(PathBuf::from))
    }
}
