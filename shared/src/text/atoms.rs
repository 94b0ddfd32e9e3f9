//! Inline code, links and names on one line of prose. Nothing is nested inside them.

use std::ops::Range;

use crate::limits::{USER_NAME_MAX, is_bidi_control};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Atom {
    /// `code`
    Code,
    /// An `http://` or `https://` address.
    Link,
    /// `@name`, without trailing full stops, hyphens and underscores, which may or may not belong to the name.
    Name,
}

/// The atoms of `line`, in order and without overlap.
pub(super) fn atoms(line: &str) -> Vec<(Range<usize>, Atom)> {
    let mut found = Vec::new();
    let mut end = 0;
    let mut unclosed = Vec::new(); // lengths of backquotes that nothing closes in the rest of the line
    for (at, first) in line.match_indices(['@', '`', 'h']) {
        if at < end {
            continue;
        }
        // An `@` after a letter or digit belongs to a mail address.
        let in_word = line[..at].ends_with(char::is_alphanumeric);
        let rest = &line[at..];
        let atom = match first {
            "`" => {
                let ticks = rest.bytes().take_while(|&byte| byte == b'`').count();
                end = at + ticks;
                let len = if unclosed.contains(&ticks) { None } else { code(rest, ticks) };
                if len.is_none() {
                    unclosed.push(ticks);
                }
                len.map(|len| (len, Atom::Code))
            }
            _ if in_word => None,
            "@" => name(&rest[1..]).map(|len| (1 + len, Atom::Name)),
            _ => link(rest).map(|len| (len, Atom::Link)),
        };
        if let Some((len, kind)) = atom {
            end = at + len;
            found.push((at..end, kind));
        }
    }
    found
}

/// From a run of backquotes to the next run of the same length, if there is text between them.
fn code(rest: &str, ticks: usize) -> Option<usize> {
    let mut at = ticks;
    loop {
        at += rest[at..].find('`')?;
        let run = rest[at..].bytes().take_while(|&byte| byte == b'`').count();
        at += run;
        if run == ticks {
            return Some(at);
        }
    }
}

/// The characters at the start of `rest` that a name may contain, even if there are too many for a name.
pub(super) fn name_run(rest: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]
}

/// Removes trailing characters that may also end a sentence, be a dash or close emphasis.
pub(super) fn bare(name: &str) -> &str {
    name.trim_end_matches(['.', '-', '_'])
}

fn name(rest: &str) -> Option<usize> {
    let len = bare(name_run(rest)).len();
    (1..=USER_NAME_MAX).contains(&len).then_some(len)
}

/// The address without trailing punctuation: the end of a sentence, or a closing bracket that surrounds it.
fn link(rest: &str) -> Option<usize> {
    let host = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://"))?;
    if !host.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
        return None;
    }
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || is_bidi_control(c) || matches!(c, '<' | '>' | '"' | '`');
    let mut link = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let opened = link.matches('(').count();
    let mut closed = link.matches(')').count();
    while let Some(last) = link.chars().next_back() {
        match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' => {}
            ')' if closed > opened => closed -= 1,
            _ => break,
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    Some(link.len())
}
