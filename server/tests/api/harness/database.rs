//! The database of a server, changed and looked at by another program.

use super::{eventually, postgres::Session};

/// SQL must be understood by both.
pub(crate) enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(Session),
}

impl Database {
    /// Runs statements in one transaction.
    #[track_caller]
    pub(crate) fn change(&self, sql: &str) {
        match self {
            Self::Sqlite(sqlite) => sqlite.execute_batch(&format!("BEGIN; {sql}; COMMIT")).unwrap(),
            Self::Postgres(postgres) => drop(postgres.run(&format!("BEGIN; {sql}; COMMIT"))),
        }
    }

    /// Leaves no table that a server knows.
    pub(crate) fn lose_tables(&self) {
        match self {
            Self::Sqlite(sqlite) => {
                let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
                let mut query = sqlite.prepare(tables).unwrap();
                let names: Vec<String> = query.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
                sqlite.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
                for name in names {
                    sqlite.execute_batch(&format!("DROP TABLE IF EXISTS \"{name}\"")).unwrap();
                }
            }
            // Dropping them could end in a deadlock with somebody who reads.
            Self::Postgres(postgres) => postgres.tables().iter().for_each(|table| {
                postgres.run(&format!("ALTER TABLE {table} RENAME TO lost_{table}"));
            }),
        }
    }

    /// Changes the tables as a later version may do while servers of this one work.
    pub(crate) fn add_to_tables(&self) {
        let Self::Postgres(postgres) = self else { panic!("several versions work at once only on a PostgreSQL") };
        for table in postgres.tables() {
            postgres.run(&format!("ALTER TABLE {table} ADD COLUMN of_later bigint NOT NULL DEFAULT 7"));
        }
        postgres
            .run("CREATE TABLE of_later (id bigint PRIMARY KEY, room_id bigint REFERENCES rooms ON DELETE CASCADE)");
        postgres.run("CREATE INDEX ON messages (room_id, of_later)");
        postgres.run("UPDATE schema_version SET version = version + 1");
    }

    /// Acts while no node of so many reads what the others commit. It must not take longer than they wait for an answer.
    pub(crate) fn while_nobody_follows<T>(&self, nodes: i64, act: impl FnOnce() -> T) -> T {
        self.number("BEGIN; LOCK TABLE online IN ACCESS EXCLUSIVE MODE; SELECT 0");
        eventually("those who follow the log wait", || {
            let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'online'::regclass";
            (self.number(waiting) == nodes).then_some(())
        });
        let outcome = act();
        self.number("COMMIT; SELECT 0");
        outcome
    }

    /// Ends the connections of all servers to PostgreSQL; they connect again.
    #[track_caller]
    pub(crate) fn end_other_connections(&self) {
        self.change(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }

    /// The one number that a query returns.
    #[track_caller]
    pub(crate) fn number(&self, sql: &str) -> i64 {
        match self {
            Self::Sqlite(sqlite) => sqlite.query_row(sql, (), |row| row.get(0)).unwrap(),
            Self::Postgres(postgres) => postgres.run(sql)[0].get(0).unwrap().parse().unwrap(),
        }
    }

    /// The one text of each row that a query returns.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(sqlite) => {
                let mut query = sqlite.prepare(sql).unwrap();
                query.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres(postgres) => postgres.run(sql).iter().map(|row| row.get(0).unwrap().to_owned()).collect(),
        }
    }
}
