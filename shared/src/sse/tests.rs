//! The WHATWG rules, and that no cut of the bytes changes what is read.

use proptest::prelude::*;

use super::*;

fn decode(chunks: &[&[u8]]) -> (Vec<(String, String, String)>, String, Option<u64>) {
    let mut decoder = Decoder::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.push(chunk).unwrap();
        while let Some(frame) = decoder.next_frame() {
            frames.push((frame.event, frame.data, frame.id.to_string()));
        }
    }
    (frames, decoder.last_event_id().to_owned(), decoder.retry_millis())
}

fn frames(text: &str) -> Vec<(String, String, String)> {
    decode(&[text.as_bytes()]).0
}

fn frame(event: &str, data: &str, id: &str) -> (String, String, String) {
    (event.into(), data.into(), id.into())
}

#[test]
fn lines_end_with_lf_cr_or_crlf() {
    let expected = vec![frame("message", "a\nb", ""), frame("x", "c", "")];
    assert_eq!(frames("data: a\ndata: b\n\nevent: x\ndata: c\n\n"), expected);
    assert_eq!(frames("data: a\r\ndata: b\r\n\r\nevent: x\r\ndata: c\r\n\r\n"), expected);
    assert_eq!(frames("data: a\rdata: b\r\revent: x\rdata: c\r\r"), expected);
    assert_eq!(frames("data: a\rdata: b\n\r\nevent: x\r\ndata: c\r\n\r"), expected);
}

#[test]
fn a_byte_order_mark_counts_only_at_the_very_start() {
    assert_eq!(frames("\u{feff}data: a\n\n"), [frame("message", "a", "")]);
    assert_eq!(
        frames("data: a\n\n\u{feff}data: b\n\ndata: c\n\n"),
        [frame("message", "a", ""), frame("message", "c", "")]
    );
    assert_eq!(decode(&[b"\xEF", b"\xBB", b"\xBFdata: a\n", b"\n"]).0, [frame("message", "a", "")]);
}

#[test]
fn one_space_after_the_colon_is_not_part_of_the_value() {
    assert_eq!(frames("data:a\ndata:  b\ndata\ndata:\n\n"), [frame("message", "a\n b\n\n", "")]);
    assert_eq!(frames("data\n\n"), [frame("message", "", "")]);
}

#[test]
fn comments_and_unknown_fields_say_nothing() {
    assert_eq!(
        frames(": hi\n:\n\nfoo: bar\nDATA: x\n\ndata: a\n: in between\ndata: b\n\n"),
        [frame("message", "a\nb", "")]
    );
}

#[test]
fn an_id_without_data_counts_and_dispatches_nothing() {
    let (seen, id, _) = decode(&[b"id: 1\ndata: a\n\nid: 2\n\n"]);
    assert_eq!((seen, &*id), (vec![frame("message", "a", "1")], "2"));
}

#[test]
fn an_id_counts_only_once_its_block_is_complete() {
    assert_eq!(decode(&[b"id: 1\ndata: a\n\nid: 2\ndata: b\n"]).1, "1");
}

#[test]
fn an_id_stays_until_the_next_and_may_be_emptied() {
    let seen = frames("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n");
    assert_eq!(seen, [frame("message", "a", "1"), frame("message", "b", "1"), frame("message", "c", "")]);
}

#[test]
fn an_id_with_nul_is_ignored() {
    assert_eq!(decode(&[b"id: 1\n\nid: 2\0\ndata: a\n\n"]).0, [frame("message", "a", "1")]);
}

#[test]
fn retry_is_digits_only() {
    assert_eq!(decode(&[b"retry: 2000\n"]).2, Some(2000));
    for bad in ["retry: 2s\n", "retry: -1\n", "retry:\n", "retry: +5\n", "retry: 99999999999999999999\n"] {
        assert_eq!(decode(&[bad.as_bytes()]).2, None, "{bad:?}");
    }
}

#[test]
fn the_event_name_does_not_outlive_its_block() {
    assert_eq!(frames("event: x\n\ndata: a\n\n"), [frame("message", "a", "")]);
}

#[test]
fn what_is_not_utf8_is_replaced_not_refused() {
    assert_eq!(decode(&[b"data: a\xFFb\n\n"]).0, [frame("message", "a\u{fffd}b", "")]);
}

#[test]
fn an_endless_event_is_refused_before_it_fills_the_memory() {
    let mut decoder = Decoder::default();
    let line = [b"data: ".as_slice(), &[b'x'; 1000], b"\n"].concat();
    let refused = (0..EVENT_MAX / 1000 + 2).find_map(|_| decoder.push(&line).err());
    assert_eq!(refused, Some(TooLong));
}

/// Streams made of the pieces that matter to the parser, valid or not.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "data",
        "event",
        "id",
        "retry",
        ":",
        ": ",
        " ",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\u{feff}",
        "\0",
        "ä日👨‍👩‍👧",
        "17",
        "x",
    ]);
    let piece = prop_oneof![
        12 => known.prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn fuzz_every_cut_of_the_bytes_gives_the_same_frames(bytes in stream(), cuts in prop::collection::vec(0usize..400, 0..12)) {
        let whole = decode(&[&bytes]);
        let singles: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&decode(&singles), &whole);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(&decode(&chunks), &whole);
    }

    #[test]
    fn fuzz_what_is_encoded_is_decoded(data in "[^\r]{0,80}", event in "[a-z.]{1,12}", id in "[!-~]{0,12}") {
        let mut bytes = Vec::new();
        encode(Some(&id), Some(&event), &data, &mut bytes);
        prop_assert_eq!(decode(&[&bytes]).0, vec![(event, data, id)]);
    }
}
