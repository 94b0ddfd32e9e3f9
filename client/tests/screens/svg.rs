//! A frame as an SVG picture for the README. Cells are placed on a grid, whatever the font.

use std::fmt::Write as _;

use tuirealm::ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

use crate::stage::visible;

/// Size of a cell, and of the margin around the screen, in pixels.
const CELL: (f32, f32) = (8.5, 19.0);
const MARGIN: (f32, f32) = (14.0, 38.0);

/// The frame in a window with this title. Every cell needs both colours: use a theme with a background.
pub(crate) fn svg(buffer: &Buffer, title: &str) -> String {
    let area = buffer.area;
    let (columns, rows) = (f32::from(area.width) * CELL.0, f32::from(area.height) * CELL.1);
    let (width, height) = (columns + 2.0 * MARGIN.0, rows + MARGIN.1 + MARGIN.0);
    let (back, text) = (hex(buffer[(0, 0)].bg), hex(buffer[(0, 0)].fg));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"{back}\"/>\n\
         <g fill=\"{text}\" opacity=\".35\"><circle cx=\"20\" cy=\"18\" r=\"5\"/><circle cx=\"38\" cy=\"18\" r=\"5\"/>\
         <circle cx=\"56\" cy=\"18\" r=\"5\"/></g>\n\
         <text x=\"{}\" y=\"23\" text-anchor=\"middle\" fill=\"{text}\" opacity=\".6\">{title}</text>\n",
        width / 2.0
    );
    for y in area.rows() {
        let top = MARGIN.1 + f32::from(y.y) * CELL.1;
        let mut x = 0;
        while x < area.width {
            let cell = &buffer[(x, y.y)];
            let mut run = visible(cell.symbol()).to_owned();
            let mut columns = u16::try_from(run.width()).unwrap().max(1);
            while let Some(next) = (x + columns < area.width).then(|| &buffer[(x + columns, y.y)])
                && run.is_ascii()
                && next.symbol().is_ascii()
                && (next.fg, next.bg, next.modifier) == (cell.fg, cell.bg, cell.modifier)
            {
                run.push_str(next.symbol());
                columns += 1;
            }
            let left = MARGIN.0 + f32::from(x) * CELL.0;
            draw(&mut out, cell, &run, &back, (left, top, f32::from(columns) * CELL.0));
            x += columns;
        }
    }
    out + "</svg>\n"
}

fn draw(out: &mut String, cell: &Cell, run: &str, back: &str, (left, top, wide): (f32, f32, f32)) {
    let (fill, behind) = (hex(cell.fg), hex(cell.bg));
    if behind != back {
        writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{}\" fill=\"{behind}\"/>",
            CELL.1
        )
        .unwrap();
    }
    let line = run.trim_end();
    if line.is_empty() {
        return;
    }
    if let Some(path) = stroke(line) {
        let (x, y, w, h) = (left, top, CELL.0, CELL.1);
        let path = path
            .replace('L', &format!("{x:.1}"))
            .replace('C', &format!("{:.1}", x + w / 2.0))
            .replace('R', &format!("{:.1}", x + w))
            .replace('T', &format!("{y:.1}"))
            .replace('M', &format!("{:.1}", y + h / 2.0))
            .replace('B', &format!("{:.1}", y + h));
        return writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{fill}\"/>").unwrap();
    }
    let lead = line.len() - line.trim_start().len();
    let (left, wide) = (left + lead as f32 * CELL.0, line.trim_start().width() as f32 * CELL.0);
    let mut looks = String::new();
    for (modifier, look) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        if cell.modifier.contains(modifier) {
            looks.push_str(look);
        }
    }
    let text = line.trim_start().replace('&', "&amp;").replace('<', "&lt;");
    writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" fill=\"{fill}\"{looks} textLength=\"{wide:.1}\" xml:space=\"preserve\">{text}</text>",
        top + 14.0
    )
    .unwrap();
}

/// A box-drawing character as a path, so that no font leaves gaps: left, centre, right; top, middle, bottom.
fn stroke(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "│" => "m C T V B",
        "─" => "m L M H R",
        "╭" => "m C B Q C M R M",
        "╮" => "m L M Q C M C B",
        "╰" => "m C T Q C M R M",
        "╯" => "m L M Q C M C T",
        _ => return None,
    })
}

fn hex(colour: Color) -> String {
    let [r, g, b] = match colour {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(number @ 232..) => [8 + (number - 232) * 10; 3],
        Color::Indexed(number @ 16..) => {
            [36, 6, 1].map(|place| [0, 95, 135, 175, 215, 255][usize::from((number - 16) / place % 6)])
        }
        other => panic!("{other} differs from terminal to terminal"),
    };
    format!("#{r:02x}{g:02x}{b:02x}")
}
