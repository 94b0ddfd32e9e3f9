//! Highlights within a text: markup as styles, over the rows that the text was cut into.

use std::ops::Range;

use quchat_shared::text::markup::{Kind, Stretch};
use tuirealm::ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::super::styles::Styles;
use crate::text::{Row, wrap::drawn};

/// The style of a kind of markup.
fn style_of(kind: Kind) -> Style {
    match kind {
        Kind::Fence | Kind::Quote => Styles::FAINT,
        Kind::Code => Styles::CODE,
        Kind::Bullet | Kind::Bold => Styles::STRONG,
        Kind::Italic => Styles::LEANING,
        Kind::Link => Styles::LINK,
        Kind::Mention => Styles::NAMED,
    }
}

/// A range of a text and its style.
pub(in crate::components) type Mark = (Range<usize>, Style);

/// The highlights for markup.
pub(in crate::components) fn marks(stretches: &[Stretch]) -> Vec<Mark> {
    stretches.iter().map(|(range, kind)| (range.clone(), style_of(*kind))).collect()
}

/// A row of `text` with the highlights that overlap it; later ones override earlier ones.
pub(in crate::components) fn line(text: &str, row: Row, marks: &[Mark], style: Style) -> Line<'static> {
    let inside: Vec<_> = marks
        .iter()
        .filter(|(range, _)| range.start < row.end && row.start < range.end)
        .map(|(range, look)| (drawn(text, &row, range.start)..drawn(text, &row, range.end), *look))
        .collect();
    let mut cuts: Vec<_> = inside.iter().flat_map(|(range, _)| [range.start, range.end]).collect();
    cuts.extend([0, row.text.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    let span = |cut: &[usize]| {
        let over = inside.iter().filter(|(range, _)| range.start <= cut[0] && cut[1] <= range.end);
        let style = over.fold(style, |style, (_, look)| style.patch(*look));
        Span::styled(row.text[cut[0]..cut[1]].to_owned(), style)
    };
    Line::from(cuts.windows(2).map(span).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quchat_shared::text::markup::markup;

    use super::*;
    use crate::text::wrap;

    fn styled(text: &str, columns: u16) -> Vec<Vec<String>> {
        let marks = marks(&markup(text, &["alice"]));
        let line = |row| line(text, row, &marks, Styles::PLAIN).spans;
        let marked = |spans: Vec<Span<'static>>| spans.into_iter().filter(|span| span.style != Styles::PLAIN);
        wrap(text, columns).into_iter().map(|row| marked(line(row)).map(|s| s.content.into_owned()).collect()).collect()
    }

    #[test]
    fn marks_continue_on_wrapped_rows() {
        assert_eq!(styled("at https://a.b/cdef now", 10), [vec![], vec!["https://a."], vec!["b/cdef"]]);
        assert_eq!(styled("\tx @alice y", 10), [vec![], vec!["@alice"]]);
        assert_eq!(styled("so *very long* it", 8), [vec!["*very"], vec!["long*"]]);
    }

    #[test]
    fn overlapping_styles_are_combined() {
        let text = "> *a @alice*";
        let row = wrap(text, 40).remove(0);
        let line = line(text, row, &marks(&markup(text, &["alice"])), Styles::PLAIN);
        let styles: Vec<_> = line.spans.into_iter().map(|span| (span.content.into_owned(), span.style)).collect();
        let bold = Styles::FAINT.patch(Styles::STRONG);
        assert_eq!(
            styles,
            [
                ("> ".to_owned(), Styles::FAINT),
                ("*a ".to_owned(), bold),
                ("@alice".to_owned(), bold.patch(Styles::NAMED)),
                ("*".to_owned(), bold)
            ]
        );
    }

    proptest! {
        #[test]
        fn marks_do_not_change_the_text_of_a_row(text in "[-@`*_>h:/ a日👍\t\n\u{1b}]{0,60}|https://\\PC{0,40}", columns in 1u16..20) {
            let marks = marks(&markup(&text, &["a"]));
            for row in wrap(&text, columns) {
                let plain = row.text.clone();
                prop_assert_eq!(line(&text, row, &marks, Styles::PLAIN).to_string(), plain);
            }
        }
    }
}
