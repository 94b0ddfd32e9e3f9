//! The command-line flags, their environment variables, and the default data directory.

mod store;

use std::{
    env,
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::{ArgMatches, Command, CommandFactory, Error, FromArgMatches, Parser, error::ErrorKind, parser::ValueSource};
use quchat_shared::{
    api::Registration,
    join_link::HostPort,
    limits::{self, PRIVATE_ROOMS_PER_USER, ROOMS, ROOMS_PER_USER, STREAMS_PER_USER},
};

use self::store::StoreArgs;
use crate::{
    Cidr, Config, Rates, Setting, TlsFiles, data_dir,
    time_span::parse_time,
    verbs::{Migrate, Verb},
};

/// The default address: only this machine can reach it.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7878);

/// A chat server for the machines around you. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "quchat-server", version)]
pub(crate) struct Args {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,

    /// Address and port to listen on; port 0 picks a free port
    #[arg(long, env = "QUCHAT_LISTEN", value_name = "ADDR:PORT", default_value_t = DEFAULT_LISTEN)]
    pub(crate) listen: SocketAddr,

    /// Data directory [default: $STATE_DIRECTORY, else $XDG_DATA_HOME/quchat]
    #[arg(long, env = "QUCHAT_DATA_DIR", value_name = "DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,

    #[command(flatten)]
    store: StoreArgs,

    /// Name that the server shows to clients
    #[arg(long, env = "QUCHAT_NAME", value_name = "NAME", default_value = "quchat")]
    pub(crate) name: String,

    /// Log level on stderr: off, error, warn, info, debug or trace
    #[arg(long, env = "QUCHAT_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: tracing_subscriber::filter::LevelFilter,

    /// Maximum number of existing rooms that one user created
    #[arg(long, env = "QUCHAT_MAX_ROOMS_PER_USER", value_name = "N", default_value_t = ROOMS_PER_USER)]
    pub(crate) max_rooms_per_user: u32,

    /// Maximum number of rooms on the server
    #[arg(long, env = "QUCHAT_MAX_ROOMS", value_name = "N", default_value_t = ROOMS)]
    pub(crate) max_rooms: u32,

    /// Maximum number of private and direct rooms that one user may be in
    #[arg(long, env = "QUCHAT_MAX_PRIVATE_ROOMS_PER_USER", value_name = "N", default_value_t = PRIVATE_ROOMS_PER_USER)]
    pub(crate) max_private_rooms_per_user: u32,

    /// Memory limit for request bodies, responses and queued events, in bytes or with KiB, MiB or GiB
    #[arg(long, env = "QUCHAT_MEMORY_BUDGET", value_name = "SIZE", default_value = "256MiB", value_parser = parse_size)]
    pub(crate) memory_budget: usize,

    /// Maximum number of event streams that one user may have open at once
    #[arg(long, env = "QUCHAT_MAX_STREAMS_PER_USER", value_name = "N", default_value_t = STREAMS_PER_USER,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_streams_per_user: u32,

    /// Certificate in PEM, followed by its chain, instead of the server's own; SIGHUP reads it again
    #[arg(long, env = "QUCHAT_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Private key of that certificate in PEM, not encrypted
    #[arg(long, env = "QUCHAT_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Reverse proxies to believe about the addresses of their clients; may be repeated
    #[arg(long, env = "QUCHAT_TRUSTED_PROXY", value_name = "ADDR[/BITS]", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<Cidr>,

    /// Accept plain HTTP from other machines, which lets others on the way read passwords and messages
    #[arg(long, env = "QUCHAT_PLAINTEXT", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) plaintext: bool,

    /// Who may register: open (everybody), invite (with an invite) or closed (nobody)
    #[arg(long, env = "QUCHAT_REGISTRATION", value_name = "MODE", default_value = "open",
          value_parser = parse_registration)]
    pub(crate) registration: Registration,

    /// Let the owners of a room invite people to it, and not only admins
    #[arg(long, env = "QUCHAT_ROOM_INVITES")]
    pub(crate) room_invites: bool,

    /// Name or address at which others reach this server, for the join links; may be repeated
    #[arg(long, env = "QUCHAT_PUBLIC_ADDRESS", value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub(crate) public_address: Vec<HostPort>,

    /// Rate limit for each user or address; may be repeated. NAME is messages, changes, registrations or rooms; RATE is
    /// like 20/s, 60/m, 30/h, 20/s:100 (100 at once) or off. all=off switches every limit off
    #[arg(long = "limit", env = "QUCHAT_LIMIT", value_name = "NAME=RATE", value_delimiter = ',')]
    pub(crate) limits: Vec<Setting>,

    /// Address and port to serve metrics on for Prometheus, at /metrics; anyone who reaches it can read them
    #[arg(long, env = "QUCHAT_METRICS", value_name = "ADDR:PORT")]
    pub(crate) metrics: Option<SocketAddr>,

    /// Form of log lines: text or json (one object per line)
    #[arg(long, env = "QUCHAT_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,

    /// Directory in which the server makes backups by itself [default: none]
    #[arg(long, env = "QUCHAT_BACKUP_DIR", value_name = "DIR")]
    pub(crate) backup_dir: Option<PathBuf>,

    /// Time between two backups, such as 24h or 30m
    #[arg(long, env = "QUCHAT_BACKUP_EVERY", value_name = "TIME", default_value = "24h", value_parser = parse_time)]
    pub(crate) backup_every: Duration,

    /// How many backups to keep; older ones are removed
    #[arg(long, env = "QUCHAT_BACKUP_KEEP", value_name = "N", default_value_t = 7,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) backup_keep: u32,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

fn parse_registration(text: &str) -> Result<Registration, &'static str> {
    match text {
        "open" => Ok(Registration::Open),
        "invite" => Ok(Registration::Invite),
        "closed" => Ok(Registration::Closed),
        _ => Err("write open, invite or closed"),
    }
}

/// Parses a number of bytes with an optional unit.
fn parse_size(text: &str) -> Result<usize, &'static str> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match &*unit.trim_start().to_ascii_lowercase() {
        "" | "b" => 1,
        "k" | "kib" => 1024,
        "m" | "mib" => 1024 * 1024,
        "g" | "gib" => 1024 * 1024 * 1024,
        _ => return Err("write a whole number of bytes, or a whole number with KiB, MiB or GiB, such as 256MiB"),
    };
    let number: usize = number.parse().map_err(|_| "a size starts with a whole number, such as 256MiB")?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or("a size must be at least 1 byte and fit into memory")
}

impl Args {
    /// Reads the command line and the environment.
    ///
    /// # Errors
    /// A flag or variable is invalid, or the user asked for help or the version.
    pub(crate) fn read() -> Result<Self, Error> {
        // An empty variable counts as not set.
        let mut command = Self::command().mut_args(|arg| {
            let value = arg.get_env().and_then(env::var_os);
            if value.is_some_and(|value| value.is_empty()) { arg.env(None) } else { arg }
        });
        let matches =
            command.try_get_matches_from_mut(env::args_os()).map_err(|error| name_variable(error, &mut command))?;
        Self::checked(&matches).map_err(|error| error.format(&mut command))
    }

    fn checked(matches: &ArgMatches) -> Result<Self, Error> {
        let mut args = Self::from_arg_matches(matches)?;
        let is_typed = |flag: &str| matches.value_source(flag) == Some(ValueSource::CommandLine);
        if let Some(verb) = matches.subcommand_name() {
            refuse_flags_of_serving(matches, verb)?;
        }
        let (name, is_in_sight) = args.name_store(is_typed)?;
        // The message does not quote the value: it may be long, and may contain terminal control sequences.
        let checked = args.store.check(name, is_in_sight, is_typed("store_password_file"));
        checked.map_err(|reason| Error::raw(ErrorKind::ValueValidation, reason))?;
        if args.store.is_used() && args.verb.is_none() && args.backup_dir.is_some() {
            let reason =
                format!("--backup-dir is for a SQLite database, not for --store; {}", data_dir::BACKUP_OF_POSTGRES);
            return Err(Error::raw(ErrorKind::ArgumentConflict, reason));
        }
        let refused =
            |why| Error::raw(ErrorKind::ValueValidation, format!("--name must follow the rules of room names: {why}"));
        args.name = limits::room_name(&args.name).map_err(refused)?.to_owned();
        Ok(args)
    }

    /// Takes over the directory and the PostgreSQL that `migrate` names by flags of its own. Returns the flag that
    /// holds the URL of the PostgreSQL, and whether it was in the arguments.
    fn name_store(&mut self, is_typed: impl Fn(&str) -> bool) -> Result<(&'static str, bool), Error> {
        let Some(Verb::Migrate(Migrate { from, to, .. })) = &self.verb else {
            return Ok(("--store", is_typed("store")));
        };
        for (id, flag, instead) in [("data_dir", "--data-dir", "--from"), ("store", "--store", "--to")] {
            if is_typed(id) {
                let reason = format!("{flag} cannot be used with migrate; use {instead}");
                return Err(Error::raw(ErrorKind::ArgumentConflict, reason));
            }
        }
        self.data_dir = Some(from.clone());
        match to {
            Some(to) => self.store.choose(to.clone()),
            None if self.store.is_used() => return Ok(("QUCHAT_STORE", false)),
            None => {
                let reason = "migrate needs --to, or QUCHAT_STORE, with the URL of an empty database";
                return Err(Error::raw(ErrorKind::MissingRequiredArgument, reason));
            }
        }
        Ok(("--to", true))
    }

    /// The certificate to use instead of the server's own.
    pub(crate) fn tls_files(&self) -> Option<TlsFiles> {
        let (certificate, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(TlsFiles { certificate, key })
    }

    /// The rate limits: the defaults, changed by the flags in their order.
    pub(crate) fn rates(&self) -> Rates {
        let mut rates = Rates::default();
        self.limits.iter().for_each(|&setting| rates.set(setting));
        rates
    }

    /// The settings of a server with the data that these flags name.
    ///
    /// # Errors
    /// There is no usable data directory, or a password cannot be read.
    pub(crate) fn place(&self) -> Result<Config, String> {
        Ok(Config { postgres: self.store.settings()?, ..Config::new(self.data_dir()?) })
    }

    /// The data directory: from the flag, its variable, systemd, or below the user's home directory.
    ///
    /// # Errors
    /// No source names a directory, or the one that does holds a relative path.
    fn data_dir(&self) -> Result<PathBuf, String> {
        self.data_dir.clone().map_or_else(|| default_data_dir(|name| env::var_os(name), env::home_dir), Ok)
    }
}

/// The flags, and groups of flags, that mean something to every verb.
const OF_ALL_VERBS: [&str; 5] = ["Args", "data_dir", "StoreArgs", "store", "store_password_file"];

/// Flags of the server mean nothing to a verb.
fn refuse_flags_of_serving(matches: &ArgMatches, verb: &str) -> Result<(), Error> {
    let is_given = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let is_of_serving = |id: &&clap::Id| !OF_ALL_VERBS.contains(&id.as_str());
    match matches.ids().filter(is_given).find(is_of_serving) {
        Some(id) => {
            let flag = id.as_str().replace('_', "-");
            let reason = format!("--{flag} is for serving and cannot be used with {verb}; leave it out");
            Err(Error::raw(ErrorKind::ArgumentConflict, reason))
        }
        None => Ok(()),
    }
}

/// Names the variable that is not UTF-8. clap only says that some value is not.
fn name_variable(error: Error, command: &mut Command) -> Error {
    let is_unreadable = |name: &&str| env::var_os(name).is_some_and(|value| value.to_str().is_none());
    let variable = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str()).find(is_unreadable);
    match variable.filter(|_| error.kind() == ErrorKind::InvalidUtf8) {
        Some(name) => {
            let reason = format!("the value of {name} is not UTF-8; correct it or unset it");
            Error::raw(ErrorKind::InvalidUtf8, reason).format(command)
        }
        None => error,
    }
}

/// The data directory without a flag: `$STATE_DIRECTORY`, `$XDG_DATA_HOME/quchat` or `~/.local/share/quchat`. An empty
/// variable counts as not set.
fn default_data_dir(
    variable: impl Fn(&str) -> Option<OsString>,
    home: impl FnOnce() -> Option<PathBuf>,
) -> Result<PathBuf, String> {
    let given = |name| variable(name).filter(|value| !value.is_empty());
    // systemd lists every state directory of the unit, separated by colons.
    let prepared =
        given("STATE_DIRECTORY").and_then(|value| env::split_paths(&value).find(|path| !path.as_os_str().is_empty()));
    if let Some(path) = prepared {
        return absolute("STATE_DIRECTORY", path);
    }
    // The XDG Base Directory Specification requires that relative paths are ignored.
    match given("XDG_DATA_HOME").map(PathBuf::from) {
        Some(path) if path.is_absolute() => return Ok(path.join("quchat")),
        Some(path) => tracing::warn!(path = %path.display(), "ignoring XDG_DATA_HOME: not an absolute path"),
        None => {}
    }
    match home().filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => Ok(absolute("HOME", path)?.join(".local/share/quchat")),
        None => Err("no home directory; choose a data directory with --data-dir".to_owned()),
    }
}

fn absolute(variable: &str, path: PathBuf) -> Result<PathBuf, String> {
    if path.is_absolute() {
        return Ok(path);
    }
    let path = path.display();
    Err(format!(
        "{variable} is {path:?}, which is not an absolute path; correct it, or choose a data directory with --data-dir"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_dir(variables: &[(&str, &str)], home: Option<&str>) -> Result<PathBuf, String> {
        let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        default_data_dir(variable, || home.map(PathBuf::from))
    }

    #[test]
    #[cfg(unix)]
    fn the_first_of_several_state_directories_is_used() {
        for value in ["/var/lib/a:/var/lib/b", "/var/lib/a", ":/var/lib/a:", "/var/lib/a:b"] {
            assert_eq!(data_dir(&[("STATE_DIRECTORY", value)], None), Ok("/var/lib/a".into()), "{value}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn an_empty_variable_counts_as_not_set() {
        let empty = [("STATE_DIRECTORY", ""), ("XDG_DATA_HOME", "")];
        assert_eq!(data_dir(&empty, Some("/h")), Ok("/h/.local/share/quchat".into()));
        assert_eq!(data_dir(&[("STATE_DIRECTORY", ":"), ("XDG_DATA_HOME", "/x")], None), Ok("/x/quchat".into()));
        assert!(data_dir(&empty, Some("")).unwrap_err().contains("--data-dir"));
        assert!(data_dir(&[], None).unwrap_err().contains("--data-dir"));
    }

    #[test]
    #[cfg(unix)]
    fn a_relative_directory_is_refused_but_ignored_in_xdg_data_home() {
        for (variables, home, name) in
            [(&[("STATE_DIRECTORY", "a:/b")][..], Some("/h"), "STATE_DIRECTORY"), (&[], Some("h"), "HOME")]
        {
            let reason = data_dir(variables, home).unwrap_err();
            assert!(reason.starts_with(name) && reason.contains("absolute"), "{reason}");
        }
        assert_eq!(data_dir(&[("XDG_DATA_HOME", "x")], Some("/h")), Ok("/h/.local/share/quchat".into()));
    }
}
