//! Lays the files of a package out in a directory, as they lie in an installed system.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    VERSION, output_of,
    packages::{PACKAGING, Package},
    requirements::Glibc,
    unusable,
};
use crate::{TaskError, cargo::workspace};

/// The directory of what dpkg wants to know of a package.
const CONTROL: &str = "DEBIAN";

/// Fills `stage` with the program, the files, the man pages and completions, and what dpkg needs.
pub(super) fn stage(
    package: &Package,
    program: &Path,
    manuals: &Path,
    stage: &Path,
    glibc: Glibc,
) -> Result<(), TaskError> {
    let name = package.name;
    install(program, &stage.join("usr/bin").join(name), "755")?;
    for file in package.files {
        install(&workspace().join(file.from), &stage.join(file.to), "644")?;
    }
    let share = stage.join("usr/share");
    for file in files_below(manuals).map_err(|error| unusable(manuals, &error))? {
        let to = share.join(file.strip_prefix(manuals).expect("it lies below"));
        install(&file, &to, "644")?;
        if to.extension().is_some_and(|extension| extension == "1") {
            let mut gzip = Command::new("gzip");
            gzip.args(["-9", "--no-name"]).arg(to);
            output_of(gzip)?;
        }
    }
    describe(name, stage, glibc)
}

/// Writes `DEBIAN`: the control file, and the scripts that run when the package is installed or removed.
fn describe(name: &str, stage: &Path, glibc: Glibc) -> Result<(), TaskError> {
    let kilobytes = kilobytes(stage)?;
    let from = workspace().join(PACKAGING).join(name);
    for file in files_below(&from).map_err(|error| unusable(&from, &error))? {
        let to = stage.join(CONTROL).join(file.file_name().expect("a file has a name"));
        let is_script = fs::read(&file).is_ok_and(|content| content.starts_with(b"#!"));
        install(&file, &to, if is_script { "755" } else { "644" })?;
    }
    let control = stage.join(CONTROL).join("control");
    let text = fs::read_to_string(&control).map_err(|error| unusable(&control, &error))?;
    fs::write(&control, filled(&text, kilobytes, glibc)).map_err(|error| unusable(&control, &error))
}

/// A control file with the values that depend on the build.
fn filled(control: &str, kilobytes: u64, glibc: Glibc) -> String {
    control
        .replace("{version}", &deb_version(VERSION))
        .replace("{architecture}", architecture())
        .replace("{kilobytes}", &kilobytes.to_string())
        .replace("{glibc}", &glibc.to_string())
}

/// A semantic version as dpkg orders it: a pre-release comes before the release.
pub(super) fn deb_version(version: &str) -> String {
    version.replacen('-', "~", 1)
}

/// What Debian calls the architecture of this machine.
pub(super) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "i386",
        "aarch64" => "arm64",
        "arm" => "armhf",
        "powerpc64" => "ppc64el",
        other => other,
    }
}

fn kilobytes(stage: &Path) -> Result<u64, TaskError> {
    let mut total = 0;
    for file in files_below(stage).map_err(|error| unusable(stage, &error))? {
        total += fs::metadata(&file).map_err(|error| unusable(&file, &error))?.len();
    }
    Ok(total.div_ceil(1024))
}

/// Copies a file and sets its mode. Creates the directories above it.
fn install(from: &Path, to: &Path, mode: &str) -> Result<(), TaskError> {
    let mut install = Command::new("install");
    install.args(["-D", "--mode", mode]).args([from, to]);
    output_of(install).map(drop)
}

fn files_below(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files_below(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::packages::PACKAGES;

    #[test]
    fn a_pre_release_comes_before_its_release() {
        assert_eq!(deb_version("0.2.0"), "0.2.0");
        assert_eq!(deb_version("1.0.0-rc.1-x"), "1.0.0~rc.1-x");
    }

    #[test]
    fn every_placeholder_of_a_control_file_is_filled() {
        for package in PACKAGES {
            let path = workspace().join(PACKAGING).join(package.name).join("control");
            let control = filled(&fs::read_to_string(path).unwrap(), 7, Glibc(2, 34));
            assert!(control.starts_with(&format!("Package: {}\nVersion: {VERSION}\n", package.name)), "{control}");
            assert!(control.contains("\nInstalled-Size: 7\n") && control.contains("libc6 (>= 2.34)"), "{control}");
            assert!(!control.contains('{') && control.ends_with('\n'), "{control}");
        }
    }
}
