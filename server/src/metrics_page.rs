//! Gathers the numbers of all parts of the server into one page.

use std::{fmt::Display, sync::Arc};

use crate::{
    app::App,
    connection::Load,
    http::Api,
    metrics::{Page, write_process},
};

/// What the numbers are read from.
#[derive(Clone)]
pub(crate) struct MetricsPage {
    app: Arc<App>,
    api: Arc<Api>,
    load: Arc<Load>,
    max_connections: usize,
    started: i64,
}

impl MetricsPage {
    pub(crate) fn new(app: &Arc<App>, api: &Arc<Api>, load: &Arc<Load>, max_connections: usize) -> Self {
        let started = app.now().as_millis() / 1000;
        Self { app: Arc::clone(app), api: Arc::clone(api), load: Arc::clone(load), max_connections, started }
    }

    /// The numbers as they are now.
    pub(crate) fn render(&self) -> String {
        let mut page = Page::default();
        page.metric("quchat_build_info").sample("quchat_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        self.write_connections(&mut page);
        self.api.write_counts(&mut page);
        self.write_store(&mut page);
        self.write_queues(&mut page);
        self.write_hub(&mut page);
        let budget = &self.app.stream_context.budget;
        page.single("quchat_memory_budget_used_bytes", budget.used());
        page.single("quchat_memory_budget_max_bytes", budget.max());
        page.single("quchat_backup_last_success_seconds", self.app.backups.last_success.get());
        page.single("quchat_backup_failures_total", self.app.backups.failures.get());
        write_process(&mut page);
        page.single("process_start_time_seconds", self.started);
        page.into_text()
    }

    fn write_connections(&self, page: &mut Page) {
        page.single("quchat_connections", self.load.open.get());
        page.single("quchat_connections_max", self.max_connections);
        page.single("quchat_connections_turned_away_total", self.load.turned_away.get());
        let following = usize::try_from(self.app.hub.delivery().streams.get()).unwrap_or(usize::MAX);
        let (behind, bytes) = self.app.stream_context.budget.lagging();
        let replaying = self.app.streams.taken().saturating_sub(following);
        let states = [("replaying", replaying), ("live", following.saturating_sub(behind)), ("behind", behind)];
        labelled(page, "quchat_streams", "state", states);
        page.single("quchat_streams_waiting_bytes", bytes);
        page.single("quchat_streams_cut_total", self.app.stream_context.cut.get());
        let name = "quchat_resume_behind_events";
        page.metric(name).histogram(name, &[], &self.app.resumed_behind);
    }

    fn write_store(&self, page: &mut Page) {
        let store = &self.app.store;
        for (name, histogram) in
            [("quchat_commit_seconds", &store.commits().time), ("quchat_commit_writes", &store.commits().writes)]
        {
            page.metric(name).histogram(name, &[], histogram);
        }
        if let Some((database, log)) = store.file_lengths() {
            page.single("quchat_database_bytes", database);
            page.single("quchat_log_bytes", log);
        }
        page.single("quchat_database_writable", u8::from(store.is_writable()));
        page.single("quchat_database_damages_total", store.damages());
    }

    fn write_queues(&self, page: &mut Page) {
        let [writes, reads] = self.app.store.waiting();
        let (hub, passwords) = (self.app.hub.waiting(), self.app.passwords.waiting());
        let queues = [("writes", writes), ("reads", reads), ("hub", hub), ("passwords", passwords)];
        labelled(page, "quchat_queue_length", "queue", queues.map(|(name, (waiting, _))| (name, waiting)));
        labelled(page, "quchat_queue_max", "queue", queues.map(|(name, (_, max))| (name, max)));
    }

    fn write_hub(&self, page: &mut Page) {
        let delivery = self.app.hub.delivery();
        let name = "quchat_hub_lag_seconds";
        page.metric(name).histogram(name, &[], &delivery.lag);
        let delivered = delivery.delivered.get(); // first, so that it is not ahead
        let committed = delivery.committed.get();
        page.single("quchat_hub_behind_events", committed.saturating_sub(delivered));
        page.single("quchat_events_newest", committed);
    }
}

fn labelled<T: Display>(page: &mut Page, name: &str, label: &str, values: impl IntoIterator<Item = (&'static str, T)>) {
    page.metric(name);
    for (value, number) in values {
        page.sample(name, &[(label, value)], number);
    }
}
