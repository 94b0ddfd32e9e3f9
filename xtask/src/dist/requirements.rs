//! What a program needs from the system that it runs on.

use std::{fmt, path::Path, process::Command};

use super::{Purpose, output_of};
use crate::TaskError;

/// A version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glibc(pub(super) u32, pub(super) u32);

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The newest that a release may need: the one of Debian 12.
const NEWEST: Glibc = Glibc(2, 36);

/// The libraries that every system with glibc has.
const LIBRARIES: &[&str] = &["libc.so", "libm.so", "libgcc_s.so", "libpthread.so", "libdl.so", "librt.so", "ld-linux"];

/// The glibc that a program needs.
///
/// # Errors
/// It needs another library, or for a release a newer glibc than [`NEWEST`].
pub(super) fn glibc(program: &Path, purpose: Purpose) -> Result<Glibc, TaskError> {
    let mut readelf = Command::new("readelf");
    readelf.args(["--wide", "--dynamic", "--version-info"]).arg(program);
    let report = output_of(readelf)?;
    let program = program.display();
    if let Some(library) = other_library(&report) {
        return Err(TaskError::new(format!("{program} needs {library}, which not every system has")));
    }
    match newest_glibc(&report) {
        Some(glibc) if glibc > NEWEST && purpose == Purpose::Release => {
            let reason = format!("{program} needs glibc {glibc}; build it on Debian 12, or on a system as old as that");
            Err(TaskError::new(reason))
        }
        Some(glibc) => Ok(glibc),
        None => Err(TaskError::new(format!("{program} is not a program for Linux with glibc"))),
    }
}

fn other_library(report: &str) -> Option<&str> {
    let mut needed =
        report.lines().filter(|line| line.contains("(NEEDED)")).filter_map(|line| line.split(['[', ']']).nth(1));
    needed.find(|name| !LIBRARIES.iter().any(|known| name.starts_with(known)))
}

fn newest_glibc(report: &str) -> Option<Glibc> {
    let version = |line: &str| {
        let mut parts = line.split_once("Name: GLIBC_")?.1.split([' ', '.']).map_while(|part| part.parse().ok());
        Some(Glibc(parts.next()?, parts.next()?))
    };
    report.lines().filter_map(version).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str =
        "  0x0030:   Name: GLIBC_2.2.5  Flags: none  Version: 19\n  0x0040:   Name: GLIBC_2.9  Flags: none";

    #[test]
    fn the_newest_glibc_counts() {
        assert_eq!(newest_glibc(OLD), Some(Glibc(2, 9)));
        let newer =
            format!("  0x0020:   Name: GLIBC_2.38  Flags: none  Version: 11\n{OLD}\n  0x0050:   Name: GCC_4.2.0");
        assert_eq!(newest_glibc(&newer), Some(Glibc(2, 38)));
        assert_eq!(newest_glibc("  0x0050:   Name: GCC_4.2.0"), None);
    }

    #[test]
    fn a_library_that_not_every_system_has_is_found() {
        let needs = |name: &str| format!(" 0x0000000000000001 (NEEDED)             Shared library: [{name}]\n");
        let usual = format!("{}{}", needs("libc.so.6"), needs("libgcc_s.so.1"));
        assert_eq!(other_library(&usual), None);
        assert_eq!(other_library(&format!("{usual}{}", needs("libsqlite3.so.0"))), Some("libsqlite3.so.0"));
    }
}
