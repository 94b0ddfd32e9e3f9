//! PostgreSQL for tasks: its programs on this machine, and a throwaway database.

pub mod programs;
#[cfg(all(unix, feature = "postgres"))]
mod throwaway;

#[cfg(all(unix, feature = "postgres"))]
pub use self::throwaway::Throwaway;
