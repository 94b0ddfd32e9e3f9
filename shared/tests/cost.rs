//! What a text costs to read, however it is made: no message keeps the server's writer or a client's screen busy.

#![cfg(test)] // an integration test always is; said so that the lints for tests apply

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use quchat_shared::text::{markup::markup, mentions::mentioned};

#[test]
fn a_message_made_of_marks_alone_costs_no_more_than_a_long_one() {
    for mark in [" *a", " **a *b", "`a", " _a", "https://)", "`` ` ", "@a.", "@a`", "@", "@a https://b.c(", "\n```\n@"]
    {
        let text = mark.repeat(20_000 / mark.len());
        let begun = Instant::now();
        assert!(markup(&text, &["alice"]).len() <= text.len());
        let found = mentioned(&text, |_| Ok::<Option<u8>, Infallible>(None));
        assert!(found.is_ok_and(|users| users.is_empty()));
        assert!(begun.elapsed() < Duration::from_secs(2), "{mark:?} took {:?}", begun.elapsed());
    }
}
