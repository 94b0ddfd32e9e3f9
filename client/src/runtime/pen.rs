//! How a frame is written so that every column is where it should be, whatever the terminal makes of an emoji.
//!
//! Terminals dispute the width of characters that are newer than they are, or nobody's; and of those that are made of
//! several: a family is one picture of two columns to some, its four members in eight to others, a flag is a picture or
//! two letters, a heart takes two columns or one. Where such a character stands, or stood in the frame before, the row
//! is written whole, each stretch of it placed anew: what the one terminal had too much is written over, what the other
//! had too little is blank. It must not know what is drawn.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
};

use crossterm::{
    cursor::{RestorePosition, SavePosition},
    queue,
};
use tuirealm::ratatui::{
    Frame, Terminal,
    backend::{Backend, CrosstermBackend},
    buffer::{Buffer, Cell, CellDiffOption, CellWidth},
    layout::Rect,
};
use unicode_width::UnicodeWidthChar;

use crate::text::disputed;

/// Writes frames, and remembers the rows of the last one whose columns a terminal may have put elsewhere.
#[derive(Debug, Default)]
pub struct Pen {
    /// What stood on them, as a hash.
    disputed: BTreeMap<u16, u64>,
    area: Rect,
}

impl Pen {
    /// Draws a frame.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw<W: Write>(
        &mut self,
        terminal: &mut Terminal<CrosstermBackend<W>>,
        draw: impl FnOnce(&mut Frame<'_>),
    ) -> io::Result<()> {
        let mut disputed = BTreeMap::new();
        let frame = terminal.draw(|frame| {
            draw(frame);
            disputed = settle(frame.buffer_mut());
        })?;
        if frame.area != self.area {
            (self.area, self.disputed) = (frame.area, BTreeMap::new()); // it was written on an empty screen
        }
        let before = std::mem::replace(&mut self.disputed, disputed);
        let rows = before.keys().chain(self.disputed.keys().filter(|&row| !before.contains_key(row)));
        let changed = rows.copied().filter(|row| before.get(row) != self.disputed.get(row));
        let rows: Vec<_> = changed.map(|y| (y, cells(frame.buffer, y))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let backend = terminal.backend_mut();
        queue!(backend, SavePosition)?;
        for (y, cells) in rows {
            write(backend, y, &cells)?;
        }
        queue!(backend, RestorePosition)?;
        Write::flush(backend)
    }

    /// The screen was emptied: the next frame is written on nothing.
    pub(super) fn forget(&mut self) {
        self.disputed.clear();
    }
}

/// Keeps what is disputed off the right edge, beyond which a terminal would go on in the next row; and has the diff
/// write nothing in its row, since nobody knows where that would be: the pen writes the row whole. The rows that hold
/// such a thing.
fn settle(buffer: &mut Buffer) -> BTreeMap<u16, u64> {
    let mut rows = BTreeMap::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut found = false;
        for x in buffer.area.left()..buffer.area.right() {
            let Some(most) = disputed(buffer[(x, y)].symbol()) else { continue };
            if most <= buffer.area.right() - x {
                found = true;
                continue;
            }
            let (symbol, width) = (buffer[(x, y)].symbol(), buffer[(x, y)].symbol().cell_width());
            let first = symbol.chars().next().filter(|c| c.width() == Some(width.into()));
            let mut utf8 = [0; 4];
            let first = first.map(|c| &*c.encode_utf8(&mut utf8)).filter(|first| disputed(first).is_none());
            let first = first.unwrap_or("·").to_owned();
            buffer[(x, y)].set_symbol(&first);
        }
        if found {
            for x in buffer.area.left()..buffer.area.right() {
                let cell = &mut buffer[(x, y)];
                if cell.diff_option == CellDiffOption::None {
                    cell.set_diff_option(CellDiffOption::Skip);
                }
            }
            let mut hasher = DefaultHasher::new();
            cells(buffer, y).hash(&mut hasher);
            rows.insert(y, hasher.finish());
        }
    }
    rows
}

/// The cells of a row that show something of their own, with their columns: of a wide character the first.
fn cells(buffer: &Buffer, y: u16) -> Vec<(u16, Cell)> {
    let (mut cells, mut x) = (Vec::new(), buffer.area.left());
    while x < buffer.area.right() {
        let cell = &buffer[(x, y)];
        cells.push((x, cell.clone()));
        let width = match cell.diff_option {
            CellDiffOption::ForcedWidth(width) => width.get(),
            _ => cell.cell_width(),
        };
        x = x.saturating_add(width.max(1));
    }
    cells
}

/// Writes a row whole. Each call of the backend places the cursor anew.
fn write<W: Write>(backend: &mut CrosstermBackend<W>, y: u16, cells: &[(u16, Cell)]) -> io::Result<()> {
    for stretch in
        cells.chunk_by(|(_, one), (_, next)| disputed(one.symbol()).is_none() && disputed(next.symbol()).is_none())
    {
        if let [(x, cell)] = stretch
            && disputed(cell.symbol()).is_some()
        {
            let mut blank = cell.clone();
            blank.set_symbol(" ");
            backend.draw((*x..*x + cell.cell_width().max(1)).map(|x| (x, y, &blank)))?;
        }
        backend.draw(stretch.iter().map(|(x, cell)| (*x, y, cell)))?;
    }
    Ok(())
}
