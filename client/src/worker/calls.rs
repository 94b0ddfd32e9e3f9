//! The calls of one signed-in session, and the two that stand outside of one: signing in and signing out.
//!
//! Each call is answered exactly once, whatever happens to its worker. Another session has other threads and
//! connections, so that nothing of the last one can hold it up.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
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

/// Where answers go; called from any thread.
pub type Deliver = Arc<dyn Fn(u64, Reply) + Send + Sync>;

/// The calls of a session. Dropped, its connections are shut down and nothing is delivered that still waited.
pub struct Calls {
    access: Access,
    agent: Agent,
    pool: Pool,
    deliver: Deliver,
}

impl Calls {
    /// Starts the threads; connections are made when needed.
    ///
    /// # Errors
    /// The system has no more threads to give.
    pub fn start(access: Access, deliver: Deliver) -> io::Result<Self> {
        let agent = agent::for_calls(&access.origin, pool::THREADS);
        Ok(Self { access, agent, pool: Pool::start()?, deliver })
    }

    /// Performs a request in its turn.
    pub fn call(&self, call: u64, request: Request) {
        let (access, agent, deliver) = (self.access.clone(), self.agent.clone(), Arc::clone(&self.deliver));
        let lane = request::lane(&request);
        let job = move || {
            let server = Server { agent: &agent, origin: &access.origin, token: Some(&access.token) };
            deliver(call, guarded(|| request::perform(&server, &request)));
        };
        if self.pool.push(lane, Box::new(job)).is_err() {
            (self.deliver)(call, Err(Failure::Unreachable { reason: "too much is waiting to be sent already".into() }));
        }
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
pub fn sign_in(origin: Origin, call: u64, request: Request, deliver: Deliver) -> io::Result<()> {
    let ask = move || {
        let perform = || {
            let agent = agent::for_calls(&origin, 1);
            request::perform(&Server { agent: &agent, origin: &origin, token: None }, &request)
        };
        deliver(call, guarded(perform));
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
