//! The files of the client: their paths, atomic writes, and the lock that keeps other clients out.
//!
//! Owns every file under the state directory. It must not know the network or the terminal. Of the model it uses only the
//! values that it stores: `Stored`, `StoredMessage` and `Visit`.

mod disk;
mod draft_store;
mod editor_file;
mod files;
mod known_key;
mod last_sign_in;
mod log;
mod moved;
mod owner;
mod recent_emoji;
mod session;
mod state_dir;
mod visits;

#[cfg(test)]
mod damage;

pub use disk::{Disk, Job, Report};
pub use draft_store::{DraftStore, Found};
pub use editor_file::EditorFile;
pub use known_key::{forget_pin, keep_pin, kept_pin};
pub use last_sign_in::LastSignIn;
pub use log::Log;
pub use session::{keep_session, kept_session};
pub use state_dir::StateDir;
