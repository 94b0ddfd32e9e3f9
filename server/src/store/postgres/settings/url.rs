//! Takes a URL apart as PostgreSQL's own programs do: `postgres://user:password@host:port,host:port/database?option=value`.
//! An option of the query replaces what comes before it.

use percent_encoding::percent_decode_str;
use tokio_postgres::{Config, Error, config::Host};

/// PostgreSQL's port.
const PORT: u16 = 5432;
/// How such a URL looks.
const FORM: &str = "write postgres://USER@HOST/DATABASE";
/// What goes wrong with it most often.
const ESCAPES: &str = "with %2F for /, %3A for :, %3F for ? and %40 for @ in a name or a password";
/// The options that the database library knows and that mean something here.
const OPTIONS: [&str; 4] = ["application_name", "channel_binding", "options", "target_session_attrs"];
/// The options that are taken out of the URL before.
const OWN_OPTIONS: [&str; 3] = ["connect_timeout", "sslmode", "sslrootcert"];

/// The parts of a URL.
pub(super) struct Url {
    pub(super) user: String,
    pub(super) password: Option<String>,
    /// At least one.
    pub(super) hosts: Vec<(Host, u16)>,
    pub(super) database: Option<String>,
    /// The options with their names, each name once.
    pub(super) options: Vec<(String, String)>,
}

impl Url {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// It is no such URL. The text quotes nothing from it but the name of an option.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let rest = rest.ok_or_else(|| format!("it is no URL of PostgreSQL; {FORM}"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(decode(password)?)),
            None => (credentials, None),
        };
        let (mut hosts, mut ports) = split_hosts(hosts)?;
        let (mut user, mut password, mut database) = (decode(user)?, password, decode(database)?);
        let mut options: Vec<(String, String)> = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or("an option lacks its value; write ?option=value")?;
            let (name, value) = (decode(name)?, decode(value)?);
            let list = || value.split(',').map(str::to_owned).collect();
            match &*name {
                "user" => user = value,
                "password" => password = Some(value),
                "dbname" => database = value,
                "host" => hosts = list(),
                "port" => ports = list(),
                _ => {
                    options.retain(|(other, _)| *other != name);
                    options.push((name, value));
                }
            }
        }
        if user.is_empty() {
            return Err(format!("the URL names no user; {FORM}, {ESCAPES}"));
        }
        Ok(Self {
            user,
            password: password.filter(|password| !password.is_empty()),
            hosts: paired(hosts, &ports)?,
            database: Some(database).filter(|database| !database.is_empty()),
            options,
        })
    }

    /// Takes an option out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.options.iter().position(|(other, _)| other == name)?;
        Some(self.options.swap_remove(at).1)
    }
}

/// Reads options that the database library knows. Of two with the same name, the last one counts.
pub(super) fn read_options<'a>(options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Config, String> {
    let mut text = String::new();
    for (name, value) in options {
        if !OPTIONS.contains(&name) {
            let known = [&OWN_OPTIONS[..], &OPTIONS].concat().join(", ");
            return Err(format!("the option {name:?} of the URL is unknown; known are {known}"));
        }
        text += &format!("{name}='{}' ", value.replace('\\', r"\\").replace('\'', r"\'"));
    }
    text.parse().map_err(|error: Error| {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        format!("{reason}; PostgreSQL's manual lists the values of each option")
    })
}

/// The host names and the ports, as far as they are given; an empty port stands for the usual one.
fn split_hosts(list: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for place in list.split(',').filter(|_| !list.is_empty()) {
        let (host, port) = match place.strip_prefix('[').and_then(|address| address.split_once(']')) {
            Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)), // IPv6
            None => place.split_once(':').unwrap_or((place, "")),
        };
        hosts.push(decode(host)?);
        ports.push(decode(port)?);
    }
    Ok((hosts, ports))
}

/// Each host with its port. One port is for all of them.
fn paired(hosts: Vec<String>, ports: &[String]) -> Result<Vec<(Host, u16)>, String> {
    if hosts.is_empty() || hosts.iter().any(String::is_empty) {
        return Err(format!("the URL names no host; {FORM}, with ?host=/run/postgresql for a local socket"));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err("the URL has more ports than hosts, or fewer; write HOST:PORT,HOST:PORT".to_owned());
    }
    let port = |at: usize| match ports.get(at).or(ports.first()).filter(|port| !port.is_empty()) {
        Some(port) => port.parse().ok().filter(|port| *port > 0),
        None => Some(PORT),
    };
    let pairs = hosts.into_iter().enumerate().map(|(at, host)| Some((host_of(host), port(at)?)));
    let refused = || format!("a port of the URL is no number from 1 to 65535; {FORM}, {ESCAPES}");
    pairs.collect::<Option<_>>().ok_or_else(refused)
}

/// A path is the directory of a local socket.
fn host_of(host: String) -> Host {
    #[cfg(unix)]
    if host.starts_with('/') {
        return Host::Unix(host.into());
    }
    Host::Tcp(host)
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "a part of the URL is not UTF-8 once its %XX are decoded".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User, password, hosts and database on one line.
    fn taken_apart(text: &str) -> String {
        let Url { user, password, hosts, database, options } = Url::parse(text).unwrap();
        let hosts = hosts.iter().map(|(host, port)| match host {
            Host::Tcp(name) => format!("{name} {port}"),
            #[cfg(unix)]
            Host::Unix(path) => format!("{} {port}", path.display()),
        });
        let hosts = hosts.collect::<Vec<_>>().join(", ");
        let none = || "-".to_owned();
        let options = options.iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>();
        format!("{user} {} at {hosts} in {}{options}", password.unwrap_or_else(none), database.unwrap_or_else(none))
    }

    #[test]
    fn a_url_is_taken_apart_as_libpq_does() {
        for (url, expected) in [
            ("postgres://u@h/d", "u - at h 5432 in d"),
            ("postgresql://u:p@h:1", "u p at h 1 in -"),
            ("postgres://a%40b:%3a%2f%3F@h/d%2Fe", "a@b :/? at h 5432 in d/e"),
            ("postgres://u:p@q@h/d", "u p@q at h 5432 in d"),
            ("postgres://u@h1:1,h2,h3:3/d", "u - at h1 1, h2 5432, h3 3 in d"),
            ("postgres://u@[::1]:7,[fe80::1]/d", "u - at ::1 7, fe80::1 5432 in d"),
            ("postgres://h/d?user=u&password=p&dbname=e", "u p at h 5432 in e"),
            ("postgres://u@h/d?x=a@b/c%26d&&y=&x=z", "u - at h 5432 in d y= x=z"),
            ("postgres://u@h1,h2/d?port=9", "u - at h1 9, h2 9 in d"),
            #[cfg(unix)]
            ("postgres://u@%2Frun%2Fpostgresql:6/d", "u - at /run/postgresql 6 in d"),
            #[cfg(unix)]
            ("postgres://u@/d?host=/run/postgresql", "u - at /run/postgresql 5432 in d"),
            #[cfg(unix)]
            ("postgres://u@ignored:1/d?host=/a,h&port=,2", "u - at /a 5432, h 2 in d"),
        ] {
            assert_eq!(taken_apart(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for (url, part) in [
            ("", "postgres://USER@HOST/DATABASE"),
            ("mysql://u:secret@h/d", "postgres://USER@HOST/DATABASE"),
            ("host=h user=u password=secret", "postgres://USER@HOST/DATABASE"),
            ("postgres://h/d?password=secret", "no user"),
            ("postgres://:secret@h/d", "no user"),
            ("postgres://u:secret@/d", "no host"),
            ("postgres://u:secret@h,/d", "no host"),
            ("postgres://u:se/cret@h/d", "%2F for /"),
            ("postgres://u:secret@h:0/d", "1 to 65535"),
            ("postgres://u:secret@h:65536/d", "1 to 65535"),
            ("postgres://u:secret@a,b,c/d?port=1,2", "more ports than hosts"),
            ("postgres://u:secret@h/d?sslmode", "?option=value"),
            ("postgres://u:secret%ff@h/d", "UTF-8"),
        ] {
            let reason = Url::parse(url).err().unwrap();
            assert!(reason.contains(part), "{url}: {reason}");
            assert!(!reason.contains("secret") && !reason.contains("cret"), "{url}: {reason}");
        }
    }

    #[test]
    fn options_reach_the_database_library_as_they_are() {
        let value = r"-c search_path='a\ b' --x=\\";
        let options = [("options", value), ("application_name", "one"), ("application_name", "")];
        let config = read_options(options).unwrap();
        assert_eq!((config.get_options(), config.get_application_name()), (Some(value), Some("")));
        let reason = read_options([("target_session_attrs", "secret")]).unwrap_err();
        assert!(reason.contains("`target_session_attrs`") && !reason.contains("secret"), "{reason}");
        let reason = read_options([("hostaddr", "secret")]).unwrap_err();
        assert!(
            reason.contains("hostaddr") && reason.contains("sslrootcert") && !reason.contains("secret"),
            "{reason}"
        );
    }
}
