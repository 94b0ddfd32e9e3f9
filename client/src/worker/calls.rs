//! The calls of one signed-in session, and those outside it: before signing in, and signing out.
//!
//! Each call is answered exactly once, whatever happens to its worker. Each session has its own threads and
//! connections, so that a new session never waits for the previous one.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

use quchat_shared::api::{Method, SignOut};

use super::pool::{Lane, Pool};
use crate::api::{Access, Client, Failure, Reply, Request, Server};

/// Signing out gives up after this time.
const SIGN_OUT_TIMEOUT: Duration = Duration::from_secs(5);

/// The calls of a session. Dropping it closes the connections; waiting calls are then not answered.
pub struct Calls {
    client: Client,
    pool: Pool,
}

impl Calls {
    /// Starts the threads. Connections are made when needed.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub fn start(access: Access) -> io::Result<Self> {
        Ok(Self { client: Client::signed_in(access), pool: Pool::start()? })
    }

    /// Queues a request. The reply is delivered on another thread.
    ///
    /// # Errors
    /// Too many requests are waiting; nothing is delivered.
    pub fn call(&self, request: Request, deliver: impl FnOnce(Reply) + Send + 'static) -> Result<(), Failure> {
        if self.pool.is_full() {
            return Err(Failure::because("too many requests are waiting"));
        }
        let lane = if request.method() == Method::Get { Lane::Read } else { Lane::Write };
        let client = self.client.clone();
        self.pool.push(lane, Box::new(move || deliver(perform(&client, &request))));
        Ok(())
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.pool.close(); // first, so that free threads do not start waiting calls
        self.client.shut_down();
    }
}

/// Makes a request that needs no session (`Request::GetServer`, `Request::Register`, `Request::SignIn`) on its own thread
/// and connection.
///
/// # Errors
/// The system cannot start another thread; nothing is delivered.
pub fn ask(server: Server, request: Request, deliver: impl FnOnce(Reply) + Send + 'static) -> io::Result<()> {
    let ask = move || deliver(perform(&Client::anonymous(server), &request));
    thread::Builder::new().name("ask".into()).spawn(ask).map(drop)
}

/// Ends the session on the server. The reply is ignored.
pub fn sign_out(access: Access) {
    let sign_out = move || {
        let client = Client::signed_in(access).with_timeout(SIGN_OUT_TIMEOUT);
        client.call::<SignOut>(&(), &(), &()).ok(); // the session ends here either way
    };
    thread::Builder::new().name("sign-out".into()).spawn(sign_out).ok();
}

/// Performs a request; a panic becomes a failure.
fn perform(client: &Client, request: &Request) -> Reply {
    catch_unwind(AssertUnwindSafe(|| client.perform(request))).unwrap_or_else(|_| Err(Failure::fault()))
}
