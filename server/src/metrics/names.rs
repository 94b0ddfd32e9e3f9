//! The name, the type and the meaning of every metric. `server/METRICS.md` lists the same for operators.

/// One metric.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) help: &'static str,
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: "gauge", help }
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: "counter", help }
}

const fn histogram(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: "histogram", help }
}

/// Every metric.
pub(super) const METRICS: &[Metric] = &[
    gauge("quchat_build_info", "1, with the version of the server as its label."),
    gauge("quchat_connections", "Open connections."),
    gauge("quchat_connections_max", "Most connections that may be open at once."),
    counter("quchat_connections_turned_away_total", "Connections beyond the bound, answered with 503."),
    gauge("quchat_streams", "Open event streams by state: replaying, live, or behind (live, with a slow reader)."),
    gauge("quchat_streams_waiting_bytes", "Bytes that wait for slow readers of streams."),
    counter("quchat_streams_cut_total", "Streams ended because their reader was too slow."),
    histogram("quchat_resume_behind_events", "Events between the position of a resuming stream and the newest one."),
    counter("quchat_requests_total", "Answered requests by method, route and status."),
    histogram("quchat_request_seconds", "Time from the head of a request to the start of its answer."),
    histogram("quchat_commit_seconds", "Time of a transaction that writes, until it is durable."),
    histogram("quchat_commit_writes", "Writes in one transaction."),
    gauge("quchat_queue_length", "Waiting work by queue: writes, reads, hub, passwords."),
    gauge("quchat_queue_max", "Most work that may wait in the queue."),
    histogram("quchat_hub_lag_seconds", "Time from a commit until its events are written to the streams."),
    gauge("quchat_hub_behind_events", "Committed events that the hub has not delivered yet."),
    gauge("quchat_events_newest", "Number of the newest event."),
    gauge("quchat_database_bytes", "Length of the database file."),
    gauge("quchat_log_bytes", "Length of the database's write-ahead log."),
    gauge("quchat_database_writable", "1 while the database can be written, else 0."),
    counter("quchat_database_damages_total", "Cases of damage found in the database since the start."),
    gauge("quchat_memory_budget_used_bytes", "Bytes held for bodies, answers and waiting events."),
    gauge("quchat_memory_budget_max_bytes", "Bound of those bytes."),
    counter("quchat_limit_hits_total", "Refused requests by the name of the limit."),
    gauge("quchat_backup_last_success_seconds", "Unix time of the newest scheduled backup; 0 if there was none."),
    counter("quchat_backup_failures_total", "Scheduled backups that failed since the start."),
    gauge("process_resident_memory_bytes", "Memory of the process (Linux)."),
    gauge("process_open_fds", "Open file descriptors of the process (Linux)."),
    counter("process_cpu_seconds_total", "CPU time of the process (Linux)."),
    gauge("process_start_time_seconds", "Unix time at which the server started."),
];
