//! Databases of a PostgreSQL for the tests: each is a copy of one whose tables a server has made.

use std::{
    process,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use quchat_server::{Config, PostgresSettings};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, SimpleQueryRow};

use super::{node::Node, setup};

/// A connection, used by one thread at a time.
pub(crate) struct Session(Client);

impl Session {
    pub(super) fn open(url: &str) -> Self {
        Self::connect(url).unwrap()
    }

    /// `None` if the database takes no connections.
    #[cfg(unix)]
    pub(super) fn try_open(url: &str) -> Option<Self> {
        Self::connect(url).ok()
    }

    fn connect(url: &str) -> Result<Self, tokio_postgres::Error> {
        let (client, connection) = setup::background().block_on(tokio_postgres::connect(url, NoTls))?;
        setup::background().spawn(connection);
        Ok(Self(client))
    }

    /// Runs statements, and returns all their rows, as text.
    pub(super) fn run(&self, sql: &str) -> Vec<SimpleQueryRow> {
        let answer = setup::background().block_on(self.0.simple_query(sql));
        let answer = answer.unwrap_or_else(|error| panic!("{error}: {:?} in {sql}", error.as_db_error()));
        let rows = answer.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.collect()
    }
}

impl Session {
    pub(super) fn tables(&self) -> Vec<String> {
        let tables = self.run("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()");
        tables.iter().map(|row| row.get(0).unwrap().to_owned()).collect()
    }

    /// The first table that contains these bytes, as text or as bytes.
    pub(super) fn table_with(&self, needle: &[u8]) -> Option<String> {
        let hex: String = needle.iter().map(|byte| format!("{byte:02x}")).collect();
        let tables = self.tables();
        assert!(tables.len() > 5, "the server has made its tables");
        tables.into_iter().find(|table| {
            let contains = format!(
                "SELECT FROM {table} AS t WHERE position('\\x{hex}'::bytea IN convert_to(t::text, 'UTF8')) > 0
                    OR position('{hex}' IN t::text) > 0 LIMIT 1"
            );
            !self.run(&contains).is_empty()
        })
    }
}

/// The connections that create and drop databases.
struct Creating {
    /// Those of this process are called `<prefix><number>`.
    prefix: String,
    idle: Mutex<Vec<Session>>,
    /// How to say that a database is to be copied as files, which costs least; unknown to PostgreSQL 14.
    strategy: &'static str,
}

impl Creating {
    /// Removes what earlier runs have left behind. They say by the name of a connection that they go on.
    fn start() -> Self {
        let prefix = format!("quchat_test_{}_", process::id());
        let session = Session::open(setup::store().expect("the tests run on PostgreSQL"));
        session.run(&format!("SET application_name = '{prefix}'"));
        let leftover = "SELECT d.datname FROM pg_database d WHERE d.datname LIKE 'quchat\\_test\\_%' AND NOT EXISTS
            (SELECT FROM pg_stat_activity a WHERE a.application_name <> '' AND starts_with(d.datname, a.application_name))";
        for row in session.run(leftover) {
            session.run(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", row.get(0).unwrap()));
        }
        let version = session.run("SHOW server_version_num")[0].get(0).unwrap().parse::<u32>().unwrap();
        let strategy = if version >= 150_000 { "STRATEGY file_copy" } else { "" };
        std::mem::forget(session); // it keeps the name
        Self { prefix, idle: Mutex::default(), strategy }
    }

    fn get() -> &'static Self {
        static CREATING: LazyLock<Creating> = LazyLock::new(Creating::start);
        &CREATING
    }

    fn run(&self, sql: &str) {
        let idle = self.idle.lock().unwrap().pop();
        let session = idle.unwrap_or_else(|| Session::open(setup::store().expect("the tests run on PostgreSQL")));
        session.run(sql);
        self.idle.lock().unwrap().push(session);
    }

    /// Creates a database like this one.
    fn create(&self, template: &str) -> Database {
        static CREATED: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}{}", self.prefix, CREATED.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {template} {}", self.strategy));
        Database { name }
    }
}

/// A database, dropped together with this.
pub(super) struct Database {
    name: String,
}

impl Database {
    /// A database as an empty one is after the first start of a server, but without the traces of that server.
    pub(super) fn new() -> Self {
        static MIGRATED: LazyLock<Database> = LazyLock::new(|| {
            let database = Database::empty();
            let directory = tempfile::tempdir().unwrap();
            let mut config = Config::new(directory.path().join("data"));
            config.postgres = Some(database.settings());
            Node::start(config).stop();
            Session::open(&database.url()).run("TRUNCATE nodes, lineages, identity RESTART IDENTITY");
            database
        });
        MIGRATED.copy()
    }

    /// A database without tables.
    pub(super) fn empty() -> Self {
        Creating::get().create("template0")
    }

    /// A copy. Nobody may be connected to the original.
    pub(super) fn copy(&self) -> Self {
        Creating::get().create(&self.name)
    }

    pub(super) fn url(&self) -> String {
        let store = setup::store().expect("the tests run on PostgreSQL");
        let (scheme, rest) = store.split_once("://").expect("QUCHAT_TEST_STORE is a URL");
        let (place, options) = rest.split_once('?').map_or((rest, None), |(place, options)| (place, Some(options)));
        let authority = place.split_once('/').map_or(place, |(authority, _)| authority);
        let options = options.map_or(String::new(), |options| format!("?{options}"));
        format!("{scheme}://{authority}/{}{options}", self.name)
    }

    pub(super) fn settings(&self) -> PostgresSettings {
        PostgresSettings::parse(&self.url()).unwrap()
    }

    pub(super) fn open(&self) -> Session {
        Session::open(&self.url())
    }
}

impl Drop for Database {
    /// In the background, because PostgreSQL takes its time for it.
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        let drop = move || Creating::get().run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        std::thread::spawn(drop);
    }
}
