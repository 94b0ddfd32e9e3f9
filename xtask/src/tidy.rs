//! `cargo xtask tidy`: enforces the rules of the architecture, which `tidy/rules.rs` lists.
//!
//! Owns how rules are applied to a tree and how a breach is reported. Reads files, compiles nothing.

mod claims;
mod cycles;
mod files;
mod rules;
mod source;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::{self, Write as _},
};

use crate::{TaskError, cargo, expect_none, write_stderr};
use files::Tree;
use rules::{Rule, rules};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    expect_none("tidy", &args)?;
    let tree = Tree::read(cargo::workspace()).map_err(|e| TaskError::new(format!("cannot read the workspace: {e}")))?;
    let rules = rules();
    let breaches = check(&tree, &rules);
    if breaches.is_empty() {
        write_stderr(&format!("+ tidy: {} files keep {} rules", tree.files.len(), rules.len()));
        return Ok(());
    }
    Err(TaskError::new(report(&rules, &breaches)))
}

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Breach {
    path: String,
    /// From 1; 0 stands for the whole file or directory.
    line: usize,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// The breaches of each rule, by its index in the list.
fn check(tree: &Tree, rules: &[Rule]) -> BTreeMap<usize, Vec<Breach>> {
    let mut all = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let mut breaches = (rule.breaches)(tree);
        if !breaches.is_empty() {
            breaches.sort();
            all.insert(index, breaches);
        }
    }
    all
}

/// The broken rules with their reasons, then the list of all rules.
fn report(rules: &[Rule], broken: &BTreeMap<usize, Vec<Breach>>) -> String {
    let mut out = String::new();
    for (&index, breaches) in broken {
        let Rule { name, why, .. } = &rules[index];
        let _ = writeln!(out, "{name}\n  because {why}");
        for breach in breaches {
            let _ = writeln!(out, "  {breach}");
        }
        out.push('\n');
    }
    out.push_str("the rules:\n");
    for (index, Rule { name, .. }) in rules.iter().enumerate() {
        let mark = if broken.contains_key(&index) { "BROKEN" } else { "kept" };
        let _ = writeln!(out, "  {mark:<7}{name}");
    }
    out
}
