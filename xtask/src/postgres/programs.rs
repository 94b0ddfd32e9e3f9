//! Finds the programs of a PostgreSQL on this machine. Debian and Homebrew keep them in directories that are not in PATH.

use std::{
    cmp::Reverse,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The oldest version that the server accepts.
const OLDEST: u32 = 14;

/// Directories that hold one directory `bin` for each version: the directory, and how the names of the versions begin.
const VERSIONED: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql"),
    ("/usr/local/opt", "postgresql"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

/// The directory with the programs of the first PostgreSQL that is new enough and has all that are needed.
///
/// # Errors
/// There is none. The text says how to get it.
pub fn find(needed: &[&str]) -> Result<PathBuf, String> {
    first_usable(candidates(), |dir| version(dir, needed)).map_err(|too_old| {
        let found = match too_old {
            Some((version, dir)) => format!("PostgreSQL {version} in {} is older than {OLDEST}", dir.display()),
            None => format!("no PostgreSQL with {} was found on this machine", needed.join(", ")),
        };
        format!("{found}; install it with `sudo apt install postgresql` or `brew install postgresql`")
    })
}

/// One of the programs, without the variables that would change where it connects or what it does.
pub fn command(dir: &Path, name: &str) -> Command {
    let mut command = Command::new(dir.join(name));
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").stdin(Stdio::null()); // what it prints is read
    command
}

/// Otherwise returns the first that is too old.
fn first_usable(
    candidates: impl IntoIterator<Item = PathBuf>,
    version: impl Fn(&Path) -> Option<u32>,
) -> Result<PathBuf, Option<(u32, PathBuf)>> {
    let mut too_old = None;
    for dir in candidates {
        match version(&dir) {
            Some(version) if version >= OLDEST => return Ok(dir),
            Some(version) => too_old = too_old.or(Some((version, dir))),
            None => {}
        }
    }
    Err(too_old)
}

/// Where the programs may be, the best place first.
fn candidates() -> Vec<PathBuf> {
    let configured = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok();
    let configured = configured.and_then(|output| String::from_utf8(output.stdout).ok());
    let in_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let versioned = VERSIONED.iter().flat_map(|(dir, prefix)| newest_first(Path::new(dir), prefix));
    let configured = configured.map(|dir| PathBuf::from(dir.trim_end()));
    configured.into_iter().chain(in_path).chain(versioned).collect()
}

/// The directories `bin` of the versions in `dir`.
fn newest_first(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort_by_cached_key(|name| Reverse(first_number(name)));
    names.iter().map(|name| dir.join(name).join("bin")).collect()
}

/// The version of the programs in `dir`, if all that are needed are there.
fn version(dir: &Path, needed: &[&str]) -> Option<u32> {
    if !needed.iter().all(|program| dir.join(program).is_file()) {
        return None;
    }
    let output = Command::new(dir.join("postgres")).arg("--version").stderr(Stdio::null()).output().ok()?;
    first_number(&String::from_utf8_lossy(&output.stdout))
}

/// The first whole number in a text: 15 in `postgres (PostgreSQL) 15.18`.
fn first_number(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_that_is_new_enough_is_used() {
        let version = |dir: &Path| first_number(&dir.to_string_lossy());
        let found = |names: &[&str]| first_usable(names.iter().map(PathBuf::from), version);
        assert_eq!(found(&["none", "pg13", "pg14", "pg17"]), Ok("pg14".into()));
        assert_eq!(found(&["pg12", "pg13"]), Err(Some((12, "pg12".into()))));
        assert_eq!(found(&["none"]), Err(None));
    }

    #[test]
    fn who_has_no_postgresql_is_told_how_to_get_it() {
        let reason = find(&["initdb", "no-such-program"]).unwrap_err();
        assert!(reason.contains("initdb, no-such-program") && reason.contains("apt install"), "{reason}");
    }

    #[test]
    fn newer_versions_come_first() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["postgresql@9.6", "postgresql@15", "postgresql@16", "other@17"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let expected =
            ["postgresql@16", "postgresql@15", "postgresql@9.6"].map(|name| dir.path().join(name).join("bin"));
        assert_eq!(newest_first(dir.path(), "postgresql"), expected);
        assert!(newest_first(&dir.path().join("missing"), "").is_empty());
        assert_eq!(first_number("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
    }
}
