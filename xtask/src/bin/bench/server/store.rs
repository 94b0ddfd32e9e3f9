//! Where the measured server keeps its messages.

use std::path::PathBuf;

use super::Result;

#[derive(Debug, Clone)]
pub(super) enum Store {
    /// In the data directory of one server.
    Sqlite,
    /// In a PostgreSQL that the bench starts with the programs in a directory. It has this many servers, the nodes.
    Postgres { programs: PathBuf, nodes: usize },
}

impl Store {
    /// What the server is, as the head of the table says it.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Sqlite => "server".to_owned(),
            Self::Postgres { nodes: 1, .. } => "server on PostgreSQL".to_owned(),
            Self::Postgres { nodes, .. } => format!("{nodes} servers on PostgreSQL"),
        }
    }

    pub(super) fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres { .. } => "postgres",
        }
    }

    pub(super) fn nodes(&self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres { nodes, .. } => *nodes,
        }
    }

    /// The same with at least this many nodes.
    ///
    /// # Errors
    /// It is SQLite, which has one.
    pub(super) fn with_nodes(&self, least: usize) -> Result<Self> {
        match self {
            Self::Sqlite => Err("several nodes need --store postgres".into()),
            Self::Postgres { programs, nodes } => {
                Ok(Self::Postgres { programs: programs.clone(), nodes: least.max(*nodes) })
            }
        }
    }
}
