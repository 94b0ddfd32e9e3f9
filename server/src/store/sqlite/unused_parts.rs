//! Where a page of the database file holds no row (<https://www.sqlite.org/fileformat2.html#b_tree_pages>).
//!
//! `secure_delete` overwrites rows that are removed, but not the copies that stay behind when rows move to another page.

use std::ops::Range;

/// The header of the file, at the beginning of its first page.
const FILE_HEADER: usize = 100;
/// Where the header of a page names its first free block, the number of its cells, and their beginning.
const FIRST_FREE: usize = 1;
const CELLS: usize = 3;
const CONTENT: usize = 5;
/// A free block begins with the place of the next one and its own size.
const FREE_HEADER: usize = 4;

/// The unused parts of a page with rows: the gap before its cells, and free blocks without their headers. None of a page
/// of another kind.
pub(super) fn unused(page: &[u8], is_first: bool) -> Vec<Range<usize>> {
    parts(page, if is_first { FILE_HEADER } else { 0 }).unwrap_or_default()
}

/// `None` if it is another page, or one that is damaged.
fn parts(page: &[u8], header: usize) -> Option<Vec<Range<usize>>> {
    let number = |at: usize| Some(usize::from(u16::from_be_bytes(page.get(at..at + 2)?.try_into().ok()?)));
    let pointers = header
        + match page.get(header)? {
            2 | 5 => 12,
            10 | 13 => 8,
            _ => return None,
        };
    let content = match number(header + CONTENT)? {
        0 => 65_536,
        content => content,
    };
    let gap = pointers + 2 * number(header + CELLS)?..content;
    if gap.start > gap.end || gap.end > page.len() {
        return None;
    }
    let mut parts = vec![gap];
    let mut free = number(header + FIRST_FREE)?;
    while free != 0 {
        let (next, size) = (number(free)?, number(free + 2)?);
        let block = free + FREE_HEADER..free + size;
        let is_sound = free >= content && size >= FREE_HEADER && block.end <= page.len() && (next == 0 || next > free);
        if !is_sound {
            return None;
        }
        parts.push(block);
        free = next;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rusqlite::{Connection, params};

    use super::*;

    #[test]
    fn a_page_of_another_kind_has_no_unused_parts() {
        for page in [&[0_u8; 512][..], &[7; 512], &[], &[13], &[13; 4], &[13, 0, 0, 0, 0, 0, 4]] {
            assert_eq!(unused(page, false), [], "{page:?}");
        }
        let mut page = vec![0; 512];
        page[..8].copy_from_slice(&[13, 0, 100, 0, 0, 0, 200, 0]);
        assert_eq!(unused(&page, false), [], "a free block before the cells");
    }

    /// Texts of many lengths in several rooms are stored, replaced and removed in turns.
    #[test]
    fn what_was_removed_is_in_unused_parts_alone() {
        let dir = tempfile::tempdir().unwrap();
        let database = Connection::open(dir.path().join("db")).unwrap();
        let tables = "PRAGMA secure_delete = ON; PRAGMA synchronous = OFF; BEGIN;
            CREATE TABLE messages (room INTEGER, seq INTEGER, text TEXT, PRIMARY KEY (room, seq)) WITHOUT ROWID;";
        database.execute_batch(tables).unwrap();
        let length = |n: i64| [5, 20, 60, 200, 600, 1500][(n % 6) as usize];
        let mut kept = HashSet::new();
        for n in 0..4000_i64 {
            let text = format!("word{n:05} {}", "x".repeat(length(n * 7 / 3)));
            database.execute("INSERT INTO messages VALUES (?, ?, ?)", params![n * n % 11, n, text]).unwrap();
            kept.insert(n);
            let old = n * 2 / 3;
            if n % 2 == 0 && kept.remove(&old) {
                let text = if n % 4 == 0 { String::new() } else { "y".repeat(length(n / 4)) };
                database.execute("UPDATE messages SET text = ? WHERE seq = ?", params![text, old]).unwrap();
            }
        }
        database.execute_batch("COMMIT").unwrap();
        drop(database);
        let mut file = std::fs::read(dir.path().join("db")).unwrap();
        let found = |file: &[u8]| {
            let marks = file.windows(9).filter(|bytes| bytes.starts_with(b"word"));
            let numbers = marks.filter_map(|mark| str::from_utf8(&mark[4..]).ok()?.parse::<i64>().ok());
            numbers.collect::<HashSet<_>>()
        };
        assert!(found(&file).difference(&kept).count() > 0, "the engine leaves some");
        for (nth, page) in file.chunks_mut(4096).enumerate() {
            for part in unused(page, nth == 0) {
                page[part].fill(0);
            }
        }
        assert_eq!(found(&file), kept);
        std::fs::write(dir.path().join("db"), file).unwrap();
        let database = Connection::open(dir.path().join("db")).unwrap();
        let outcome: String = database.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
        assert_eq!(outcome, "ok");
    }
}
