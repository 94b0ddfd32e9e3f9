//! The password: in a file of its own, in the variable `PGPASSWORD`, or in the file of passwords of PostgreSQL's own
//! programs, which may have one for each database.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

use tokio_postgres::config::Host;

/// Largest file with one password, in bytes.
const PASSWORD_MAX: u64 = 4096;
/// Largest file of passwords.
const PASSFILE_MAX: u64 = 1024 * 1024;
/// Where PostgreSQL's programs expect the local socket by default. In a file of passwords, its host is `localhost`.
const SOCKET_DIRECTORIES: [&str; 3] = ["/run/postgresql", "/var/run/postgresql", "/tmp"];

/// Where to look for the password.
#[derive(Default)]
pub(crate) struct PasswordSources {
    /// A file with nothing but the password.
    file: Option<PathBuf>,
    /// The value of `PGPASSWORD`.
    variable: Option<OsString>,
    /// The value of `PGPASSFILE`.
    passfile: Option<OsString>,
    home: Option<PathBuf>,
}

impl PasswordSources {
    /// This file, if there is one, and what the environment of this process says.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        Self { file, variable: variable("PGPASSWORD"), passfile: variable("PGPASSFILE"), home: env::home_dir() }
    }

    /// Neither the environment nor the home directory of this process.
    #[cfg(test)]
    pub(super) fn of(file: Option<&Path>, variable: Option<&str>, passfile: Option<&Path>) -> Self {
        let passfile = passfile.map(Into::into);
        Self { file: file.map(Into::into), variable: variable.map(Into::into), passfile, home: None }
    }

    pub(super) fn in_file(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(path) = &self.file else { return Ok(None) };
        let refused = |reason: &str| format!("cannot use the password file {}: {reason}", path.display());
        let content = read(path, PASSWORD_MAX).map_err(|error| refused(&error.to_string()))?;
        let line = content.strip_suffix(b"\n").unwrap_or(&content);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line {
            [] => Err(refused("it is empty; write the password into it, in one line")),
            line if line.contains(&b'\n') => Err(refused("it has several lines; write only the password into it")),
            line => Ok(Some(line.to_vec())),
        }
    }

    pub(super) fn in_variable(&self) -> Option<&[u8]> {
        self.variable.as_ref().map(|value| value.as_encoded_bytes())
    }

    /// The file of passwords, if there is one. One that the environment names must exist.
    pub(super) fn passfile(&self) -> Result<Option<Passfile>, String> {
        let usual = || self.home.as_ref().map(|home| home.join(".pgpass"));
        let Some(path) = self.passfile.as_ref().map(PathBuf::from).or_else(usual) else { return Ok(None) };
        match read_secret(&path) {
            Ok(content) => Ok(Some(Passfile::parse(&content))),
            Err(error) if error.kind() == ErrorKind::NotFound && self.passfile.is_none() => Ok(None),
            Err(error) => Err(format!("cannot use the file of passwords {}: {error}", path.display())),
        }
    }
}

/// Reads a regular file that only its owner can read.
fn read_secret(path: &Path) -> io::Result<Vec<u8>> {
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions()) & 0o077 != 0 {
        let advice = format!("run chmod 600 {}", path.display());
        return Err(io::Error::other(format!("other users of this machine may read it; {advice}")));
    }
    read(path, PASSFILE_MAX)
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file")); // opening a named pipe could block
    }
    if metadata.len() > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    let mut content = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut content)?;
    Ok(content)
}

/// A file of passwords. Each line has host, port, database, user and password, separated by colons.
pub(super) struct Passfile(Vec<Line>);

struct Line {
    /// `None` matches everything.
    place: [Option<Vec<u8>>; 4],
    password: Vec<u8>,
}

impl Passfile {
    /// Lines that lack a field match nothing.
    fn parse(content: &[u8]) -> Self {
        let lines = content.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        Self(lines.filter(|line| !line.starts_with(b"#")).filter_map(Line::parse).collect())
    }

    /// The password in the first line that matches.
    pub(super) fn password(&self, host: &Host, port: u16, database: &str, user: &str) -> Option<&[u8]> {
        let host = match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) if SOCKET_DIRECTORIES.iter().any(|usual| path == Path::new(usual)) => "localhost".into(),
            #[cfg(unix)]
            Host::Unix(path) => path.to_string_lossy().into_owned(),
        };
        let wanted = [&*host, &port.to_string(), database, user];
        let is_meant = |line: &&Line| {
            let mut fields = line.place.iter().zip(wanted);
            fields.all(|(field, wanted)| field.as_ref().is_none_or(|field| field == wanted.as_bytes()))
        };
        let password = &self.0.iter().find(is_meant)?.password;
        Some(&**password).filter(|password| !password.is_empty())
    }
}

impl Line {
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = split_fields(line).into_iter();
        let mut place = || fields.next().map(|field| Some(field).filter(|field| field != b"*").map(unescaped));
        let place = [place()?, place()?, place()?, place()?];
        Some(Self { place, password: unescaped(fields.next()?) })
    }
}

/// Splits at the colons without a backslash in front.
fn split_fields(line: &[u8]) -> Vec<&[u8]> {
    let mut is_escaped = false;
    let is_end = |byte: &u8| {
        let is_end = *byte == b':' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    };
    line.split(is_end).collect()
}

/// Leaves out the backslashes, each of which stands before a byte that is meant literally.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = field.iter().copied();
    let mut literal = Vec::with_capacity(field.len());
    while let Some(byte) = bytes.next() {
        literal.push(if byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte });
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(content: &str, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
        let file = Passfile::parse(content.as_bytes());
        let host = if host.starts_with('/') { Host::Unix(host.into()) } else { Host::Tcp(host.to_owned()) };
        file.password(&host, port, database, user).map(|found| String::from_utf8(found.to_vec()).unwrap())
    }

    #[test]
    fn the_first_line_that_matches_has_the_password() {
        let file = "# host:port:database:user:password\n\nshort:line\n\
                    db1:5432:chat:quchat:one\r\ndb1:*:chat:quchat:two\n*:*:*:other:three\n*:5432:*:quchat:four\n";
        for (host, port, database, user, expected) in [
            ("db1", 5432, "chat", "quchat", Some("one")),
            ("db1", 5433, "chat", "quchat", Some("two")),
            ("db1", 5433, "chat", "other", Some("three")),
            ("db2", 5432, "chat", "quchat", Some("four")),
            ("db2", 5433, "chat", "quchat", None),
            ("DB1", 5433, "chat", "quchat", None),
        ] {
            assert_eq!(
                password(file, host, port, database, user).as_deref(),
                expected,
                "{host} {port} {database} {user}"
            );
        }
    }

    #[test]
    fn a_backslash_makes_the_next_character_literal() {
        let file = r"\:\:1:5432:a\\b:\*:p\:w\\d:not the password";
        assert_eq!(password(file, "::1", 5432, r"a\b", "*").as_deref(), Some(r"p:w\d"));
        assert_eq!(password(file, "::1", 5432, r"a\b", "anybody"), None, "an escaped star is a star");
        assert_eq!(password(r"*:*:*:*:end\", "h", 1, "d", "u").as_deref(), Some(r"end\"));
    }

    #[test]
    fn an_empty_password_is_none() {
        assert_eq!(password("*:*:*:*:", "h", 1, "d", "u"), None);
    }

    #[test]
    fn the_usual_local_socket_is_on_localhost() {
        let file = "localhost:*:*:*:usual\n/srv/pg:*:*:*:own";
        assert_eq!(password(file, "/run/postgresql", 5432, "d", "u").as_deref(), Some("usual"));
        assert_eq!(password(file, "/srv/pg", 5432, "d", "u").as_deref(), Some("own"));
    }

    #[test]
    fn a_password_file_has_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        let sources = PasswordSources { file: Some(path.clone()), ..PasswordSources::default() };
        let refusal = || sources.in_file().unwrap_err();
        assert!(refusal().contains(path.to_str().unwrap()), "it is missing");
        for (content, expected) in [("a b\n", "a b"), ("a b", "a b"), (" a\r\n", " a")] {
            fs::write(&path, content).unwrap();
            assert_eq!(sources.in_file().unwrap().unwrap(), expected.as_bytes());
        }
        for (content, part) in
            [("", "empty"), ("\n", "empty"), ("secret\nb\n", "several lines"), ("secret\n\n", "several")]
        {
            fs::write(&path, content).unwrap();
            assert!(refusal().contains(part) && !refusal().contains("secret"), "{}", refusal());
        }
        fs::write(&path, "secret".repeat(1000)).unwrap();
        assert!(refusal().contains("larger than 4096 bytes"), "{}", refusal());
    }

    #[test]
    #[cfg(unix)]
    fn a_file_of_passwords_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let home = tempfile::tempdir().unwrap();
        let usual = PasswordSources { home: Some(home.path().to_owned()), ..PasswordSources::default() };
        assert!(usual.passfile().unwrap().is_none(), "there need not be one");
        let path = home.path().join(".pgpass");
        fs::write(&path, "*:*:*:*:secret\n").unwrap();
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let reason = usual.passfile().err().unwrap();
            assert!(reason.contains("chmod 600") && !reason.contains("secret"), "{reason}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let host = Host::Tcp("h".to_owned());
        assert_eq!(usual.passfile().unwrap().unwrap().password(&host, 1, "d", "u"), Some(&b"secret"[..]));

        let named = PasswordSources { passfile: Some(home.path().join("missing").into()), ..usual };
        assert!(named.passfile().err().unwrap().contains("missing"), "one that is named must exist");
    }
}
