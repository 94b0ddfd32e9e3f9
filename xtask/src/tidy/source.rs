//! Splits a Rust source into what the rules need: code without comments and literals, comments without code, and
//! the paths that the code names. It works on tokens; it does not parse the grammar.

/// A source file. Its three views have the same lines.
pub(super) struct Source {
    pub(super) text: String,
    /// The text with comments and literals blanked out.
    pub(super) code: String,
    /// The text with everything but comments blanked out.
    pub(super) comments: String,
    paths: Vec<NamedPath>,
}

/// A path in the code, for example `std::fs::write`. Groups are expanded: `use std::{fs::write, io}` names it too.
struct NamedPath {
    line: usize,
    parts: Vec<String>,
}

impl Source {
    pub(super) fn new(text: String) -> Self {
        let (code, comments) = separate(&text);
        let paths = named_paths(&code);
        Self { text, code, comments, paths }
    }

    /// The lines, from 1, that name `path` or something below it: `std::fs::write` names `std::fs`.
    pub(super) fn lines_naming(&self, path: &str) -> Vec<usize> {
        let wanted: Vec<&str> = path.split("::").collect();
        let names = |p: &&NamedPath| p.parts.windows(wanted.len()).any(|parts| parts == wanted);
        let mut lines: Vec<usize> = self.paths.iter().filter(names).map(|p| p.line).collect();
        lines.dedup();
        lines
    }
}

/// The code and the comments, each with the other blanked out.
fn separate(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::with_capacity(text.len()), String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (len, is_code) = match comment_len(rest) {
            Some(len) => (len, false),
            None => (literal_len(rest, code.chars().next_back()).unwrap_or(first.len_utf8()), true),
        };
        let (piece, after) = rest.split_at(len);
        let literal = is_code && len > first.len_utf8();
        for c in piece.chars() {
            let keep = c == '\n';
            code.push(if keep || (is_code && !literal) { c } else { ' ' });
            comments.push(if keep || !is_code { c } else { ' ' });
        }
        rest = after;
    }
    (code, comments)
}

fn comment_len(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let (opens, closes) = (rest[at..].starts_with("/*"), rest[at..].starts_with("*/"));
        depth = if opens { depth + 1 } else { depth - usize::from(closes) };
        at += if opens || closes { 2 } else { rest[at..].chars().next().map_or(1, char::len_utf8) };
        if depth == 0 {
            return Some(at);
        }
    }
    Some(rest.len())
}

/// The length in bytes of the string or character literal at the start of `rest`. Lifetimes are not literals.
fn literal_len(rest: &str, before: Option<char>) -> Option<usize> {
    let inside_a_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if !inside_a_word && let Some(len) = raw_string_len(rest) {
        return Some(len);
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    if quote == '\'' {
        let mut chars = rest[1..].chars();
        let (first, second) = (chars.next()?, chars.next()?);
        if first != '\\' && second != '\'' {
            return None;
        }
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

fn raw_string_len(rest: &str) -> Option<usize> {
    let hashes_on = rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let inside = hashes_on.trim_start_matches('#');
    let hashes = hashes_on.len() - inside.len();
    let inside = inside.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(inside.find(&end).map_or(rest.len(), |at| rest.len() - inside.len() + at + end.len()))
}

/// Returns every path in the code.
fn named_paths(code: &str) -> Vec<NamedPath> {
    let mut paths = Vec::new();
    let mut groups: Vec<Vec<String>> = Vec::new(); // the path before each open `::{`, empty for other braces
    let mut path: Vec<String> = Vec::new();
    let mut joins = false; // after a `::` the path continues
    for (line, token) in tokens(code) {
        match token {
            "::" => {}
            "{" => groups.push(if joins { std::mem::take(&mut path) } else { Vec::new() }),
            "}" => {
                groups.pop();
                path.clear();
            }
            word if word.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                if !joins {
                    path = groups.last().cloned().unwrap_or_default();
                }
                path.push(word.to_owned());
                paths.push(NamedPath { line, parts: path.clone() });
            }
            _ => path.clear(),
        }
        joins = token == "::";
    }
    paths
}

/// Words, `::` and single other characters, each with its line.
fn tokens(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().flat_map(|(index, line)| {
        let mut rest = line.trim_start();
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let len = match first {
                _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            let (token, after) = rest.split_at(len);
            rest = after.trim_start();
            Some((index + 1, token))
        })
    })
}
