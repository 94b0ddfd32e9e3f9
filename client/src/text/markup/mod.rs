//! Light markup: which stretches of a message are code, quoted, bold, a link or somebody's name.
//!
//! It only points at bytes; the text itself stays as it was typed, marks included. It knows neither styles nor rows.

use std::ops::Range;

use quchat_shared::limits::is_bidi_control;

/// What a stretch of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line that opens or closes a block of code.
    Fence,
    /// `code`, or a line within a block of it.
    Code,
    /// A line that begins with `>`.
    Quote,
    /// What stands in front of a list's item.
    Bullet,
    /// `*bold*`
    Bold,
    /// `_italic_`
    Italic,
    /// An address one can open.
    Link,
    /// `@name` of the one who reads.
    Mention,
}

/// A stretch of a text, in bytes.
pub type Stretch = (Range<usize>, Kind);

/// The stretches of `text`, each line's outer ones before its inner ones; `name` is whose mentions count. None is
/// empty, none reaches beyond its line.
#[must_use]
pub fn markup(text: &str, name: &str) -> Vec<Stretch> {
    let mut found = Vec::new();
    let (mut start, mut fenced) = (0, false);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        let block = Line { text: bare, start };
        if !bare.is_empty() && is_fence(bare, fenced) {
            fenced = !fenced;
            found.push(block.stretch(0..bare.len(), Kind::Fence));
        } else if !bare.is_empty() && fenced {
            found.push(block.stretch(0..bare.len(), Kind::Code));
        } else {
            block.mark(name, &mut found);
        }
        start += line.len();
    }
    found
}

/// The opening line may name a language, the closing one is bare.
fn is_fence(line: &str, fenced: bool) -> bool {
    let rest = line.trim_start().strip_prefix("```");
    rest.is_some_and(|rest| if fenced { rest.trim().is_empty() } else { !rest.contains('`') })
}

/// A line outside blocks of code.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    start: usize,
}

impl Line<'_> {
    fn stretch(&self, range: Range<usize>, kind: Kind) -> Stretch {
        (self.start + range.start..self.start + range.end, kind)
    }

    fn mark(&self, name: &str, found: &mut Vec<Stretch>) {
        let indent = self.text.len() - self.text.trim_start_matches(' ').len();
        let rest = &self.text[indent..];
        if is_quote(rest) {
            found.push(self.stretch(0..self.text.len(), Kind::Quote));
        }
        let bullet = bullet(rest);
        if bullet > 0 {
            found.push(self.stretch(indent..indent + bullet, Kind::Bullet));
        }
        let atoms = atoms(self.text, name);
        let mut emphasis = Emphasis { line: self.text, atoms: &atoms, found: Vec::new() };
        emphasis.mark(indent + bullet, '*', Kind::Bold);
        emphasis.mark(indent + bullet, '_', Kind::Italic);
        found.extend(emphasis.found.into_iter().map(|(range, kind)| self.stretch(range, kind)));
        found.extend(atoms.into_iter().map(|(range, kind)| self.stretch(range, kind)));
    }
}

/// A lone `>` or one with a space behind it; `>_<` is a face.
fn is_quote(rest: &str) -> bool {
    let inner = rest.trim_start_matches('>');
    inner.len() < rest.len() && (inner.is_empty() || inner.starts_with(' '))
}

/// How many bytes in front of an item: `-`, `*`, `+`, `1.` or `1)` and a space behind it.
fn bullet(rest: &str) -> usize {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (len, behind) = match (digits, rest.as_bytes().get(digits)) {
        (0, Some(b'-' | b'*' | b'+')) => (1, 1),
        (1..=4, Some(b'.' | b')')) => (digits + 1, digits + 1),
        _ => return 0,
    };
    if rest[behind..].starts_with(' ') { len } else { 0 }
}

/// Code, links and mentions: what has nothing else within it. In order, none overlapping.
fn atoms(line: &str, name: &str) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut end = 0;
    let mut unclosed = Vec::new(); // lengths of backquotes that nothing closes in the rest of the line
    for (at, first) in line.match_indices(['@', '`', 'h']) {
        if at < end {
            continue;
        }
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
                len.map(|len| (len, Kind::Code))
            }
            _ if in_word => None,
            "@" => mention(rest, name).map(|len| (len, Kind::Mention)),
            _ => link(rest).map(|len| (len, Kind::Link)),
        };
        if let Some((len, kind)) = atom {
            end = at + len;
            found.push((at..end, kind));
        }
    }
    found
}

/// From a run of backquotes to the next one of the same length, with something in between.
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

fn mention(rest: &str, name: &str) -> Option<usize> {
    let named = rest.get(1..=name.len())?;
    let ends = !rest[1 + named.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    (!name.is_empty() && named.eq_ignore_ascii_case(name) && ends).then_some(1 + named.len())
}

/// An address without what only follows it: the end of a sentence, or of the brackets around it.
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

/// Bold and italic: marks that hug the words between them, on one line, outside of atoms.
struct Emphasis<'a> {
    line: &'a str,
    atoms: &'a [Stretch],
    found: Vec<Stretch>,
}

impl Emphasis<'_> {
    fn mark(&mut self, from: usize, mark: char, kind: Kind) {
        let runs = self.runs(from, mark);
        // looked up once: a search to the end of the line for each of many runs would take its time
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

    /// The runs of `mark` that could open or close: one long, or two for bold.
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
