//! What PostgreSQL's errors mean. One table decides how a request is answered, and says in plain words what is wrong and
//! what to do about it.

use std::{error, fmt::Display, io, sync::Arc, time::Duration};

use crate::store::{Cause, Error};

/// The reason if there is no PostgreSQL at its address, or none that answers.
const UNREACHABLE: &str = "PostgreSQL cannot be reached";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotConnect {
    #[error("{0}")]
    Runtime(io::Error),
    #[error("no answer within {} seconds", .0.as_secs_f32())]
    TooSlow(Duration),
    #[error("the connection is gone")]
    Lost,
    /// All servers were gone, and this one does not follow the log again yet.
    #[error("this server does not follow the log again yet")]
    NotFollowing,
    /// The settings do not suit the server.
    #[error("{reason}")]
    Settings { reason: &'static str, advice: &'static str, error: tokio_postgres::Error },
    #[error("{}", detail(.0))]
    Failed(#[from] tokio_postgres::Error),
}

/// Whether the connection failed, and not a statement.
fn is_of_connection(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error::Error::source(error).is_some_and(|source| source.is::<io::Error>())
}

/// The reason and what to do about it, if trying again later may help.
fn passing(error: &tokio_postgres::Error) -> Option<(&'static str, &'static str)> {
    let lost = ("the connection to PostgreSQL is lost", "check that PostgreSQL runs and can be reached");
    let Some(code) = error.code() else { return is_of_connection(error).then_some(lost) };
    Some(match code.code() {
        "53100" => ("PostgreSQL's disk is full", "free some space"),
        "53200" => ("PostgreSQL has not enough memory", "free some memory"),
        "53300" => ("PostgreSQL has no free connection", "raise its max_connections"),
        "55P03" => ("another server holds the lock on writing for too long", "check the other servers"),
        "25006" => ("PostgreSQL can only be read", "connect to the primary, with target_session_attrs=read-write"),
        "57P01" | "57P02" | "57P03" => ("PostgreSQL is starting or stopping", "wait until it has started"),
        "25P03" | "57014" | "57P05" | "40001" | "40003" | "40P01" => ("PostgreSQL ended the transaction", "try again"),
        code if code.starts_with("08") => lost,
        "3D000" => ("PostgreSQL has no such database", "create it, or correct its name in the URL"),
        "42501" => ("PostgreSQL does not let the user do this", "make the user the owner of the database"),
        code if code.starts_with("28") => {
            ("PostgreSQL refuses the user or the password", "check both, and pg_hba.conf")
        }
        code if code.starts_with("58") => ("PostgreSQL cannot use its files", "check its disk and its log"),
        _ => return None,
    })
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match passing(&error) {
            Some((reason, advice)) => Self::Unavailable(Cause { reason, advice, detail: detail(&error).into() }),
            None => Self::Engine(Arc::new(error)),
        }
    }
}

impl From<CannotConnect> for Error {
    fn from(error: CannotConnect) -> Self {
        let (reason, advice) = (UNREACHABLE, "check that it runs, its address, and the network between");
        match error {
            CannotConnect::Failed(error) if error.code().is_some() => error.into(),
            CannotConnect::Settings { reason, advice, error } => {
                Self::Unavailable(Cause { reason, advice, detail: detail(&error).into() })
            }
            CannotConnect::Failed(error) => Self::Unavailable(Cause { reason, advice, detail: detail(&error).into() }),
            error => Self::Unavailable(Cause { reason, advice, detail: error.to_string().into() }),
        }
    }
}

/// The error if nothing can be done with this database.
pub(super) fn at_start(database: &impl Display, error: &Error) -> Error {
    let unusable = |reason: &dyn Display| Error::Unusable(format!("cannot use {database}: {reason}"));
    match error {
        Error::Unusable(_) | Error::Unreachable(_) => error.clone(),
        Error::Unavailable(cause) if cause.reason == UNREACHABLE => {
            Error::Unreachable(format!("cannot use {database}: {cause}; {}", cause.advice))
        }
        Error::Unavailable(cause) => unusable(&format_args!("{cause}; {}", cause.advice)),
        Error::Engine(reason) => match reason.downcast_ref::<tokio_postgres::Error>() {
            Some(error) => unusable(&detail(error)),
            None => unusable(reason),
        },
        error => unusable(error),
    }
}

/// PostgreSQL's message and error code, to look them up. Details that may quote a row are left out.
pub(super) fn detail(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refusal) => format!("{}, code {}", refusal.message(), refusal.code().code()),
        None => {
            let (mut text, mut source) = (error.to_string(), std::error::Error::source(error));
            while let Some(reason) = source {
                text = format!("{text}: {reason}");
                source = reason.source();
            }
            text
        }
    }
}

/// The error of a row that cannot be decoded.
pub(super) fn broken(why: &dyn Display) -> Error {
    tracing::error!(%why, "a stored row is invalid");
    Error::BrokenRow("a column holds something else than expected")
}
