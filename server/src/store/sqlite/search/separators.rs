//! Removes terms that are gone from the separators of the index.
//!
//! A tree of FTS5 consists of pages with terms. Its table `_idx` has a row for each of them, with a separator: a term that
//! is greater than all before the page, and not greater than the first one on it. FTS5 makes it of the page's first term,
//! and keeps it when `secure-delete` removes that term and others are left on the page.

use std::collections::BTreeSet;

use rusqlite::{Row, params};

use super::{super::Sqlite, parts::BEGINNINGS};
use crate::store::Result;

/// The row of a page.
struct Separator {
    term: Vec<u8>,
    /// The number of the page, and in the lowest bit a mark of FTS5.
    page: i64,
}

impl Separator {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { term: row.get(0)?, page: row.get(1)? })
    }
}

impl Sqlite {
    /// Removes these terms, which are separated by spaces, from the separators of a part, where they are in no page any
    /// more. Called after FTS5 has written that they are gone.
    pub(super) fn remove_separators(&self, part: u64, terms: &str) -> Result<()> {
        let keys: BTreeSet<_> = terms.split_ascii_whitespace().flat_map(keys).collect();
        let next = format!("SELECT min(segid) FROM search_{part}_idx WHERE segid > ?");
        let mut last = 0;
        while let Some(tree) = self.one(&next, [last], |row| row.get::<_, Option<i64>>(0))?.flatten() {
            self.remove_separators_of_tree(part, tree, &keys)?;
            last = tree;
        }
        Ok(())
    }

    fn remove_separators_of_tree(&self, part: u64, tree: i64, keys: &BTreeSet<Vec<u8>>) -> Result<()> {
        let mut checked: Option<Separator> = None;
        for key in keys.iter().rev() {
            let separator = match checked.take().filter(|checked| checked.term <= *key) {
                Some(same) => same,
                None => match self.separator_of(part, tree, key)? {
                    Some(other) => other,
                    None => break, // the smaller terms have none either
                },
            };
            if !separator.term.is_empty() && key.starts_with(&separator.term) {
                self.renew_separator(part, tree, &separator)?; // the smaller terms may have another one
            } else {
                checked = Some(separator);
            }
        }
        Ok(())
    }

    /// The separator of the page that holds this term, if there is one.
    fn separator_of(&self, part: u64, tree: i64, term: &[u8]) -> Result<Option<Separator>> {
        let separator = format!(
            "SELECT term, pgno FROM search_{part}_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1"
        );
        self.one(&separator, params![tree, term], Separator::read)
    }

    /// Replaces a separator by the first term of its page, unless that begins with it.
    fn renew_separator(&self, part: u64, tree: i64, separator: &Separator) -> Result<()> {
        let page = format!("SELECT block FROM search_{part}_data WHERE id = ?");
        let page = self.one(&page, [page_id(tree, separator.page >> 1)], |row| row.get::<_, Vec<u8>>(0))?;
        let place = params![tree, separator.term];
        match page.as_deref().map(first_term) {
            // A merge has moved all terms of the page to another tree.
            None => self.run(&format!("DELETE FROM search_{part}_idx WHERE segid = ? AND term = ?"), place)?,
            Some(Some(first)) if !first.starts_with(&separator.term) => {
                let renew = format!("UPDATE search_{part}_idx SET term = ?3 WHERE segid = ?1 AND term = ?2");
                self.run(&renew, params![tree, separator.term, first])?
            }
            Some(_) => 0,
        };
        Ok(())
    }
}

/// A term as the trees have it: after a digit, the whole of it and each beginning that has a list of its own.
pub(super) fn keys(term: &str) -> impl Iterator<Item = Vec<u8>> {
    let beginnings = BEGINNINGS.iter().enumerate().filter_map(|(nth, length)| {
        let end = term.char_indices().map(|(at, _)| at).chain([term.len()]).nth(*length)?;
        Some(format!("{}{}", nth + 1, &term[..end]).into_bytes())
    });
    [format!("0{term}").into_bytes()].into_iter().chain(beginnings)
}

/// The id of a page in `_data`.
fn page_id(tree: i64, page: i64) -> i64 {
    (tree << 37) + page
}

/// The first term on a page. Its header gives in bytes 2 and 3 where a list of the places of terms begins; the first of
/// these is that of a length and a term.
fn first_term(page: &[u8]) -> Option<&[u8]> {
    let list = usize::from(u16::from_be_bytes(page.get(2..4)?.try_into().ok()?));
    let (place, _) = varint(page.get(list..)?)?;
    let (length, bytes) = varint(page.get(place..list)?)?;
    page.get(place + bytes..place + bytes + length)
}

/// A number of at most two bytes, which is enough for places on a page and lengths of terms, and how many bytes it has.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes {
        [low, ..] if low < 0x80 => Some((usize::from(low), 1)),
        [high, low, ..] if low < 0x80 => Some((usize::from(high & 0x7F) << 7 | usize::from(low), 2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_term_of_a_page_is_read() {
        let page = [0, 0, 0, 11, 3, b'a', b'b', b'c', 1, 0, 0, 4];
        assert_eq!(first_term(&page), Some(&b"abc"[..]));
        assert_eq!(first_term(&page[..11]), None, "a page without terms");
        let long = [&[0, 0, 0, 136, 0x81, 0x02][..], &[b'x'; 130], &[4]].concat();
        assert_eq!(first_term(&long), Some(&[b'x'; 130][..]));
    }

    #[test]
    fn a_term_is_in_the_lists_of_its_beginnings() {
        let keys: Vec<_> = keys("一一一abcde").map(|key| String::from_utf8(key).unwrap()).collect();
        assert_eq!(keys, ["0一一一abcde", "1一一一abc", "2一一一abcd", "3一一一abcde"]);
    }
}
