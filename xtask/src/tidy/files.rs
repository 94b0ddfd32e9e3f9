//! Reads the workspace: the names in its top directory, and all Rust sources.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use super::source::Source;

pub(super) struct Tree {
    /// Names in the top directory, sorted. Only names that git tracks, so that a private note breaks no rule.
    pub(super) top: Vec<String>,
    /// The Rust sources, by path.
    pub(super) files: Vec<File>,
}

pub(super) struct File {
    /// Relative to the top directory, with `/` between the parts.
    pub(super) path: String,
    pub(super) source: Source,
}

impl Tree {
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let all = names(root)?;
        let mut tree = Self { top: tracked_by_git(root).unwrap_or_else(|| all.clone()), files: Vec::new() };
        for name in all {
            if is_searched(&name) && root.join(&name).is_dir() {
                tree.collect(root, &name)?;
            }
        }
        Ok(tree)
    }

    /// The files below any of `scopes`, which are paths from the top directory.
    pub(super) fn below<'a>(&'a self, scopes: &'a [&str]) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| scopes.iter().any(|scope| is_below(&file.path, scope)))
    }

    fn collect(&mut self, root: &Path, dir: &str) -> io::Result<()> {
        for name in names(&root.join(dir))?.into_iter().filter(|name| is_searched(name)) {
            let path = format!("{dir}/{name}");
            let full = root.join(&path);
            if full.is_dir() {
                self.collect(root, &path)?;
            } else if name.ends_with(".rs") {
                let source = Source::new(fs::read_to_string(full)?);
                self.files.push(File { path, source });
            }
        }
        Ok(())
    }
}

/// The scope `server/src/domain` covers the file `server/src/domain.rs` and everything in the directory.
pub(super) fn is_below(path: &str, scope: &str) -> bool {
    path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

/// Whether it can contain sources. Build output and dot-files cannot.
fn is_searched(name: &str) -> bool {
    name != "target" && !name.starts_with('.')
}

/// The names in the top directory that git tracks; `None` without a repository or without git.
fn tracked_by_git(root: &Path) -> Option<Vec<String>> {
    if !root.join(".git").exists() {
        return None; // a repository in a parent directory is not ours
    }
    let output =
        Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]).stderr(Stdio::null()).output().ok()?;
    let paths = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let mut top: Vec<String> =
        paths.split_terminator('\0').filter_map(|path| path.split('/').next()).map(str::to_owned).collect();
    top.sort();
    top.dedup();
    Some(top)
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(dir)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}
