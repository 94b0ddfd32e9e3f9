//! Packs staged directories: the `.deb` files, the tarball, and the checksums of all.

use std::{
    env::consts::{ARCH, OS},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Purpose, VERSION, output_of,
    packages::Package,
    staging::{architecture, deb_version},
    unusable,
};
use crate::TaskError;

/// Makes the `.deb` of a package. Returns its path.
pub(super) fn deb(package: &Package, stage: &Path, dist: &Path, purpose: Purpose) -> Result<PathBuf, TaskError> {
    let file = dist.join(format!("{}_{}_{}.deb", package.name, deb_version(VERSION), architecture()));
    let mut build = Command::new("dpkg-deb");
    match purpose {
        Purpose::Trial => build.args(["-Zgzip", "-z1"]),
        Purpose::Release => build.arg("-Zxz"),
    };
    build.args(["--root-owner-group", "--build"]).args([stage, &file]);
    output_of(build)?;
    Ok(file)
}

/// Makes the tarball with everything below `usr` of all packages, to be unpacked into any prefix. Returns its path.
pub(super) fn tarball(staged: &[PathBuf], scratch: &Path, dist: &Path, purpose: Purpose) -> Result<PathBuf, TaskError> {
    let name = format!("quchat-{VERSION}-{ARCH}-{OS}");
    let prefix = scratch.join(&name);
    fs::create_dir_all(&prefix).map_err(|error| unusable(&prefix, &error))?;
    for stage in staged {
        let mut copy = Command::new("cp");
        copy.args(["--archive", "--link"]).arg(stage.join("usr/.")).arg(&prefix);
        output_of(copy)?;
    }
    let file = dist.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--hard-dereference", "--create"]);
    tar.arg(match purpose {
        Purpose::Trial => "--use-compress-program=gzip -1",
        Purpose::Release => "--use-compress-program=gzip -9",
    });
    tar.arg("--file").arg(&file).arg("--directory").arg(scratch).arg(name);
    output_of(tar)?;
    Ok(file)
}

/// Writes `SHA256SUMS`, which `sha256sum --check` reads.
pub(super) fn checksums(files: &[PathBuf], dist: &Path) -> Result<(), TaskError> {
    let mut sum = Command::new("sha256sum");
    sum.current_dir(dist).args(files.iter().filter_map(|file| file.file_name()));
    let sums = dist.join("SHA256SUMS");
    fs::write(&sums, output_of(sum)?).map_err(|error| unusable(&sums, &error))
}
