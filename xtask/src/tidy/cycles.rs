//! Finds circular dependencies: modules of one folder that use each other, directly or through others.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Breach,
    files::{File, Tree},
};

/// A folder whose modules must not use each other in circles.
struct Folder {
    path: &'static str,
    /// How its modules name each other: `crate` or `super`.
    prefix: &'static str,
    /// Files that are not checked. Tests may use everything.
    except: &'static [&'static str],
}

const FOLDERS: &[Folder] = &[
    Folder {
        path: "server/src",
        prefix: "crate",
        except: &["server/src/store/sqlite/faults", "server/src/store/sqlite/events/tests"],
    },
    Folder { path: "server/src/connection", prefix: "super", except: &[] },
    Folder { path: "server/src/domain", prefix: "super", except: &[] },
    Folder { path: "server/src/http", prefix: "super", except: &[] },
];

/// For each module, the modules that it uses, each with the place of its first use.
type Uses<'a> = BTreeMap<&'a str, BTreeMap<&'a str, (&'a File, usize)>>;

/// Returns every use that is part of a circle.
pub(super) fn cycles(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for folder in FOLDERS {
        let uses = folder.uses(tree);
        for (user, used) in &uses {
            for (name, (file, line)) in used {
                if reaches(&uses, name, user) {
                    let what = format!("names {}::{name}, which depends on {user} in turn", folder.prefix);
                    breaches.push(Breach { path: file.path.clone(), line: *line, what });
                }
            }
        }
    }
    breaches
}

impl Folder {
    fn uses<'a>(&self, tree: &'a Tree) -> Uses<'a> {
        let counted = |file: &&File| !self.except.iter().any(|except| file.path.starts_with(except));
        let files = tree.files.iter().filter(counted);
        let modules: Vec<_> = files.filter_map(|file| Some((module(&file.path, self.path)?, file))).collect();
        let names: BTreeSet<&str> = modules.iter().map(|(name, _)| *name).collect();
        let mut uses = Uses::new();
        for (user, file) in modules {
            for &name in names.iter().filter(|name| **name != user) {
                if let Some(line) = file.source.lines_naming(&format!("{}::{name}", self.prefix)).first() {
                    uses.entry(user).or_default().entry(name).or_insert((file, *line));
                }
            }
        }
        uses
    }
}

/// The module of a folder that a file belongs to: `hub` for `server/src/hub/mod.rs`. `None` for the root of the folder.
fn module<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let below = path.strip_prefix(folder)?.strip_prefix('/')?;
    let name = below.split_once('/').map_or_else(|| below.strip_suffix(".rs"), |(name, _)| Some(name))?;
    (!matches!(name, "lib" | "main" | "mod")).then_some(name)
}

/// Whether `from` uses `to`, directly or through others.
fn reaches(uses: &Uses<'_>, from: &str, to: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(name) = next.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            next.extend(uses.get(name).into_iter().flat_map(BTreeMap::keys));
        }
    }
    false
}
