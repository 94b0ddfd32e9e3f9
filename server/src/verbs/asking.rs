//! Asks the server of a data directory and turns a refusal into the reason why a verb fails.

use quchat_shared::Problem;
use serde::de::DeserializeOwned;

use super::failure::{FAILED, Failure, NOT_ALLOWED, NOT_FOUND, UNREACHABLE};
use crate::{
    Config,
    governing::{self, Answer, AskError, Question},
};

/// An answer that is no refusal.
pub(super) struct Reply(pub(super) Answer);

/// Asks the server.
pub(super) fn ask(place: &Config, question: &Question) -> Result<Reply, Failure> {
    let answer = governing::ask(place, question).map_err(|error| {
        let code = match error {
            AskError::NotFound(_) => NOT_FOUND,
            AskError::NotAllowed(_) => NOT_ALLOWED,
            AskError::Unreachable { .. } | AskError::NoDatabase(_) => UNREACHABLE,
            AskError::Unusable(_) => FAILED,
        };
        Failure::new(code, error.to_string())
    })?;
    if answer.status < 400 {
        return Ok(Reply(answer));
    }
    let code = match answer.status {
        403 => NOT_ALLOWED,
        404 => NOT_FOUND,
        _ => FAILED,
    };
    let problem = serde_json::from_slice::<Problem>(&answer.body).map(|problem| problem.detail);
    Err(Failure::new(code, problem.unwrap_or_else(|_| format!("the server answered with status {}", answer.status))))
}

impl Reply {
    /// The JSON of the answer.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let unreadable = "the server's answer cannot be read; it may be another version than this program";
        serde_json::from_slice(&self.0.body).map_err(|_| Failure::new(FAILED, unreadable))
    }
}
