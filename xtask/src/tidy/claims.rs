//! Checks what a header (`//!`) claims: a module that "must not know the network" must not name a type of it.
//!
//! Only claims about the things in [`TERMS`] can be checked. A header speaks for its file and for the folder of the
//! same name; the header of a `mod.rs` or `lib.rs` speaks for its whole folder. Tests are exempt.

use super::{
    Breach,
    files::{File, Tree, is_below},
};

/// The words that begin a claim.
const VERBS: &[&str] = &[
    "must not know",
    "must not depend on",
    "must not use",
    "must not touch",
    "does not know",
    "does not depend on",
    "does no ",
    "knows no ",
    "knows neither",
    "knows nothing of",
];

/// "Must not know what a key means" is about behaviour: paths cannot show it.
const QUESTIONS: &[&str] = &["how", "what", "when", "where", "whether", "which", "who", "why"];

/// Something that a header may speak of, and the paths by which code would use it.
struct Term {
    words: &'static [&'static str],
    paths: &'static [&'static str],
}

const TERMS: &[Term] = &[
    Term {
        words: &["network", "networks", "I/O"],
        paths: &["ureq", "hyper", "TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"],
    },
    Term { words: &["socket", "sockets"], paths: &["TcpStream", "TcpListener", "UnixStream", "UdpSocket"] },
    Term { words: &["disk", "disks", "I/O"], paths: &["std::fs"] },
    Term { words: &["thread", "threads"], paths: &["std::thread"] },
    Term { words: &["clock", "clocks"], paths: &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"] },
    Term { words: &["randomness"], paths: &["getrandom"] },
    Term { words: &["terminal"], paths: &["crossterm", "tuirealm", "tui_realm_stdlib"] },
    Term { words: &["HTTP"], paths: &["ureq", "hyper", "crate::http"] },
    Term { words: &["hub"], paths: &["crate::hub"] },
    Term { words: &["SQL", "SQLite"], paths: &["rusqlite"] },
    Term { words: &["model"], paths: &["crate::model"] },
    Term { words: &["scenario", "scenarios"], paths: &["scenarios"] },
];

/// Names in code that contradict the header above it.
pub(super) fn contradictions(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for claiming in &tree.files {
        for claim in claims(&header(&claiming.source.text)) {
            for path in forbidden_by(&claim) {
                let covered = tree.files.iter().filter(|file| speaks_for(&claiming.path, &file.path));
                for (file, line) in covered.flat_map(|file| uses(file, path)) {
                    let what = format!("names {path}, but {} says: {claim}", claiming.path);
                    breaches.push(Breach { path: file.path.clone(), line, what });
                }
            }
        }
    }
    breaches
}

/// The text of the header in one line.
fn header(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    lines.join(" ")
}

/// The parts of a header that begin with one of [`VERBS`] and end with their clause.
fn claims(header: &str) -> Vec<String> {
    let mut claims = Vec::new();
    for verb in VERBS {
        for (start, _) in header.match_indices(verb) {
            let rest = &header[start..];
            let ends = [". ", "; ", ": "].iter().filter_map(|end| rest.find(end));
            let claim = &rest[..ends.min().unwrap_or(rest.len())];
            let object = claim[verb.len()..].split_whitespace().next().unwrap_or_default();
            if !QUESTIONS.contains(&object) {
                claims.push(claim.trim_end_matches('.').to_owned());
            }
        }
    }
    claims
}

fn forbidden_by(claim: &str) -> Vec<&'static str> {
    let words: Vec<&str> = claim.split(|c: char| !c.is_alphanumeric() && c != '/').collect();
    let mut paths = Vec::new();
    for term in TERMS {
        if term.words.iter().any(|word| words.contains(word)) {
            paths.extend(term.paths);
        }
    }
    paths
}

fn speaks_for(claiming: &str, path: &str) -> bool {
    let scope = ["/mod.rs", "/lib.rs", ".rs"].iter().find_map(|end| claiming.strip_suffix(end));
    scope.is_some_and(|scope| is_below(path, scope))
}

/// The lines outside tests that name `path`.
fn uses<'a>(file: &'a File, path: &str) -> Vec<(&'a File, usize)> {
    if file.path.split('/').any(|part| part == "tests" || part == "tests.rs") {
        return Vec::new();
    }
    let tests = file.source.code.lines().position(|line| line.starts_with("mod tests {"));
    let lines = file.source.lines_naming(path).into_iter();
    lines.filter(|&line| tests.is_none_or(|tests| line <= tests)).map(|line| (file, line)).collect()
}
