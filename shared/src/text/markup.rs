//! Light markup: which ranges of a message are code, quotes, bold, italic, links or the reader's name.
//!
//! It only returns byte ranges; the text stays as typed, marks included. It knows neither styles nor rows.

use std::ops::Range;

use super::{
    atoms::{Atom, atoms, name_run},
    lines::{Line, LineKind, lines},
    mentions::names,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line that opens or closes a code block.
    Fence,
    /// `code`, or a line of a code block.
    Code,
    /// A line that starts with `>`.
    Quote,
    /// The marker of a list item.
    Bullet,
    /// `*bold*`
    Bold,
    /// `_italic_`
    Italic,
    /// An `http://` or `https://` address.
    Link,
    /// `@name` of the reader, or `@all`.
    Mention,
}

/// A byte range of a text.
pub type Stretch = (Range<usize>, Kind);

/// The marked-up ranges of `text`. Outer ranges come before the inner ones of the same line. No range is empty or spans
/// lines. `names` are those whose mentions are marked.
#[must_use]
pub fn markup(text: &str, names: &[&str]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for line in lines(text) {
        match line.kind {
            LineKind::Fence => found.push(stretch(line, 0..line.text.len(), Kind::Fence)),
            LineKind::Code => found.push(stretch(line, 0..line.text.len(), Kind::Code)),
            LineKind::Prose => mark(line, names, &mut found),
        }
    }
    found
}

fn stretch(line: Line<'_>, range: Range<usize>, kind: Kind) -> Stretch {
    (line.start + range.start..line.start + range.end, kind)
}

/// A line outside code blocks.
fn mark(line: Line<'_>, wanted: &[&str], found: &mut Vec<Stretch>) {
    let indent = line.text.len() - line.text.trim_start_matches(' ').len();
    let rest = &line.text[indent..];
    if is_quote(rest) {
        found.push(stretch(line, 0..line.text.len(), Kind::Quote));
    }
    let bullet = bullet(rest);
    if bullet > 0 {
        found.push(stretch(line, indent..indent + bullet, Kind::Bullet));
    }
    let atoms = atoms(line.text);
    let mut emphasis = Emphasis { line: line.text, atoms: &atoms, found: Vec::new() };
    emphasis.mark(indent + bullet, '*', Kind::Bold);
    emphasis.mark(indent + bullet, '_', Kind::Italic);
    found.extend(emphasis.found.into_iter().map(|(range, kind)| stretch(line, range, kind)));
    found.extend(atoms.into_iter().filter_map(|(range, atom)| match atom {
        Atom::Code => Some(stretch(line, range, Kind::Code)),
        Atom::Link => Some(stretch(line, range, Kind::Link)),
        Atom::Name => {
            let start = range.start;
            let run = name_run(&line.text[start + 1..]);
            let name = wanted.iter().find(|name| names(run, name))?;
            Some(stretch(line, start..start + 1 + name.len(), Kind::Mention))
        }
    }));
}

/// A lone `>`, or `>` and a space; `>_<` is a face.
fn is_quote(rest: &str) -> bool {
    let inner = rest.trim_start_matches('>');
    inner.len() < rest.len() && (inner.is_empty() || inner.starts_with(' '))
}

/// Length in bytes of the marker of a list item: `-`, `*`, `+`, `1.` or `1)`, and a space.
fn bullet(rest: &str) -> usize {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (len, behind) = match (digits, rest.as_bytes().get(digits)) {
        (0, Some(b'-' | b'*' | b'+')) => (1, 1),
        (1..=4, Some(b'.' | b')')) => (digits + 1, digits + 1),
        _ => return 0,
    };
    if rest[behind..].starts_with(' ') { len } else { 0 }
}

/// Bold and italic: marks directly around words, on one line, outside atoms.
struct Emphasis<'a> {
    line: &'a str,
    atoms: &'a [(Range<usize>, Atom)],
    found: Vec<Stretch>,
}

impl Emphasis<'_> {
    fn mark(&mut self, from: usize, mark: char, kind: Kind) {
        let runs = self.runs(from, mark);
        // collected once: searching to the end of the line for every run would be quadratic
        let last = [1, 2].map(|len| runs.iter().rposition(|run| run.closes && run.range.len() == len));
        let mut next = 0;
        while let Some(open) = runs.get(next) {
            next += 1;
            let len = open.range.len();
            if !open.opens || last[len - 1].is_none_or(|last| last < next) {
                continue;
            }
            let close = runs[next..].iter().position(|close| close.closes && close.range.len() == len);
            if let Some(close) = close {
                next += close + 1;
                self.found.push((open.range.start..runs[next - 1].range.end, kind));
            }
        }
    }

    /// The runs of `mark` that can open or close emphasis: one character, or two for bold.
    fn runs(&self, from: usize, mark: char) -> Vec<Run> {
        let longest = if mark == '*' { 2 } else { 1 };
        let mut runs: Vec<Run> = Vec::new();
        let mut atoms = self.atoms.iter().peekable();
        let mut done = from;
        for (at, _) in self.line.match_indices(mark) {
            while atoms.next_if(|(atom, _)| atom.end <= at).is_some() {}
            if at < done || atoms.peek().is_some_and(|(atom, _)| atom.start <= at) {
                continue;
            }
            let len = self.line[at..].bytes().take_while(|&byte| byte == mark as u8).count();
            done = at + len;
            let (before, after) = (self.line[..at].chars().next_back(), self.line[done..].chars().next());
            let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
            let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let run =
                Run { range: at..done, opens: !word(before) && !space(after), closes: !space(before) && !word(after) };
            if len <= longest && (run.opens || run.closes) {
                runs.push(run);
            }
        }
        runs
    }
}

struct Run {
    range: Range<usize>,
    opens: bool,
    closes: bool,
}

#[cfg(test)]
mod tests;
