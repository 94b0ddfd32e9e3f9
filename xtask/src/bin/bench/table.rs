//! Formats rows as a Markdown table with aligned columns or as JSON lines. It knows no scenario.

use std::fmt::Write as _;

use serde_json::Value;

pub(super) fn markdown<const COLUMNS: usize>(
    head: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> String {
    let lines: Vec<[String; COLUMNS]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut out = String::new();
    for (nth, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(out, "| {cell:<width$} "); // writing to a String cannot fail
        }
        out.push_str("|\n");
        if nth == 0 {
            for width in widths {
                let _ = write!(out, "|{}", "-".repeat(width + 2));
            }
            out.push_str("|\n");
        }
    }
    out
}

/// One JSON object per line.
pub(super) fn json_lines(rows: impl Iterator<Item = Value>) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = writeln!(out, "{row}"); // writing to a String cannot fail
    }
    out
}

/// A number with three significant digits, since two runs never agree on more; `-` for `None`.
pub(super) fn figure(number: impl Into<Option<f64>>) -> String {
    match number.into() {
        None => "-".to_owned(),
        Some(number) if number.abs() >= 100.0 || number == 0.0 => format!("{number:.0}"),
        Some(number) if number.abs() >= 10.0 => format!("{number:.1}"),
        Some(number) => format!("{number:.2}"),
    }
}
