//! The threads that talk to the server: calls on a pool, the event stream on a thread of its own.
//!
//! Owns threads, queues and the order in which requests are performed. It must not know the terminal or the model. A
//! dead server, a cut connection or a panic is delivered as a value. The loop never waits for it.

mod calls;
mod knock;
mod pool;
mod stream;

pub use calls::{Calls, ask, sign_out};
pub use knock::knock;
pub use stream::Stream;

#[cfg(test)]
mod tests;
