//! A text line by line: blocks of code, the fences around them, and prose.

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It opens or closes a block of code.
    Fence,
    /// It is within a block of code.
    Code,
    /// It is neither.
    Prose,
}

/// A line that is not empty, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Where it begins, in bytes of the whole text.
    pub(super) start: usize,
    pub(super) place: Place,
}

/// The lines of `text` that are not empty. A block of code goes on to its fence or to the end of the text.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let (mut next, mut fenced) = (0, false);
    text.split_inclusive('\n').filter_map(move |line| {
        let start = next;
        next += line.len();
        let text = line.trim_end_matches(['\r', '\n']);
        let place = match (is_fence(text, fenced), fenced) {
            (true, _) => {
                fenced = !fenced;
                Place::Fence
            }
            (false, true) => Place::Code,
            (false, false) => Place::Prose,
        };
        (!text.is_empty()).then_some(Line { text, start, place })
    })
}

/// The opening line may name a language, the closing one is bare.
fn is_fence(line: &str, fenced: bool) -> bool {
    let rest = line.trim_start().strip_prefix("```");
    rest.is_some_and(|rest| if fenced { rest.trim().is_empty() } else { !rest.contains('`') })
}
