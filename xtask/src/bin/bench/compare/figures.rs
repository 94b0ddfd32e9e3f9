//! The figures of two builds, in pairs. It reads the JSON of both benches and knows no scenario.

use super::Result;

/// The scenario, the size of the load, and what was measured with its unit.
pub(super) type Name = [String; 3];

/// One figure of one run.
pub(super) type Sample = (Name, f64);

/// For each figure, its values in pairs: the other build's, then this build's, measured one after the other.
#[derive(Default)]
pub(super) struct Figures(Vec<(Name, Vec<(f64, f64)>)>);

impl Figures {
    /// Adds a run of each build. A figure that only one build has is left out.
    pub(super) fn add(&mut self, before: Vec<Sample>, after: Vec<Sample>) {
        for (name, after) in after {
            let Some((_, before)) = before.iter().find(|(other, _)| *other == name) else { continue };
            match self.0.iter_mut().find(|(known, _)| *known == name) {
                Some((_, pairs)) => pairs.push((*before, after)),
                None => self.0.push((name, vec![(*before, after)])),
            }
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&Name, &[(f64, f64)])> {
        self.0.iter().map(|(name, pairs)| (name, pairs.as_slice()))
    }
}

/// Reads the figures from what a bench printed with `--json`.
pub(super) fn samples(json: &[u8]) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for line in std::str::from_utf8(json)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let name = |what: String| [text("scenario"), text("size"), what];
        if let Some(figure) = row["server"]["median"].as_f64() {
            samples.push((name(text("figure")), figure));
        } else if row["samples"] == 1 {
            samples.extend(row["p50"].as_f64().map(|figure| (name(text("figure")), figure)));
        } else {
            for percentile in ["p50", "p99"] {
                let what = format!("{}, {percentile}", text("figure"));
                samples.extend(row[percentile].as_f64().map(|figure| (name(what), figure)));
            }
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(what: &str) -> Name {
        ["key".into(), "80x24".into(), what.into()]
    }

    #[test]
    fn the_output_of_both_benches_is_read() {
        let json = br#"{"scenario":"key","size":"80x24","figure":"messages/s","server":{"median":3.5}}
{"scenario":"key","size":"80x24","figure":"ms","samples":9,"p50":1.0,"p99":2.0}
{"scenario":"key","size":"80x24","figure":"MiB","samples":1,"p50":7.0,"p99":7.0}
{"scenario":"key","size":"80x24","figure":"floor only","server":{"median":null}}
"#;
        let expected = [("messages/s", 3.5), ("ms, p50", 1.0), ("ms, p99", 2.0), ("MiB", 7.0)];
        assert_eq!(samples(json).unwrap(), expected.map(|(what, figure)| (name(what), figure)));
    }

    #[test]
    fn a_figure_that_one_build_does_not_have_is_left_out() {
        let mut figures = Figures::default();
        figures.add(vec![(name("old"), 1.0), (name("both"), 2.0)], vec![(name("both"), 3.0), (name("new"), 4.0)]);
        figures.add(vec![(name("both"), 5.0)], vec![(name("both"), 6.0)]);
        let rows: Vec<_> = figures.rows().collect();
        assert_eq!(rows, [(&name("both"), &[(2.0, 3.0), (5.0, 6.0)][..])]);
    }
}
