//! `cargo xtask dist`: makes the packages in `target/dist`: a `.deb` of each program, one tarball with both, and checksums.
//! Then it installs what it has made into a scratch directory and starts it there.
//!
//! Owns the order of these steps. The programs of a Debian system do the work: dpkg-deb, tar, gzip, readelf, sha256sum.

mod archives;
mod packages;
mod requirements;
mod staging;
mod trial;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    TaskError,
    cargo::{cannot_start, cargo, failed, step, workspace},
    write_stderr,
};
use packages::PACKAGES;

/// The version of the packages, which is that of the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The functions that the standard library of Rust takes from glibc 2.39 if the linker finds them. The programs would then
/// need that version, although they do as well without.
const LEFT_OUT: &[&str] = &["pidfd_getpid", "pidfd_spawnp"];

/// What the packages are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Others install them on any system that is new enough.
    Release,
    /// They are tried on this machine and thrown away.
    Trial,
}

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    let dist = workspace().join("target/dist");
    let (programs, purpose) = match prebuilt(args)? {
        Some(programs) => (programs, Purpose::Trial),
        None => (build()?, Purpose::Release),
    };
    remove(&dist)?;
    let (manuals, stages) = (dist.join("manuals"), dist.join("stages"));
    let mut write_manuals = Command::new(programs.join("manuals"));
    write_manuals.arg(&manuals);
    step(write_manuals)?;

    let mut files = Vec::new();
    let mut staged = Vec::new();
    for package in PACKAGES {
        let (stage, program) = (stages.join(package.name), programs.join(package.name));
        let glibc = requirements::glibc(&program, purpose)?;
        staging::stage(package, &program, &manuals.join(package.name), &stage, glibc)?;
        files.push(archives::deb(package, &stage, &dist, purpose)?);
        staged.push(stage);
    }
    let debs = files.clone();
    files.push(archives::tarball(&staged, &stages, &dist, purpose)?);
    archives::checksums(&files, &dist)?;
    trial::run(&debs, &dist.join("trial"))?;
    [manuals, stages].iter().try_for_each(|dir| remove(dir))?;
    for file in files {
        let bytes = fs::metadata(&file).map_err(|error| unusable(&file, &error))?.len();
        write_stderr(&format!("+ {} ({:.1} MB)", file.display(), bytes as f64 / 1e6));
    }
    Ok(())
}

/// The directory of programs that are already built, if the arguments name one.
fn prebuilt(args: Vec<OsString>) -> Result<Option<PathBuf>, TaskError> {
    match &args[..] {
        [] => Ok(None),
        [flag, dir] if flag == "--programs" => Ok(Some(dir.into())),
        _ => {
            Err(TaskError::usage("usage: cargo xtask dist [--programs DIR]; DIR holds programs that are already built"))
        }
    }
}

/// Builds a release of the programs one by one, so that neither enables features of the other. Returns their directory.
fn build() -> Result<PathBuf, TaskError> {
    let target = workspace().join("target");
    for package in PACKAGES {
        let mut build = cargo("rustc");
        build.args(["--release", "--target-dir"]).arg(&target);
        build.args(["--package", package.source, "--bin", package.name, "--"]);
        build.args(LEFT_OUT.iter().map(|function| format!("-Clink-arg=-Wl,--defsym={function}=0")));
        step(build)?;
    }
    let mut build = cargo("build");
    build.args(["--release", "--target-dir"]).arg(&target);
    build.args(["--package", "xtask", "--features", "dist", "--bin", "manuals"]);
    step(build)?;
    Ok(target.join("release"))
}

fn remove(dir: &Path) -> Result<(), TaskError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(dir, &error)),
        _ => Ok(()),
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> TaskError {
    TaskError::new(format!("cannot use {}: {error}", path.display()))
}

/// What a program prints, in the C locale.
fn output_of(mut command: Command) -> Result<String, TaskError> {
    command.env("LC_ALL", "C").stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| cannot_start(&command, &error))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(failed(&command, output.status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::tests::os;

    #[test]
    fn only_a_directory_of_programs_can_be_named() {
        assert_eq!(prebuilt(os(&[])).unwrap(), None);
        assert_eq!(prebuilt(os(&["--programs", "target/debug"])).unwrap(), Some("target/debug".into()));
        for args in [&["--programs"][..], &["target/debug"], &["--programs", "a", "b"]] {
            assert_eq!(prebuilt(os(args)).unwrap_err().code, 2, "{args:?}");
        }
    }
}
