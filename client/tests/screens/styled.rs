//! A frame as text with its styles: below a row one letter per column, and at the end the meaning of the letters. Rows
//! with the styles of the row above do not repeat its letters.

use std::fmt::Write;

use tuirealm::ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

use crate::stage::visible;

/// The frame; rows are numbered, plain text has no letter.
pub(crate) fn styled(buffer: &Buffer) -> String {
    let (mut legend, mut dump, mut above) = (Vec::new(), String::new(), String::new());
    for (number, row) in buffer.area.rows().enumerate() {
        let (mut text, mut letters, mut x) = (String::new(), String::new(), row.x);
        while x < row.right() {
            let cell = &buffer[(x, row.y)];
            let symbol = visible(cell.symbol());
            let columns = symbol.width().max(1);
            text.push_str(symbol);
            letters.push_str(&letter(looks(cell), &mut legend).to_string().repeat(columns));
            x += u16::try_from(columns).unwrap();
        }
        writeln!(dump, "{}", format!("{number:02} {text}").trim_end()).unwrap();
        let letters = letters.trim_end().to_owned();
        if letters != above {
            writeln!(dump, "   {}", if letters.is_empty() { "(plain)" } else { &letters }).unwrap();
        }
        above = letters;
    }
    for (letter, looks) in ('a'..='z').zip(&legend) {
        writeln!(dump, "{letter}: {looks}").unwrap();
    }
    dump
}

fn letter(looks: String, legend: &mut Vec<String>) -> char {
    if looks.is_empty() {
        return ' ';
    }
    let at = legend.iter().position(|known| *known == looks).unwrap_or_else(|| {
        legend.push(looks);
        legend.len() - 1
    });
    ('a'..='z').nth(at).expect("no frame has so many styles")
}

/// The visible style of a cell; of an empty cell only the background.
fn looks(cell: &Cell) -> String {
    let behind = Modifier::REVERSED | Modifier::UNDERLINED;
    let modifier = if cell.symbol() == " " { cell.modifier & behind } else { cell.modifier };
    let mut words: Vec<String> = modifier.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    if cell.fg != Color::Reset && (cell.symbol() != " " || !modifier.is_empty()) {
        words.insert(0, cell.fg.to_string().to_lowercase());
    }
    if cell.bg != Color::Reset {
        words.push(format!("on {}", cell.bg.to_string().to_lowercase()));
    }
    words.join(" ")
}
