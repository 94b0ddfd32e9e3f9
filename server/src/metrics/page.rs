//! The text form of the metrics (Prometheus exposition format, version 0.0.4).

use std::fmt::{Display, Write};

use super::{
    Histogram,
    names::{METRICS, Metric},
};

/// The text, metric by metric.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    /// Begins a metric; its samples follow.
    pub(crate) fn metric(&mut self, name: &str) -> &mut Self {
        let metric = METRICS.iter().find(|metric| metric.name == name);
        let Metric { name, kind, help } = metric.expect("every metric is in the table of names");
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
        self
    }

    /// A metric with a single value.
    pub(crate) fn single(&mut self, name: &str, value: impl Display) {
        self.metric(name).sample(name, &[], value);
    }

    /// One sample. The values of labels are fixed texts and need no escapes, except route patterns, which have none either.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        match labels.is_empty() {
            true => self.line(format_args!("{name} {value}")),
            false => self.line(format_args!("{name}{{{}}} {value}", labels.join(","))),
        }
    }

    /// The samples of a histogram.
    pub(crate) fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let (bucket, mut count) = (format!("{name}_bucket"), 0);
        for (bound, below) in histogram.cumulative() {
            let bound = bound.map_or("+Inf".to_owned(), |bound| bound.to_string());
            self.sample(&bucket, &[labels, &[("le", &bound)]].concat(), below);
            count = below;
        }
        self.sample(&format!("{name}_sum"), labels, histogram.sum());
        self.sample(&format!("{name}_count"), labels, count);
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("writing to a String cannot fail");
    }
}
