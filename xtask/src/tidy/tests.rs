//! Each rule reports a tree that breaks it, at the right line; this workspace breaks none.

use std::{fs, path::Path};

use super::{Breach, check, files::Tree, report, rules::rules, source::Source};

/// The smallest tree that breaks no rule.
const VALID: &[&str] = &[
    "client/src/api/client.rs",
    "client/src/components/rooms.rs",
    "client/src/keymap.rs",
    "client/src/model/room.rs",
    "client/src/text.rs",
    "client/src/update/effect.rs",
    "client/src/update/keys.rs",
    "client/src/update/plan/mod.rs",
    "client/src/update/tests/mod.rs",
    "client/src/view.rs",
    "client/src/worker/calls.rs",
    "server/src/args.rs",
    "server/src/connection/accept.rs",
    "server/src/connection/handshake.rs",
    "server/src/domain/rooms.rs",
    "server/src/hub/listeners.rs",
    "server/src/program.rs",
    "server/src/rate_limits/mod.rs",
    "server/src/socket/tls.rs",
    "server/src/store/postgres/settings/tests.rs",
    "server/src/store/postgres/settings/tls.rs",
    "server/src/store/sqlite/events/tests.rs",
    "server/src/store/sqlite/faults/mod.rs",
    "server/src/store/sqlite/rooms.rs",
    "server/src/stream/mod.rs",
    "server/src/tls/mod.rs",
    "server/src/verbs/mod.rs",
    "shared/src/lib.rs",
    "xtask/src/bin/bench/client/mod.rs",
    "xtask/src/bin/bench/compare/mod.rs",
    "xtask/src/bin/bench/server/database.rs",
    "xtask/src/bin/bench/server/floor/sqlite.rs",
    "xtask/src/bin/cluster/balancer.rs",
    "xtask/src/bin/manuals.rs",
    "xtask/src/main.rs",
];

/// Reads a tree with the valid files and these.
fn tree_with(files: &[(&str, &str)]) -> Tree {
    let valid = VALID.iter().map(|path| (*path, "//! Valid.\n"));
    tree_of(&valid.chain(files.iter().copied()).collect::<Vec<_>>())
}

fn tree_of(files: &[(&str, &str)]) -> Tree {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Tree::read(dir.path()).unwrap()
}

fn breaches(tree: &Tree) -> Vec<String> {
    let found: Vec<Breach> = check(tree, &rules()).into_values().flatten().collect();
    found.iter().map(ToString::to_string).collect()
}

fn breaches_with(path: &str, text: &str) -> Vec<String> {
    breaches(&tree_with(&[(path, text)]))
}

#[test]
fn a_valid_tree_breaks_no_rule() {
    assert_eq!(breaches_with("README.md", "# quchat"), [""; 0]);
}

#[test]
fn a_path_is_found_however_it_is_written() {
    for text in [
        "//! X\nfn f() { std::fs::read(p) }",
        "//! X\nuse std::{fs, path::Path};",
        "//! X\nuse std::{io, fs::File};",
        "//! X\nuse std::{fs::{self, File}, io};",
        "//! X\nuse ::std::fs as disk;",
    ] {
        assert_eq!(
            breaches_with("client/src/update/send.rs", text),
            ["client/src/update/send.rs:2: names std::fs"],
            "{text}"
        );
    }
    let spread = "//! X\nuse std::{\n    collections::BTreeMap,\n    fs,\n};";
    assert_eq!(breaches_with("client/src/update/send.rs", spread), ["client/src/update/send.rs:4: names std::fs"]);
}

#[test]
fn comments_strings_and_longer_words_are_not_paths() {
    let text = r##"//! Knows no ureq and no std::fs.
/* nor /* here: */ std::thread */
const HELP: &str = "std::fs \" ureq";
const RAW: &str = r#"std::thread " ureq"#;
const QUOTE: char = '"';
fn f<'a>(fs: &'a str, std: ureq_like::Instant2) { my_std::fs(fs); std.fs() }
const OTHER: char = '\'';
"##;
    assert_eq!(breaches_with("client/src/update/send.rs", text), [""; 0]);
}

#[test]
fn each_dependency_rule_is_enforced() {
    for (path, line, named) in [
        ("shared/src/room.rs", "async fn f() {}", "async"),
        ("shared/src/room.rs", "use jiff::Timestamp; fn f() { Timestamp::now(); }", "Timestamp::now"),
        ("server/src/domain/users.rs", "use crate::{http::Problem, store::Tx};", "crate::http"),
        ("server/src/domain/users.rs", "fn f() { tokio::spawn(g()); }", "tokio"),
        ("server/src/store/sqlite/rooms.rs", "use crate::domain::policy;", "crate::domain"),
        ("server/src/hub/scope.rs", "use crate::http::body::Body;", "crate::http"),
        ("server/src/domain/users.rs", "use crate::stream::Chunk;", "crate::stream"),
        ("server/src/connection/body.rs", "use crate::{budget::Full, http::Failure};", "crate::http"),
        ("server/src/stream/chunk.rs", "use crate::connection::Body;", "crate::connection"),
        ("server/src/hub/scope.rs", "use hyper::StatusCode;", "hyper"),
        ("server/src/app.rs", "use rusqlite::Connection;", "rusqlite"),
        ("server/src/config.rs", "use crate::args::Args;", "crate::args"),
        ("client/src/model/clock.rs", "fn f() { let _ = std::time::Instant::now(); }", "Instant"),
        ("client/src/model.rs", "use tuirealm::event::Key;", "tuirealm"),
        ("client/src/model/room.rs", "use crate::update::Msg;", "crate::update"),
        ("client/src/update/send.rs", "fn f() -> Effect { Effect::Redial }", "Effect::Redial"),
        ("client/src/update/plan/pages.rs", "use crate::update::rooms;", "update::rooms"),
        ("client/src/components/form.rs", "fn f() { std::thread::yield_now(); }", "std::thread"),
        ("client/src/worker/pool.rs", "use crate::view::draw;", "crate::view"),
        ("client/tests/e2e/main.rs", "use quchat_server::Config;", "quchat_server"),
        ("xtask/src/bin/bench/client/args.rs", "use crate::server::Args;", "crate::server"),
        ("xtask/src/bin/cluster/balancer.rs", "use crate::node::Node;", "crate"),
        ("xtask/src/bin/demo/main.rs", "use quchat_server::Server;", "quchat_server"),
        ("server/src/hub.rs", "use quchat_client::Msg;", "quchat_client"),
    ] {
        let found = breaches_with(path, &format!("//! X\n{line}\n"));
        assert_eq!(found, [format!("{path}:2: names {named}")], "{line}");
    }
}

#[test]
fn modules_that_use_each_other_are_found_through_others_and_within_a_folder() {
    let tree = tree_with(&[
        ("server/src/budget/mod.rs", "//! X\nuse crate::network::origin;\n"),
        ("server/src/network.rs", "//! X\n\nuse crate::{budget::Full, clock::Clock};\n"),
        ("server/src/clock.rs", "//! X\nuse super::budget;\n"),
        ("server/src/http/body.rs", "//! X\nuse super::events::EventStream;\n"),
        ("server/src/http/events.rs", "//! X\nuse super::problem::Failure;\n"),
        ("server/src/http/problem.rs", "//! X\nuse super::body::Body;\n"),
    ]);
    assert_eq!(
        breaches(&tree),
        [
            "server/src/budget/mod.rs:2: names crate::network, which depends on budget in turn",
            "server/src/http/body.rs:2: names super::events, which depends on body in turn",
            "server/src/http/events.rs:2: names super::problem, which depends on events in turn",
            "server/src/http/problem.rs:2: names super::body, which depends on problem in turn",
            "server/src/network.rs:3: names crate::budget, which depends on network in turn",
        ]
    );
}

#[test]
fn the_database_engine_may_be_named_in_its_own_folder() {
    assert_eq!(breaches_with("server/src/store/sqlite/users.rs", "//! X\nuse rusqlite::Row;"), [""; 0]);
}

#[test]
fn a_rule_for_a_directory_that_does_not_exist_is_reported() {
    let valid = VALID.iter().filter(|path| !path.starts_with("server/src/domain"));
    let tree = tree_of(&valid.map(|path| (*path, "//! Valid.\n")).collect::<Vec<_>>());
    assert_eq!(breaches(&tree), ["server/src/domain: does not exist, so this rule checks nothing"]);
}

#[test]
fn code_that_contradicts_its_header_is_reported() {
    let header = "//! Owns the queue. It must not know the hub or\n//! the network; a clock is fine.\n";
    let code = "use crate::hub::Hub;\nuse std::net::TcpStream;\nfn f() { Instant::now(); }\n";
    let tests = "mod tests {\n    use crate::hub::Hub;\n}\n";
    let claim = "but server/src/queue.rs says: must not know the hub or the network";
    assert_eq!(
        breaches_with("server/src/queue.rs", &format!("{header}{code}{tests}")),
        [
            format!("server/src/queue.rs:3: names crate::hub, {claim}"),
            format!("server/src/queue.rs:4: names TcpStream, {claim}")
        ]
    );
}

#[test]
fn a_header_about_behaviour_is_not_a_claim_about_paths() {
    let text = "//! Owns the queue. It must not know what the hub does.\nuse crate::hub::Hub;\n";
    assert_eq!(breaches_with("server/src/queue.rs", text), [""; 0]);
}

#[test]
fn the_header_of_a_folder_speaks_for_all_files_in_it() {
    let folder = ("server/src/queue/mod.rs", "//! A queue. It knows no clock.\n");
    let code = "//! X\nuse std::time::Instant;\nfn f() { Instant::now(); }\n";
    let tree = tree_with(&[
        folder,
        ("server/src/queue/x.rs", code),
        ("server/src/queue/tests.rs", code),
        ("server/src/x.rs", code),
    ]);
    assert_eq!(
        breaches(&tree),
        ["server/src/queue/x.rs:3: names Instant::now, but server/src/queue/mod.rs says: knows no clock"]
    );
}

#[test]
fn properties_of_every_file_are_checked() {
    let long = format!("//! X\n{}", "//\n".repeat(600));
    for (path, text, expected) in [
        ("notes.txt", "x", "notes.txt: does not belong in the top directory"),
        ("shared/src/bare.rs", "pub fn f() {}\n", "shared/src/bare.rs:1: does not begin with //!"),
        ("server/tests/api/long.rs", &*long, "server/tests/api/long.rs:601: has 601 lines"),
        ("xtask/src/utils.rs", "//! X\n", "xtask/src/utils.rs: \"utils\" does not say what is inside"),
        ("client/src/misc/x.rs", "//! X\n", "client/src/misc/x.rs: \"misc\" does not say what is inside"),
        ("client/src/x.rs", "//! X\nfn f() {} // TODO later\n", "client/src/x.rs:2: contains TODO"),
        ("client/src/x.rs", "//! X\n\nfn f() { todo!() }\n", "client/src/x.rs:3: contains todo!"),
        (
            "server/src/x.rs",
            "//! X\n#![allow(dead_code)]\n",
            "server/src/x.rs:2: silences a lint without a reason on the item",
        ),
    ] {
        assert_eq!(breaches_with(path, text), [expected]);
    }
}

#[test]
fn build_output_and_dot_files_are_ignored() {
    assert_eq!(breaches_with("xtask/target/debug/build/x.rs", "use rusqlite;"), [""; 0]);
    assert_eq!(breaches_with(".cargo/x.rs", "todo!()"), [""; 0]);
}

#[test]
fn a_report_gives_place_reason_and_every_rule() {
    let tree = tree_with(&[("server/src/domain/rooms.rs", "//! X\nuse rusqlite::Row;\n")]);
    let rules = rules();
    let report = report(&rules, &check(&tree, &rules));
    assert!(report.contains("  server/src/domain/rooms.rs:2: names rusqlite\n"), "{report}");
    assert!(report.contains("  because rules run inside the transaction"), "{report}");
    assert_eq!(report.matches("  BROKEN ").count(), 2, "{report}");
    assert_eq!(report.matches("  kept ").count(), rules.len() - 2, "{report}");
}

#[test]
fn blanking_keeps_the_line_numbers() {
    let text = "let a = \"x\ny\"; // c\n/* d\ne */ let b = 'z';\n";
    let source = Source::new(text.to_owned());
    assert_eq!(source.code, "let a =   \n  ;     \n    \n     let b =    ;\n");
    assert_eq!(source.comments.lines().map(str::trim).collect::<Vec<_>>(), ["", "// c", "/* d", "e */"]);
}

#[test]
fn this_workspace_keeps_every_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let rules = rules();
    let breaches = check(&Tree::read(root).unwrap(), &rules);
    assert!(breaches.is_empty(), "{}", report(&rules, &breaches));
}
