//! The rules, each with its reason in one line. Most are dependency rules: what a part of the code must not name.

use super::{
    Breach, claims,
    cycles::cycles,
    files::{Tree, is_below},
};

/// Longest source file, in lines.
const LINES_MAX: usize = 600;

/// What may be in the top directory besides dot-files.
const TOP: &[&str] =
    &["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "client", "server", "shared", "target", "xtask"];

/// The directories with sources.
const CRATES: &[&str] = &["client", "server", "shared", "xtask"];

/// Names that do not say what is inside.
const EMPTY_NAMES: &[&str] = &["common", "data", "helper", "helpers", "info", "manager", "misc", "util", "utils"];

/// Words that mark unfinished work.
const UNDONE: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

/// A property of the whole tree.
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) why: &'static str,
    pub(super) breaches: Search,
}

/// Finds the places that break a rule.
type Search = Box<dyn Fn(&Tree) -> Vec<Breach>>;

/// A part of the code and the paths that it must not name.
struct DependencyRule {
    scopes: &'static [&'static str],
    except: &'static [&'static str],
    paths: &'static [&'static str],
    why: &'static str,
}

const DEPENDENCY_RULES: &[DependencyRule] = &[
    DependencyRule {
        scopes: &["shared/src"],
        except: &[],
        paths: &[
            "std::fs",
            "std::io",
            "std::net",
            "std::env",
            "std::process",
            "std::thread",
            "async",
            "await",
            "tokio",
            "hyper",
            "ureq",
            "SystemTime",
            "Instant",
            "Timestamp::now",
            "Zoned::now",
        ],
        why: "the wire is the same for both ends: no I/O, no async, no clock",
    },
    DependencyRule {
        scopes: &["server/src/domain"],
        except: &[],
        paths: &["crate::http", "crate::connection", "crate::stream", "crate::hub", "rusqlite", "tokio", "hyper"],
        why: "rules run inside the transaction and depend neither on HTTP nor on the database engine",
    },
    DependencyRule {
        scopes: &["server/src/store"],
        except: &["server/src/store/sqlite/events/tests", "server/src/store/sqlite/faults"],
        paths: &["crate::domain", "crate::http", "crate::hub", "hyper"],
        why: "the store decides nothing: rules call it, and what a commit publishes is passed out of it",
    },
    DependencyRule {
        scopes: &["server/src/connection"],
        except: &[],
        paths: &["quchat_shared", "crate::http", "crate::app", "crate::domain", "crate::store", "crate::hub"],
        why: "a connection knows no endpoint: it passes requests to a service, and a socket to a stream",
    },
    DependencyRule {
        scopes: &["server/src/socket"],
        except: &[],
        paths: &["hyper", "quchat_shared", "crate::connection", "crate::http", "crate::stream", "crate::hub"],
        why: "a socket moves bytes: it knows no protocol above TLS",
    },
    DependencyRule {
        scopes: &["server/src"],
        except: &[
            "server/src/connection/handshake.rs",
            "server/src/socket/tls.rs",
            "server/src/store/postgres/settings/tls.rs",
            "server/src/store/postgres/settings/tests",
            "server/src/tls",
        ],
        paths: &["rustls", "rcgen"],
        why: "encryption is decided in one place, and everything else uses a socket",
    },
    DependencyRule {
        scopes: &["server/src"],
        except: &["server/src/args.rs", "server/src/args", "server/src/program.rs", "server/src/verbs"],
        paths: &["clap", "crate::args", "crate::program", "crate::verbs"],
        why: "the command line is the outermost layer: a server that a test opens has none",
    },
    DependencyRule {
        scopes: &["server/src/stream", "server/src/hub"],
        except: &[],
        paths: &["hyper", "rusqlite", "crate::http", "crate::connection", "crate::app"],
        why: "what is published to a stream does not depend on the request that opened it",
    },
    DependencyRule {
        scopes: &["server/src/rate_limits"],
        except: &[],
        paths: &["crate::http", "crate::connection", "crate::app", "crate::store", "hyper", "tokio"],
        why: "a limit is a bounded table in memory: asking it waits for nothing and knows no request",
    },
    DependencyRule {
        scopes: &["server/src", "client/src", "shared/src", "xtask/src"],
        except: &[
            "server/src/store/sqlite",
            "xtask/src/bin/bench/server/database.rs",
            "xtask/src/bin/bench/server/floor",
        ],
        paths: &["rusqlite", "rusqlite_migration"],
        why: "a second database engine must be possible without changes elsewhere; the bench measures the bare engine, and the size of the index",
    },
    DependencyRule {
        scopes: &["client/src/model", "client/src/update"],
        except: &[],
        paths: &[
            "ureq",
            "tuirealm",
            "tui_realm_stdlib",
            "crossterm",
            "std::fs",
            "TcpStream",
            "UdpSocket",
            "ToSocketAddrs",
            "std::thread",
            "std::sync::mpsc",
            "Instant",
            "SystemTime",
            "getrandom",
            "api::Client",
            "api::Events",
            "crate::worker",
            "crate::runtime",
        ],
        why: "update is pure: time, randomness and answers arrive in a Msg, and requests leave as an Effect",
    },
    DependencyRule {
        scopes: &["client/src/model"],
        except: &[],
        paths: &["crate::update", "Effect"],
        why: "the model is plain state; update depends on it, not the other way round",
    },
    DependencyRule {
        scopes: &["client/src/update"],
        except: &["client/src/update/plan", "client/src/update/effect", "client/src/update/tests"],
        paths: &[
            "Effect::Call",
            "Effect::Knock",
            "Effect::Trust",
            "Effect::Listen",
            "Effect::HangUp",
            "Effect::Redial",
            "Effect::Enter",
            "Effect::SignOut",
            "Effect::Save",
            "Effect::RememberVisits",
            "Effect::RememberEmoji",
            "Effect::Notify",
            "Effect::OpenEditor",
            "Effect::Copy",
            "Effect::GiveBack",
            "Effect::Redraw",
            "Effect::Suspend",
            "Effect::Exit",
            "Request::ListRooms",
            "Request::ListMessages",
            "Request::SendMessage",
            "Request::EditMessage",
            "Request::AddReaction",
            "Request::RemoveReaction",
            "Request::MarkRead",
        ],
        why: "handlers change the model, and one plan derives the effects from it after each Msg",
    },
    DependencyRule {
        scopes: &["client/src/update/plan"],
        except: &[],
        paths: &[
            "update::attention",
            "update::changed",
            "update::deleting",
            "update::dialogs",
            "update::editing",
            "update::edits",
            "update::find",
            "update::connection",
            "update::membership",
            "update::navigation",
            "update::outbox",
            "update::pages",
            "update::quotes",
            "update::reactions",
            "update::reading",
            "update::rooms",
            "update::saving",
            "update::selection",
            "update::session",
            "update::stream",
            "update::writing",
        ],
        why: "the plan reads the model and calls no handler, so that nothing changes after effects are derived",
    },
    DependencyRule {
        scopes: &["client/src/components", "client/src/view", "client/src/keymap", "client/src/text"],
        except: &[],
        paths: &[
            "ureq",
            "std::fs",
            "TcpStream",
            "UdpSocket",
            "ToSocketAddrs",
            "std::thread",
            "crate::worker",
            "api::Client",
        ],
        why: "what draws never waits for a disk or a network",
    },
    DependencyRule {
        scopes: &["client/src/components", "client/src/view"],
        except: &[],
        paths: &["Color"],
        why: "components use roles; the theme maps roles to colours",
    },
    DependencyRule {
        scopes: &["client/src/worker"],
        except: &[],
        paths: &[
            "tuirealm",
            "tui_realm_stdlib",
            "ratatui_textarea",
            "ureq",
            "crate::view",
            "crate::components",
            "crate::model",
        ],
        why: "the workers send messages to the loop, leave HTTP to the API client, and know no screen",
    },
    DependencyRule {
        scopes: &["client/src/api"],
        except: &[],
        paths: &[
            "tuirealm",
            "tui_realm_stdlib",
            "crossterm",
            "crate::components",
            "crate::model",
            "crate::runtime",
            "crate::state",
            "crate::update",
            "crate::view",
            "crate::worker",
        ],
        why: "the API client also serves programs without a screen: it returns plain results",
    },
    DependencyRule {
        scopes: &["client"],
        except: &[],
        paths: &["quchat_server", "tokio"],
        why: "client and server share only the wire, and the client uses threads instead of an async runtime",
    },
    DependencyRule {
        scopes: &["xtask/src/bin/bench/client", "xtask/src/bin/bench/compare", "xtask/src/bin/bench/server"],
        except: &[],
        paths: &["crate::client", "crate::compare", "crate::server"],
        why: "the two benches and their comparison share the files beside them, and do not depend on each other",
    },
    DependencyRule {
        scopes: &["xtask/src/bin/cluster/balancer.rs"],
        except: &[],
        paths: &["quchat_client", "quchat_shared", "crate"],
        why: "any balancer will do: it moves bytes, and knows neither servers nor clients",
    },
    DependencyRule {
        scopes: &["xtask/src"],
        except: &["xtask/src/bin/manuals.rs"],
        paths: &["quchat_server", "clap_complete", "clap_mangen"],
        why: "the bench and the demo see the server as its users do, as a program; only its flags are read otherwise",
    },
    DependencyRule {
        scopes: &["server/src", "shared/src"],
        except: &[],
        paths: &["quchat_client"],
        why: "client and server share only the wire",
    },
];

/// A property of every source file.
struct FileRule {
    name: &'static str,
    why: &'static str,
    breaches: fn(&Tree) -> Vec<Breach>,
}

const FILE_RULES: &[FileRule] = &[
    FileRule {
        name: "the top directory has no stray files",
        why: "a newcomer should see the whole layout at once",
        breaches: top,
    },
    FileRule {
        name: "every source begins with //!",
        why: "a reader first learns what the file owns and what it must not know",
        breaches: headers,
    },
    FileRule {
        name: "code does not contradict its header",
        why: "a header that is not true misleads its readers",
        breaches: claims::contradictions,
    },
    FileRule {
        name: "no modules of the server use each other in a circle",
        why: "a module should be readable with only the modules it builds on in mind",
        breaches: cycles,
    },
    FileRule { name: "no source above 600 lines", why: "a long file has more than one purpose", breaches: lengths },
    FileRule {
        name: "every file name says what is inside",
        why: "files like util.rs collect unrelated code",
        breaches: names,
    },
    FileRule {
        name: "no TODO and no stub is left",
        why: "a missing feature is better than one that only looks finished",
        breaches: undone,
    },
    FileRule {
        name: "every silenced lint has a reason",
        why: "#[expect(lint, reason = …)] on the item says why; #[allow] does not",
        breaches: allows,
    },
];

/// Every rule, in the order in which they are reported.
pub(super) fn rules() -> Vec<Rule> {
    let dependencies = DEPENDENCY_RULES.iter().map(|rule| Rule {
        name: rule.name(),
        why: rule.why,
        breaches: Box::new(|tree| rule.breaches(tree)),
    });
    let files = FILE_RULES.iter().map(|rule| Rule {
        name: rule.name.to_owned(),
        why: rule.why,
        breaches: Box::new(rule.breaches),
    });
    dependencies.chain(files).collect()
}

impl DependencyRule {
    fn name(&self) -> String {
        let except =
            if self.except.is_empty() { String::new() } else { format!(" (except {})", self.except.join(", ")) };
        format!("{}{except} without {}", self.scopes.join(", "), self.paths.join(", "))
    }

    fn breaches(&self, tree: &Tree) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for scope in self.scopes.iter().chain(self.except) {
            if tree.below(&[scope]).next().is_none() {
                breaches.push(whole(scope, "does not exist, so this rule checks nothing"));
            }
        }
        for file in tree.below(self.scopes).filter(|file| !self.except.iter().any(|e| is_below(&file.path, e))) {
            for path in self.paths {
                let lines = file.source.lines_naming(path).into_iter();
                breaches.extend(lines.map(|line| at(&file.path, line, format!("names {path}"))));
            }
        }
        breaches
    }
}

fn top(tree: &Tree) -> Vec<Breach> {
    let stray = tree.top.iter().filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()));
    stray.map(|name| whole(name, "does not belong in the top directory")).collect()
}

fn headers(tree: &Tree) -> Vec<Breach> {
    let bare = tree.below(CRATES).filter(|file| !file.source.text.starts_with("//!"));
    bare.map(|file| at(&file.path, 1, "does not begin with //!")).collect()
}

fn lengths(tree: &Tree) -> Vec<Breach> {
    let counted = tree.below(CRATES).map(|file| (file, file.source.text.lines().count()));
    let long = counted.filter(|&(_, lines)| lines > LINES_MAX);
    long.map(|(file, lines)| at(&file.path, LINES_MAX + 1, format!("has {lines} lines"))).collect()
}

fn names(tree: &Tree) -> Vec<Breach> {
    let empty = |path: &str| {
        let mut parts = path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
        parts.find(|part| EMPTY_NAMES.contains(part)).map(str::to_owned)
    };
    let found = tree.below(CRATES).filter_map(|file| Some((file, empty(&file.path)?)));
    found.map(|(file, name)| whole(&file.path, &format!("{name:?} does not say what is inside"))).collect()
}

fn undone(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in tree.below(CRATES) {
        for (index, (code, comment)) in file.source.code.lines().zip(file.source.comments.lines()).enumerate() {
            let mut words = comment.split(|c: char| !c.is_alphanumeric() && c != '_');
            let macros = ["todo!", "unimplemented!", "dbg!"].into_iter().find(|name| code.contains(name));
            if let Some(word) = words.find(|word| UNDONE.contains(word)).or(macros) {
                breaches.push(at(&file.path, index + 1, format!("contains {word}")));
            }
        }
    }
    breaches
}

fn allows(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in tree.below(CRATES) {
        for (index, line) in file.source.code.lines().enumerate() {
            if ["#[allow(", "#![allow(", "#![expect("].into_iter().any(|start| line.contains(start)) {
                breaches.push(at(&file.path, index + 1, "silences a lint without a reason on the item"));
            }
        }
    }
    breaches
}

fn at(path: &str, line: usize, what: impl Into<String>) -> Breach {
    Breach { path: path.to_owned(), line, what: what.into() }
}

fn whole(path: &str, what: &str) -> Breach {
    at(path, 0, what)
}
