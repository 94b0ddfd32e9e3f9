//! `--metrics`, the scheduled backups, and log lines as JSON.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::Path,
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Client, DataDir, LoggedProcess, eventually, needs_sqlite, store};

/// Starts a server with metrics. Returns where they are.
fn start(data_dir: &Path) -> (LoggedProcess, SocketAddr) {
    let server = LoggedProcess::start_with(data_dir, |command| {
        command.args(["--metrics", "127.0.0.1:0"]);
    });
    let address = metrics_of(&server);
    (server, address)
}

fn metrics_of(server: &LoggedProcess) -> SocketAddr {
    let line = server.waits_for("serving metrics on");
    line.split_once("http://").unwrap().1.strip_suffix("/metrics").unwrap().parse().unwrap()
}

/// The samples of a page, by name and labels.
struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the page as Prometheus does (exposition formats, text format 0.0.4).
    #[track_caller]
    fn read(text: &str) -> Self {
        let (mut samples, mut kinds) = (BTreeMap::new(), BTreeMap::<&str, &str>::new());
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let (word, rest) = comment.split_once(' ').unwrap();
                let (name, rest) = rest.split_once(' ').unwrap();
                match word {
                    "HELP" => assert!(!rest.is_empty(), "{line}"),
                    "TYPE" => {
                        assert!(matches!(rest, "gauge" | "counter" | "histogram"), "{line}");
                        assert!(kinds.insert(name, rest).is_none(), "twice: {line}");
                    }
                    _ => panic!("{line}"),
                }
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            assert!(name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'), "{line}");
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let kind = family.and_then(|family| kinds.get(family)).filter(|kind| **kind == "histogram");
            let kind = kind.or_else(|| kinds.get(name)).unwrap_or_else(|| panic!("no type: {line}"));
            assert_eq!(*kind == "counter", name.ends_with("_total"), "{line}");
            if let Some(labels) = series.strip_prefix(name).filter(|labels| !labels.is_empty()) {
                let labels = labels.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
                for label in labels.split("\",") {
                    let (key, value) = label.trim_end_matches('"').split_once("=\"").unwrap();
                    assert!(key.bytes().all(|c| c.is_ascii_lowercase()) && !value.contains(['"', '\\']), "{line}");
                }
            }
            assert!(samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "twice: {line}");
        }
        Self(samples)
    }

    #[track_caller]
    fn scrape(address: SocketAddr) -> Self {
        Self::read(&Client::anonymous(address).get("/metrics").expect(200).text())
    }

    #[track_caller]
    fn get(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.0))
    }

    /// The names of all metrics, without the parts of histograms.
    fn names(&self) -> BTreeSet<String> {
        let name = |series: &String| {
            let name = series.split('{').next().unwrap();
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
        };
        self.0.keys().map(name).collect()
    }
}

#[test]
fn metrics_count_what_happens() {
    let data_dir = DataDir::new();
    let (server, address) = start(&data_dir.path());
    let alice = server.server.register("alice");
    let room = alice.create_room("lobby");
    let _stream = alice.listen();
    for _ in 0..5 {
        alice.send_message(room, "hello");
    }
    alice.get("/v1/rooms/99").problem(404, "not_found");
    alice.get("/nowhere/42").problem(404, "not_found");
    let is_live = |metrics: &Metrics| metrics.get("quchat_streams{state=\"live\"}") == 1.0;
    let metrics = eventually("the stream is live", || Some(Metrics::scrape(address)).filter(is_live));
    let sent = "method=\"POST\",route=\"/v1/rooms/{room}/messages\"";
    assert_eq!(metrics.get(&format!("quchat_requests_total{{{sent},status=\"201\"}}")), 5.0);
    assert_eq!(metrics.get(&format!("quchat_request_seconds_count{{{sent}}}")), 5.0);
    assert_eq!(metrics.get(&format!("quchat_request_seconds_bucket{{{sent},le=\"+Inf\"}}")), 5.0);
    assert_eq!(metrics.get("quchat_requests_total{method=\"GET\",route=\"/v1/rooms/{room}\",status=\"404\"}"), 1.0);
    assert_eq!(metrics.get("quchat_requests_total{method=\"GET\",route=\"none\",status=\"404\"}"), 1.0);
    assert!(metrics.get("quchat_commit_seconds_count") >= 7.0);
    assert!(metrics.get("quchat_commit_writes_sum") >= metrics.get("quchat_commit_writes_count"));
    assert!(metrics.get("quchat_hub_lag_seconds_count") >= 1.0);
    assert_eq!(metrics.get("quchat_events_newest"), 7.0);
    assert!(metrics.get("quchat_connections") >= 1.0);
    assert_eq!(metrics.get("quchat_database_writable"), 1.0);
    if store().is_none() {
        assert!(metrics.get("quchat_database_bytes") >= 4096.0 && metrics.get("quchat_log_bytes") > 0.0);
    }
    let is_text = |series: &&String| series.contains("hello") || series.contains("alice") || series.contains("42");
    assert_eq!(metrics.0.keys().find(is_text), None, "labels have a bound");
}

#[test]
fn every_metric_is_documented_and_every_documented_metric_exists() {
    let data_dir = DataDir::new();
    let (server, address) = start(&data_dir.path());
    server.server.register("alice");
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/METRICS.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let is_shown = |(_, row): &(&str, &str)| {
        (cfg!(target_os = "linux") || !row.contains("(Linux)")) && (store().is_none() || !row.contains("(SQLite)"))
    };
    let documented = rows.filter(is_shown).map(|(name, _)| name.to_owned()).collect();
    assert_eq!(Metrics::scrape(address).names(), documented);
}

#[test]
fn refused_requests_are_counted_by_their_limit() {
    let data_dir = DataDir::new();
    let server = LoggedProcess::start_with(&data_dir.path(), |command| {
        command.args(["--metrics", "127.0.0.1:0", "--max-streams-per-user", "2"]);
        command.env("QUCHAT_LIMIT", "messages=1/h,changes=1/h,registrations=1/h,rooms=1/h");
    });
    let address = metrics_of(&server);
    let alice = server.server.register("alice");
    let room = alice.create_room("lobby");
    alice.post("/v1/rooms", &json!({"name": "another"})).problem(429, "rate_limited");
    alice.send_message(room, "hello");
    alice.try_send_message(room, "again").problem(429, "rate_limited");
    alice.edit(room, 1, "good day");
    alice.try_react("PUT", room, 1, "👍").problem(429, "rate_limited");
    let streams = [alice.listen(), alice.listen()];
    alice.get("/v1/events").problem(429, "rate_limited");
    let wrong = json!({"name": "alice", "password": "wrong horse"});
    (0..21).for_each(|_| drop(Client::anonymous(server.server.address).post("/v1/sessions", &wrong)));
    alice.post("/v1/rooms", &json!({"name": "x".repeat(70_000)})).problem(413, "too_large");
    let metrics = Metrics::scrape(address);
    let hits = |limit: &str| metrics.get(&format!("quchat_limit_hits_total{{limit=\"{limit}\"}}"));
    for limit in ["rooms", "messages", "changes", "streams", "passwords", "body_size"] {
        assert_eq!(hits(limit), 1.0, "{limit}");
    }
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/METRICS.md")).unwrap();
    for series in metrics.0.keys().filter_map(|series| series.strip_prefix("quchat_limit_hits_total{limit=\"")) {
        assert!(page.contains(&series.replace("\"}", "`")), "{series} is documented");
    }
    drop(streams);
}

#[test]
fn only_the_page_of_metrics_is_served_and_only_to_readers() {
    let data_dir = DataDir::new();
    let (_server, address) = start(&data_dir.path());
    let anyone = Client::anonymous(address);
    anyone.get("/v1/server").expect(404);
    anyone.post("/metrics", &Value::Null).expect(405);
    let answer = anyone.get("/metrics").expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
}

#[test]
fn log_lines_are_json_on_request_the_last_one_too() {
    needs_sqlite!("it removes SQLite's file");
    let data_dir = DataDir::new();
    let server = LoggedProcess::start_with(&data_dir.path(), |command| {
        command.args(["--log-format", "json"]).env("QUCHAT_LOG", "debug");
    });
    let alice = server.server.register("alice");
    alice.get("/v1/rooms/99").problem(404, "not_found");
    fs::remove_file(data_dir.path().join("quchat.db")).unwrap();
    let body = serde_json::json!({"name": "lost"}).to_string().into_bytes();
    let _ = alice.try_send("POST", "/v1/rooms", "application/json", Some(body));
    let LoggedProcess { server, log } = server;
    assert_eq!(server.wait().0.code(), Some(1));
    let log = fs::read_to_string(log.path()).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let failed = lines.iter().find(|line| line["message"] == "request failed").unwrap();
    assert_eq!((&failed["route"], &failed["status"]), (&"/v1/rooms/{room}".into(), &404.into()));
    assert!(lines.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()), "{log}");
    assert!(lines.last().unwrap()["message"].as_str().unwrap().contains("removed or replaced"), "{log}");
}

#[test]
fn the_server_makes_backups_by_itself_and_keeps_the_newest() {
    needs_sqlite!("the server makes backups of SQLite only");
    let (data_dir, dir) = (DataDir::new(), tempfile::tempdir().unwrap());
    let backups = dir.path().join("backups");
    fs::create_dir(&backups).unwrap();
    fs::write(backups.join("holiday.tar"), "not ours").unwrap();
    let ours = || {
        let entries = fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut ours: Vec<_> = entries.filter(|name| name.starts_with("quchat-") && name.ends_with(".tar")).collect();
        ours.sort();
        ours
    };
    let start = |every: &str| {
        LoggedProcess::start_with(&data_dir.path(), |command| {
            command.args(["--backup-every", every, "--backup-keep", "2", "--backup-dir"]).arg(&backups);
        })
    };
    let server = start("1s");
    let first = eventually("the first one", || ours().first().cloned());
    eventually("it is removed, two are left", || (ours().len() == 2 && !ours().contains(&first)).then_some(()));
    server.server.signal(Signal::TERM);
    assert_eq!(server.server.wait().0.code(), Some(0));
    let before = ours();
    let server = start("1h");
    server.server.register("alice");
    drop(server);
    assert_eq!(ours(), before, "a restart makes none before its time");
    assert!(backups.join("holiday.tar").exists());
}
