//! Writes frames so that every column is in place, whatever width the terminal gives to an emoji.
//!
//! Terminals disagree on the width of characters that are newer than they are or unassigned, and of sequences: a family
//! is one picture of two columns in some and four members in eight columns in others, a flag is a picture or two
//! letters, a heart takes one column or two. A row that contains such a character, or did in the previous frame, is
//! written as a whole, and the cursor is placed again before each part: columns that the terminal used too many are
//! overwritten, and columns that it used too few are blank. It must not know what is drawn.

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

/// Writes frames, and remembers the rows of the last one whose columns may be misplaced.
#[derive(Debug, Default)]
pub struct FrameWriter {
    /// A hash of the content of each of these rows.
    disputed: BTreeMap<u16, u64>,
    area: Rect,
}

impl FrameWriter {
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
            disputed = exclude_disputed(frame.buffer_mut());
        })?;
        if frame.area != self.area {
            // ratatui cleared the screen first
            self.area = frame.area;
            self.disputed = BTreeMap::new();
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

    /// The screen was cleared: the next frame is written on an empty screen.
    pub(super) fn forget(&mut self) {
        self.disputed.clear();
    }
}

/// Replaces disputed characters that could cross the right edge, where a terminal would wrap into the next row.
/// Excludes the rows with disputed characters from the diff, because the position of their columns is unknown; such a
/// row is written as a whole. Returns these rows with their hashes.
fn exclude_disputed(buffer: &mut Buffer) -> BTreeMap<u16, u64> {
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

/// The cells of a row with their columns. A wide character counts as one cell.
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

/// Writes a whole row. Each call of the backend places the cursor again.
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
