//! Splits a text into lines of prose, code blocks and the fences around them.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// Opens or closes a code block.
    Fence,
    /// Inside a code block.
    Code,
    Prose,
}

/// A line that is not empty, without its line end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Byte offset in the whole text.
    pub(super) start: usize,
    pub(super) kind: LineKind,
}

/// The lines of `text` that are not empty. A code block ends at its fence or at the end of the text.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let (mut next, mut fenced) = (0, false);
    text.split_inclusive('\n').filter_map(move |line| {
        let start = next;
        next += line.len();
        let text = line.trim_end_matches(['\r', '\n']);
        let kind = match (is_fence(text, fenced), fenced) {
            (true, _) => {
                fenced = !fenced;
                LineKind::Fence
            }
            (false, true) => LineKind::Code,
            (false, false) => LineKind::Prose,
        };
        (!text.is_empty()).then_some(Line { text, start, kind })
    })
}

/// The opening fence may name a language, the closing one may not.
fn is_fence(line: &str, fenced: bool) -> bool {
    let rest = line.trim_start().strip_prefix("```");
    rest.is_some_and(|rest| if fenced { rest.trim().is_empty() } else { !rest.contains('`') })
}
