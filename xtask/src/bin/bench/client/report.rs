//! The figures of the client's bench and their goals, as a table and as JSON lines. It knows no scenario.

use serde_json::{Value, json};

use super::samples::Samples;
use crate::table::{figure, json_lines, markdown};

/// If the echo takes longer than this (p99, ms), the machine was too busy to judge the client.
const VOID_ABOVE_MS: f64 = 0.5;

/// One row of the table.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// The size of the load, for example `100000 messages`.
    pub(super) size: String,
    /// The name of the figure, with its unit.
    pub(super) what: &'static str,
    pub(super) ours: Samples,
    /// The noise of the machine at the same time; only for times.
    pub(super) echo: Option<Samples>,
    /// The upper limit for the 99th percentile; `None` if the figure only explains another one.
    pub(super) goal: Option<f64>,
}

/// The result of comparing a figure with its goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Holds,
    Missed,
    /// The machine was too busy to judge.
    Void,
    /// The figure has no goal.
    NoGoal,
}

impl Row {
    fn verdict(&self) -> Verdict {
        match (self.ours.percentile(99), self.goal) {
            (_, None) => Verdict::NoGoal,
            _ if self.echo(99).is_some_and(|noise| noise > VOID_ABOVE_MS) => Verdict::Void,
            (Some(figure), Some(goal)) if figure <= goal => Verdict::Holds,
            _ => Verdict::Missed,
        }
    }

    fn echo(&self, percent: usize) -> Option<f64> {
        self.echo.as_ref().and_then(|echo| echo.percentile(percent))
    }

    fn cells(&self, [scenario, peer]: [&str; 2]) -> [String; COLUMNS] {
        let several = |percent| self.ours.percentile(percent).filter(|_| self.ours.count() > 1);
        [
            scenario.to_owned(),
            peer.to_owned(),
            self.size.clone(),
            self.what.to_owned(),
            figure(self.ours.percentile(50)),
            figure(several(99)),
            figure(several(100)),
            match self.echo {
                Some(_) => format!("{} / {}", figure(self.echo(50)), figure(self.echo(99))),
                None => figure(None),
            },
            self.goal.map_or_else(|| figure(None), |goal| format!("≤ {goal}")),
            self.verdict().word().to_owned(),
        ]
    }

    fn json(&self, [scenario, peer]: [&str; 2]) -> Value {
        json!({
            "scenario": scenario,
            "peer": peer,
            "size": self.size,
            "figure": self.what,
            "samples": self.ours.count(),
            "p50": self.ours.percentile(50),
            "p99": self.ours.percentile(99),
            "max": self.ours.percentile(100),
            "echo_p50_ms": self.echo(50),
            "echo_p99_ms": self.echo(99),
            "goal": self.goal,
            "verdict": self.verdict().word(),
        })
    }
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Missed => "missed",
            Self::Void => "void",
            Self::NoGoal => "-",
        }
    }
}

#[derive(Default)]
pub(super) struct Report {
    /// With the names of scenario and peer.
    rows: Vec<([&'static str; 2], Row)>,
}

const COLUMNS: usize = 10;
const HEAD: [&str; COLUMNS] =
    ["scenario", "peer", "size", "figure", "p50", "p99", "max", "echo ms p50 / p99", "goal for p99", "verdict"];

impl Report {
    pub(super) fn add(&mut self, scenario: &'static str, peer: &'static str, rows: Vec<Row>) {
        self.rows.extend(rows.into_iter().map(|row| ([scenario, peer], row)));
    }

    pub(super) fn table(&self) -> String {
        markdown(HEAD, self.rows.iter().map(|(names, row)| row.cells(*names)))
    }

    pub(super) fn json(&self) -> String {
        json_lines(self.rows.iter().map(|(names, row)| row.json(*names)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ours: f64, echo: Option<f64>) -> Row {
        Row { ours: Samples::one(ours), echo: echo.map(Samples::one), goal: Some(2.0), ..Row::default() }
    }

    #[test]
    fn a_run_on_a_busy_machine_is_void_and_not_failed() {
        assert_eq!(row(2.0, Some(0.5)).verdict(), Verdict::Holds);
        assert_eq!(row(2.1, Some(0.5)).verdict(), Verdict::Missed);
        assert_eq!([row(1.0, Some(0.6)).verdict(), row(9.0, Some(0.6)).verdict()], [Verdict::Void; 2]);
        assert_eq!(row(2.1, None).verdict(), Verdict::Missed);
        assert_eq!(Row { ours: Samples::default(), ..row(1.0, None) }.verdict(), Verdict::Missed);
        assert_eq!(Row::default().verdict(), Verdict::NoGoal);
    }

    #[test]
    fn the_noise_is_shown_beside_the_figure_and_a_single_sample_has_no_percentiles() {
        let mut report = Report::default();
        report.add("key", "script", vec![row(1.234, Some(0.04))]);
        let line = report.table().lines().nth(2).unwrap().split('|').map(str::trim).collect::<Vec<_>>().join("|");
        assert_eq!(line, "|key|script|||1.23|-|-|0.04 / 0.04|≤ 2|holds|");
        assert!(report.json().contains("\"verdict\":\"holds\""), "{}", report.json());
    }
}
