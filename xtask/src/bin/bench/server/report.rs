//! The figures of the server's bench, as a table and as JSON lines. It knows no scenario.

use serde_json::{Value, json};

use super::{program::Kind, store::Store, tally::Tally};
use crate::{
    runs::Runs,
    table::{figure, json_lines, markdown},
};

/// One row of the table.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// The size of the load, for example `1000 streams`.
    pub(super) size: String,
    /// The name of the figure, with its unit.
    pub(super) what: &'static str,
    pub(super) ours: Runs,
    pub(super) floor: Runs,
    pub(super) peer: Runs,
    /// CPU time of server and bench per unit of work, in µs.
    pub(super) server_cpu: Runs,
    pub(super) bench_cpu: Runs,
    pub(super) tally: Tally,
    pub(super) goal: &'static str,
}

impl Row {
    /// Adds a figure of this kind of program.
    pub(super) fn push(&mut self, kind: Kind, figure: f64) {
        match kind {
            Kind::Server => self.ours.push(figure),
            Kind::Floor => self.floor.push(figure),
            Kind::Peer => self.peer.push(figure),
        }
    }
}

pub(super) struct Report {
    store: Store,
    rows: Vec<(&'static str, Row)>,
}

impl Report {
    pub(super) fn new(store: &Store) -> Self {
        Self { store: store.clone(), rows: Vec::new() }
    }

    pub(super) fn add(&mut self, scenario: &'static str, rows: Vec<Row>) {
        self.rows.extend(rows.into_iter().map(|row| (scenario, row)));
    }

    pub(super) fn is_complete(&self) -> bool {
        self.rows.iter().all(|(_, row)| row.tally.is_complete())
    }

    /// A Markdown table. Each figure is the median of the runs, with minimum and maximum.
    pub(super) fn table(&self) -> String {
        let server = format!("{} without limits", self.store.title());
        let head = [
            "scenario",
            "size",
            "figure",
            &server,
            "floor",
            "ratio",
            "peer",
            "server µs",
            "bench µs",
            "deliveries",
            "goal",
        ];
        markdown(head, self.rows.iter().map(cells))
    }

    pub(super) fn json(&self) -> String {
        json_lines(self.rows.iter().map(|row| json(&self.store, row)))
    }
}

fn json(store: &Store, (scenario, row): &(&'static str, Row)) -> Value {
    json!({
        "store": store.engine(),
        "nodes": store.nodes(),
        "scenario": scenario,
        "size": row.size,
        "figure": row.what,
        "server": row.ours.json(),
        "floor": row.floor.json(),
        "ratio": ratio(row),
        "peer": row.peer.json(),
        "server_cpu_us": row.server_cpu.json(),
        "bench_cpu_us": row.bench_cpu.json(),
        "expected": row.tally.expected,
        "delivered": row.tally.delivered,
        "complete": row.tally.is_complete(),
        "goal": row.goal,
    })
}

fn cells((scenario, row): &(&'static str, Row)) -> [String; 11] {
    [
        (*scenario).to_owned(),
        row.size.clone(),
        row.what.to_owned(),
        row.ours.text(),
        row.floor.text(),
        ratio(row).map_or_else(|| figure(None), |ratio| format!("{ratio:.2}")),
        row.peer.text(),
        row.server_cpu.text(),
        row.bench_cpu.text(),
        if row.tally == Tally::default() { "-".to_owned() } else { row.tally.to_string() },
        row.goal.to_owned(),
    ]
}

fn ratio(row: &Row) -> Option<f64> {
    let floor = row.floor.median().filter(|&floor| floor > 0.0)?;
    Some(row.ours.median()? / floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_with_a_missing_delivery_makes_the_report_incomplete() {
        let row = |delivered| Row {
            ours: Runs::from_iter([1.0]),
            floor: Runs::from_iter([2.0]),
            tally: Tally { expected: 5, delivered, ..Tally::default() },
            ..Row::default()
        };
        let mut report = Report::new(&Store::Sqlite);
        report.add("fanout", vec![row(5)]);
        assert!(report.is_complete());
        assert!(report.table().contains("| 0.50  |"), "{}", report.table());
        report.add("fanout", vec![row(4)]);
        assert!(!report.is_complete());
        assert!(report.json().lines().nth(1).unwrap().contains("\"complete\":false"), "{}", report.json());
    }
}
