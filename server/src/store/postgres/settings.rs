//! Which database, as whom, and how the way there is protected: a URL as PostgreSQL's own programs take it.
//!
//! A password is shown nowhere: not by `Debug`, and not in an error, which therefore quotes no value of the URL.

mod password;
mod tls;
mod url;

#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::{fmt, time::Duration};

use tokio::time::timeout;
use tokio_postgres::{
    Client, Config, Connection, Error, Socket,
    config::{Host, SslMode},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(crate) use self::password::PasswordSources;
use self::{password::Passfile, url::Url};
use super::failure::CannotConnect;

/// How long connecting may take, over all hosts.
const CONNECT: Duration = Duration::from_secs(3);
/// … but a host gets this long, even if there are many.
const CONNECT_HOST: Duration = Duration::from_secs(1);

/// A connection on which nothing comes for this long is asked for a sign of life, three times; then it counts as lost.
const SILENCE: Duration = Duration::from_secs(5);
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How long the other end may leave data unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// How long the statements of one flight may take together.
const ANSWER: Duration = Duration::from_secs(10);

/// What drives a connection.
pub(super) type Messages = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// Where the database is, and how to connect to it.
#[derive(Clone)]
pub struct Settings {
    /// One for each host, in the order in which they are tried.
    hosts: Vec<Config>,
    tls: MakeRustlsConnect,
    patience: Duration,
    /// How long replies may take before a connection counts as lost.
    pub(super) answer_within: Duration,
}

impl Settings {
    /// Reads a URL, `postgres://user@host/database`, and the file with the trusted certificates that it may name. The
    /// URL may hold a password, so it must not come from where others see it.
    ///
    /// # Errors
    /// It is no such URL. The text says what to do.
    pub fn parse(url: &str) -> Result<Self, String> {
        let mut url = Url::parse(url)?;
        let (mode, tls) = tls::read(url.take("sslmode").as_deref(), url.take("sslrootcert").as_deref())?;
        let patience = match url.take("connect_timeout") {
            None => CONNECT_HOST.max(CONNECT / u32::try_from(url.hosts.len()).unwrap_or(u32::MAX)),
            Some(seconds) => match seconds.parse() {
                Ok(seconds @ 1..=60) => Duration::from_secs(seconds),
                _ => return Err("connect_timeout must be a number of seconds from 1 to 60".to_owned()),
            },
        };
        let hosts = url.hosts.iter().map(|(host, port)| configured(&url, mode, host, *port));
        let (hosts, tls) = (hosts.collect::<Result<_, _>>()?, MakeRustlsConnect::new(tls));
        Ok(Self { hosts, tls, patience, answer_within: ANSWER })
    }

    /// The same, with another limit on how long PostgreSQL may take to answer before a connection counts as lost.
    #[must_use]
    pub fn answering_within(self, limit: Duration) -> Self {
        Self { answer_within: limit, ..self }
    }

    /// Whether the URL had a password, or one was found.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.hosts.iter().any(|host| host.get_password().is_some())
    }

    /// Looks for the password elsewhere, unless the URL has one. A file with the password counts more than the URL.
    ///
    /// # Errors
    /// A file cannot be used. The text says what to do.
    pub(crate) fn with_password(mut self, sources: &PasswordSources) -> Result<Self, String> {
        if let Some(password) = sources.in_file()? {
            self.set_password(&password);
        } else if self.has_password() {
            // It is the one to use.
        } else if let Some(password) = sources.in_variable() {
            self.set_password(password);
        } else if let Some(passfile) = sources.passfile()? {
            self.hosts.iter_mut().for_each(|host| set_password_from(&passfile, host));
        }
        Ok(self)
    }

    fn set_password(&mut self, password: &[u8]) {
        for host in &mut self.hosts {
            host.password(password);
        }
    }

    /// Connects to the first host that accepts it. The second value drives the connection.
    pub(super) async fn connect(&self) -> Result<(Client, Messages), CannotConnect> {
        let mut failure = CannotConnect::Lost; // there is at least one host
        for host in &self.hosts {
            failure = match timeout(self.patience, host.connect(self.tls.clone())).await {
                Ok(Ok(connected)) => return Ok(connected),
                Ok(Err(error)) => explained(error),
                Err(_) => CannotConnect::TooSlow(self.patience),
            };
            tracing::debug!(host = ?host.get_hosts(), %failure, "cannot connect to PostgreSQL");
        }
        Err(failure)
    }
}

/// As a user calls it.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = &self.hosts[0];
        let database = first.get_dbname().or(first.get_user()).unwrap_or_default();
        write!(f, "the database {database} of PostgreSQL on ")?;
        for (at, host) in self.hosts.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            match &host.get_hosts()[0] {
                Host::Tcp(name) => write!(f, "{separator}{name}")?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{separator}{}", path.display())?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// The settings for one of the hosts.
fn configured(url: &Url, mode: SslMode, host: &Host, port: u16) -> Result<Config, String> {
    let mut options = vec![("application_name", "quchat-server")];
    if url.hosts.len() > 1 {
        options.push(("target_session_attrs", "read-write")); // the other hosts are copies
    }
    options.extend(url.options.iter().map(|(name, value)| (&**name, &**value)));
    let mut config = url::read_options(options)?;
    config.keepalives_idle(SILENCE).keepalives_interval(SIGN_OF_LIFE).keepalives_retries(3);
    config.tcp_user_timeout(UNACKNOWLEDGED).user(&url.user).port(port);
    if let Some(password) = &url.password {
        config.password(password);
    }
    if let Some(database) = &url.database {
        config.dbname(database);
    }
    match host {
        Host::Tcp(name) => config.host(name).ssl_mode(mode),
        #[cfg(unix)]
        Host::Unix(path) => config.host_path(path).ssl_mode(SslMode::Disable), // PostgreSQL has no TLS there
    };
    Ok(config)
}

fn set_password_from(passfile: &Passfile, host: &mut Config) {
    let user = host.get_user().unwrap_or_default();
    let (name, port) = (&host.get_hosts()[0], host.get_ports()[0]);
    if let Some(password) = passfile.password(name, port, host.get_dbname().unwrap_or(user), user) {
        host.password(password);
    }
}

/// Why connecting failed, with advice if it is about these settings.
fn explained(error: Error) -> CannotConnect {
    const NO_PASSWORD: (&str, &str) = (
        "PostgreSQL asks for a password, and there is none",
        "give it with --store-password-file, PGPASSWORD or PGPASSFILE",
    );
    let lacks_password = std::error::Error::source(&error).is_some_and(|cause| cause.to_string() == "password missing");
    let why = if lacks_password { Some(NO_PASSWORD) } else { tls::explain(&error) };
    match why {
        Some((reason, advice)) => CannotConnect::Settings { reason, advice, error },
        None => CannotConnect::Failed(error),
    }
}
