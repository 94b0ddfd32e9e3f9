//! The verb `status`: the metrics of a running server as a person reads them.

use std::{collections::BTreeMap, time::SystemTime};

use serde::Serialize;

use super::{
    asking::ask,
    failure::Failure,
    output::{Format, Output},
};
use crate::{Config, governing::Question};

/// `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    format: Format,
}

/// The metrics by name and labels.
#[derive(Debug, Serialize)]
struct Numbers {
    running: bool,
    metrics: BTreeMap<String, f64>,
}

impl Status {
    pub(super) fn run(&self, place: &Config, output: &Output) -> Result<(), Failure> {
        let answer = ask(place, &Question { method: "GET", target: "/metrics".to_owned(), body: None })?.0;
        let text = String::from_utf8_lossy(&answer.body);
        let numbers = Numbers { running: answer.is_running, metrics: parse(&text) };
        output.print(&self.format, &numbers, &numbers.describe(&text))
    }
}

fn parse(text: &str) -> BTreeMap<String, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let sample =
        |line: &str| line.rsplit_once(' ').and_then(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
    samples.filter_map(sample).collect()
}

impl Numbers {
    fn get(&self, series: &str) -> f64 {
        self.metrics.get(series).copied().unwrap_or(0.0)
    }

    /// The sum over all series of a metric whose labels contain `part`.
    fn sum(&self, name: &str, part: &str) -> f64 {
        let is_meant = |series: &str| series.split('{').next() == Some(name) && series.contains(part);
        let values = self.metrics.iter().filter(|(series, _)| is_meant(series)).map(|(_, value)| value);
        values.fold(0.0, |sum, value| sum + value) // `sum` of nothing is -0
    }

    fn describe(&self, text: &str) -> String {
        let version = text.split("quchat_build_info{version=\"").nth(1).and_then(|rest| rest.split('"').next());
        let (version, database) = (version.unwrap_or("?"), bytes(self.get("quchat_database_bytes")));
        let log = bytes(self.get("quchat_log_bytes"));
        if !self.running {
            return format!("stopped\nversion     {version}\ndatabase    {database}, log {log}");
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
        let is_writable = self.get("quchat_database_writable") == 1.0;
        let average = |name: &str| {
            let count = self.sum(&format!("{name}_count"), "");
            if count > 0.0 {
                format!("{:.1} ms", self.sum(&format!("{name}_sum"), "") / count * 1e3)
            } else {
                "-".into()
            }
        };
        let queue = |name: &str| self.get(&format!("quchat_queue_length{{queue=\"{name}\"}}"));
        let state = |name: &str| self.get(&format!("quchat_streams{{state=\"{name}\"}}"));
        let requests = "quchat_requests_total";
        [
            format!("running for {}", duration(now - self.get("process_start_time_seconds"))),
            format!("version     {version}"),
            format!(
                "database    {database}, log {log}, {}",
                if is_writable { "writable" } else { "CANNOT BE WRITTEN" }
            ),
            format!("connections {} of {}", self.get("quchat_connections"), self.get("quchat_connections_max")),
            format!("streams     {} live, {} replaying, {} behind", state("live"), state("replaying"), state("behind")),
            format!(
                "requests    {}, of them {} refused and {} failed; {} on average",
                self.sum(requests, ""),
                self.sum(requests, "status=\"4"),
                self.sum(requests, "status=\"5"),
                average("quchat_request_seconds")
            ),
            format!(
                "commits     {}; {} on average",
                self.get("quchat_commit_seconds_count"),
                average("quchat_commit_seconds")
            ),
            format!(
                "waiting     {} writes, {} reads, {} passwords; {} events to deliver",
                queue("writes"),
                queue("reads"),
                queue("passwords"),
                self.get("quchat_hub_behind_events")
            ),
            format!("limits hit  {}", self.sum("quchat_limit_hits_total", "")),
            format!(
                "memory      {}, of them {} for clients",
                bytes(self.get("process_resident_memory_bytes")),
                bytes(self.get("quchat_memory_budget_used_bytes"))
            ),
        ]
        .join("\n")
    }
}

fn bytes(n: f64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let (mut n, mut unit) = (n, 0);
    while n >= 1024.0 && unit + 1 < units.len() {
        n /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} bytes") } else { format!("{n:.1} {}", units[unit]) }
}

fn duration(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}
