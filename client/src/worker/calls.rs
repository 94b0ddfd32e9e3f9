//! The calls of one signed-in session, and the two that stand outside of one: signing in and signing out.
//!
//! Each call is answered exactly once, whatever happens to its worker. Another session has other threads and
//! connections, so that nothing of the last one can hold it up.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use quchat_shared::api;
use ureq::Agent;

use super::{
    Access, agent,
    call::{self, Server},
    pool::{self, Pool},
    request,
};
use crate::{
    model::Origin,
    update::{Failure, Reply, Request},
};

/// The calls of a session. Dropped, its connections are shut down and nothing is delivered that still waited.
pub struct Calls {
    access: Access,
    agent: Agent,
    pool: Pool,
}

impl Calls {
    /// Starts the threads; connections are made when needed.
    ///
    /// # Errors
    /// The system has no more threads to give.
    pub fn start(access: Access) -> io::Result<Self> {
        let agent = agent::for_calls(&access.origin, pool::THREADS);
        Ok(Self { access, agent, pool: Pool::start()? })
    }

    /// Performs a request in its turn and delivers the answer on another thread.
    ///
    /// # Errors
    /// Too much is waiting already; nothing is delivered.
    pub fn call(&self, request: Request, deliver: impl FnOnce(Reply) + Send + 'static) -> Result<(), Failure> {
        if self.pool.is_full() {
            return Err(Failure::Unreachable { reason: "too much is waiting already".into() });
        }
        let (access, agent) = (self.access.clone(), self.agent.clone());
        let lane = request::lane(&request);
        let job = move || {
            let server = Server { agent: &agent, origin: &access.origin, token: Some(&access.token) };
            deliver(guarded(|| request::perform(&server, &request)));
        };
        self.pool.push(lane, Box::new(job));
        Ok(())
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.pool.close(); // first, or the threads set free would try what waits
        self.agent.clone().shutdown();
    }
}

/// Asks for a session (`Request::Register`, `Request::SignIn`), on a thread and a connection of its own.
///
/// # Errors
/// The system has no more threads to give; nothing is delivered.
pub fn sign_in(origin: Origin, request: Request, deliver: impl FnOnce(Reply) + Send + 'static) -> io::Result<()> {
    let ask = move || {
        let perform = || {
            let agent = agent::for_calls(&origin, 1);
            request::perform(&Server { agent: &agent, origin: &origin, token: None }, &request)
        };
        deliver(guarded(perform));
    };
    thread::Builder::new().name("sign-in".into()).spawn(ask).map(drop)
}

/// Ends the session on the server, without anybody waiting for it.
pub fn sign_out(access: Access) {
    let tell = move || {
        let agent = agent::for_farewell(&access.origin);
        let server = Server { agent: &agent, origin: &access.origin, token: Some(&access.token) };
        server.call::<api::SignOut>(&(), &(), &()).ok(); // here it is over either way
    };
    thread::Builder::new().name("sign-out".into()).spawn(tell).ok();
}

/// A panic is an answer, too.
fn guarded(perform: impl FnOnce() -> Reply) -> Reply {
    catch_unwind(AssertUnwindSafe(perform)).unwrap_or_else(|_| Err(call::fault()))
}
