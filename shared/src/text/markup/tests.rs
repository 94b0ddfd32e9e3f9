//! What is taken for markup, and what only looks like it.

use proptest::prelude::*;

use super::*;

fn found(text: &str) -> Vec<(&str, Kind)> {
    markup(text, &["alice"]).into_iter().map(|(range, kind)| (&text[range], kind)).collect()
}

fn nothing(text: &str) {
    assert_eq!(found(text), [], "{text}");
}

#[test]
fn names_links_and_code_are_found() {
    let all = found("@Alice, see `ls -l` at https://a.b/c?d=1.");
    assert_eq!(all, [("@Alice", Kind::Mention), ("`ls -l`", Kind::Code), ("https://a.b/c?d=1", Kind::Link)]);
    nothing("@alicea mail@alice `\n` http https:// xhttps://a.b @");
    assert_eq!(markup("@", &[]), []);
}

#[test]
fn several_names_can_be_marked_each_as_far_as_it_reaches() {
    let text = "@ALL and @alice, not @allice or @bob";
    let all = markup(text, &["", "alice", "all"]);
    assert_eq!(all.iter().map(|(range, _)| &text[range.clone()]).collect::<Vec<_>>(), ["@ALL", "@alice"]);
}

#[test]
fn code_may_hold_backquotes_within_more_of_them_and_nothing_else_counts_there() {
    assert_eq!(found("``a `b` *c* @alice``"), [("``a `b` *c* @alice``", Kind::Code)]);
    assert_eq!(found("```x = 1```"), [("```x = 1```", Kind::Code)]);
    nothing("`` `");
}

#[test]
fn a_link_ends_where_the_sentence_goes_on() {
    for (text, link) in [
        ("(see https://a.b/c)", "https://a.b/c"),
        ("https://a.b/Rust_(language)", "https://a.b/Rust_(language)"),
        ("(https://a.b/Rust_(language))!", "https://a.b/Rust_(language)"),
        ("<https://a.b>", "https://a.b"),
        ("http://[::1]:80/, and so on", "http://[::1]:80/"),
        ("https://a.b/\u{1b}[2J", "https://a.b/"),
        ("https://a.b/\u{202e}x", "https://a.b/"),
    ] {
        assert_eq!(found(text), [(link, Kind::Link)], "{text}");
    }
    assert_eq!(found("https://a.b/_x_/*y*z"), [("https://a.b/_x_/*y*z", Kind::Link)]);
}

#[test]
fn bold_and_italic_hug_their_words() {
    assert_eq!(found("that *is* it"), [("*is*", Kind::Bold)]);
    assert_eq!(found("**all of it**, once"), [("**all of it**", Kind::Bold)]);
    assert_eq!(found("(_so_)"), [("_so_", Kind::Italic)]);
    assert_eq!(found("*a _b_ c* *d*"), [("*a _b_ c*", Kind::Bold), ("*d*", Kind::Bold), ("_b_", Kind::Italic)]);
    assert_eq!(found("*x **y** z*").first(), Some(&("*x **y** z*", Kind::Bold)));
    assert_eq!(found("*@alice*"), [("*@alice*", Kind::Bold), ("@alice", Kind::Mention)]);
    assert_eq!(found("*https://a.b/*"), [("*https://a.b/*", Kind::Bold), ("https://a.b/", Kind::Link)]);
}

#[test]
fn arithmetic_names_and_faces_stay_as_they_are() {
    for text in ["2 * 3 * 4", "2*3*4", "snake_case_name", "__init__", "*a\nb*", "***", "_", ">_<", "-5", "1.5", "a - b"]
    {
        nothing(text);
    }
}

#[test]
fn quotes_and_lists_are_told_by_how_a_line_begins() {
    assert_eq!(found("> he said\nno"), [("> he said", Kind::Quote)]);
    assert_eq!(found("> *so*"), [("> *so*", Kind::Quote), ("*so*", Kind::Bold)]);
    assert_eq!(found("- one\n  * two\n10. ten"), [("-", Kind::Bullet), ("*", Kind::Bullet), ("10.", Kind::Bullet)]);
    assert_eq!(found("* *one*"), [("*", Kind::Bullet), ("*one*", Kind::Bold)]);
}

#[test]
fn a_block_of_code_goes_on_to_its_fence_or_to_the_end() {
    let text = "see\n```rust\nlet *a* = 1;\n\n> b\n```\n*c*";
    let (fence, code) = (Kind::Fence, Kind::Code);
    assert_eq!(
        found(text),
        [("```rust", fence), ("let *a* = 1;", code), ("> b", code), ("```", fence), ("*c*", Kind::Bold)]
    );
    assert_eq!(found("```\n*a*"), [("```", fence), ("*a*", code)]);
}

proptest! {
    #[test]
    fn every_stretch_lies_within_one_line_of_the_text(text in "[-@`*_>h:/.() a1日\u{301}\t\r\n\u{1b}]{0,80}|\\PC{0,40}") {
        for (range, _) in markup(&text, &["a"]) {
            prop_assert!(!range.is_empty() && !text[range].contains('\n'));
        }
    }
}
