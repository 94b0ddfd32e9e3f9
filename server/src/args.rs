//! The command line and its twins in the environment.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use clap::Parser;
use quchat_shared::limits::{PRIVATE_ROOMS_PER_USER, ROOMS, ROOMS_PER_USER};

/// Where the server listens unless told otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7878);

/// A chat room service for the machines around you.
#[derive(Debug, Parser)]
#[command(name = "quchat-server", version)]
pub(crate) struct Args {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "QUCHAT_LISTEN", value_name = "ADDR:PORT", default_value_t = DEFAULT_LISTEN)]
    pub(crate) listen: SocketAddr,

    /// Where the data lives [default: $STATE_DIRECTORY, else $XDG_DATA_HOME/quchat]
    #[arg(long, env = "QUCHAT_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// What the server calls itself
    #[arg(long, env = "QUCHAT_NAME", value_name = "NAME", default_value = "quchat")]
    pub(crate) name: String,

    /// What is logged to stderr: off, error, warn, info, debug or trace
    #[arg(long, env = "QUCHAT_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: tracing_subscriber::filter::LevelFilter,

    /// Most rooms that one user may have made
    #[arg(long, env = "QUCHAT_MAX_ROOMS_PER_USER", value_name = "N", default_value_t = ROOMS_PER_USER)]
    pub(crate) max_rooms_per_user: u32,

    /// Most rooms in all
    #[arg(long, env = "QUCHAT_MAX_ROOMS", value_name = "N", default_value_t = ROOMS)]
    pub(crate) max_rooms: u32,

    /// Most private rooms that one user may be in
    #[arg(long, env = "QUCHAT_MAX_PRIVATE_ROOMS_PER_USER", value_name = "N", default_value_t = PRIVATE_ROOMS_PER_USER)]
    pub(crate) max_private_rooms_per_user: u32,

    /// Most memory for request bodies, answers and events that wait: a number of bytes, or with KiB, MiB or GiB
    #[arg(long, env = "QUCHAT_MEMORY_BUDGET", value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    pub(crate) memory_budget: usize,
}

/// A number of bytes, perhaps with a unit.
fn size(text: &str) -> Result<usize, &'static str> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match &*unit.trim_start().to_ascii_lowercase() {
        "" | "b" => 1,
        "k" | "kib" => 1024,
        "m" | "mib" => 1024 * 1024,
        "g" | "gib" => 1024 * 1024 * 1024,
        _ => return Err("a size is a number of bytes, or a number with KiB, MiB or GiB, such as 256MiB"),
    };
    let number: usize = number.parse().map_err(|_| "a size begins with a whole number, such as 256MiB")?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or("a size is at least 1 and fits into the memory there is")
}

impl Args {
    /// The data directory: flag, environment, what systemd prepared, or the user's own; `None` if there is no home.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        let given = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let of_user = || {
            let data = given("XDG_DATA_HOME").filter(|path| path.is_absolute());
            data.or_else(|| env::home_dir().map(|home| home.join(".local/share"))).map(|data| data.join("quchat"))
        };
        self.data_dir.clone().or_else(|| given("STATE_DIRECTORY")).or_else(of_user)
    }
}
