//! The pictures in the README: real frames, drawn anew with every change (`INSTA_UPDATE=always` takes them over).

use std::{fs, path::Path};

use quchat_client::model::Link;
use quchat_shared::{Message, RoomId, Seq};

use crate::{
    stage::{Stage, message, room},
    svg::svg,
};

/// A weekend at somebody's house.
fn weekend() -> Vec<Message> {
    let said = [
        (0, "bob", "me. 38 GB. I regret my choices"),
        (4, "carol", "there is a cache on `10.0.0.2`, point your updater there and it takes four minutes"),
        (5, "bob", "you could have said so *before* 30 of the 38"),
        (6, "carol", "I did, in #network, where people read the topic 😇"),
        (7, "alice", "be nice, you two. tea is ready"),
        (8, "bob", "on my way"),
        (31, "carol", "@alice is the upstairs room free later? two of us would like to sleep at some point"),
        (32, "bob", "sleep is for people without a bracket to win: https://lan.example.org/cup"),
        (33, "carol", "the cat has discovered the warm end of the table"),
        (33, "bob", "that is my laptop"),
        (34, "carol", "that *was* your laptop"),
        (41, "bob", "anyone seen a short HDMI cable?"),
        (41, "carol", "> short\n_define short_"),
        (42, "bob", "long enough to reach, short enough to be annoying"),
        (43, "carol", "second drawer, under the adapters"),
    ];
    let mut messages: Vec<_> =
        (1..).zip(said).map(|(seq, (minutes, sender, text))| message(seq, 360 + minutes, sender, text)).collect();
    if let Some(answer) = messages.last_mut() {
        answer.reply_to = Some(Seq(12));
    }
    messages
}

fn stage(theme: &str) -> Stage {
    let mut stage = Stage::in_general(100, 27, weekend());
    stage.model.rooms.clear();
    let joined = [
        (1, "general", "the living room", 15, 0),
        (2, "games", "", 6, 0),
        (3, "kitchen", "", 3, 1),
        (4, "network", "", 0, 0),
    ];
    for (id, name, topic, unread, mentions) in joined {
        let mut room = room(id, name, topic, true);
        (room.info.last_seq, room.mentions) = (Seq(unread), mentions);
        stage.add_room(room);
    }
    stage.add_room(room(5, "music", "", false));
    stage.hold(RoomId(1), weekend());
    stage.room().new_after = Some(Seq(6));
    stage.model.link = Link::Connected;
    stage.model.theme = theme.into();
    stage.follow();
    stage.type_text("two mattresses and a sign-up sheet");
    stage
}

/// Takes what is drawn now over into the file, if asked to; says whether the file holds it.
fn holds(path: &Path, drawn: impl FnOnce(&str) -> String) -> bool {
    let kept = fs::read_to_string(path).unwrap_or_default();
    let drawn = drawn(&kept);
    let update = std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always");
    if update && kept != drawn {
        fs::write(path, &drawn).unwrap();
    }
    update || kept == drawn
}

#[test]
fn the_pictures_are_real_frames() {
    for theme in ["dark", "light"] {
        let mut stage = stage(theme);
        stage.draw();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("pictures/{theme}.svg"));
        assert!(holds(&path, |_| svg(stage.buffer(), "quchat")), "{} shows another frame", path.display());
    }
}

#[test]
fn the_frame_in_the_text_of_the_readme_is_a_real_one() {
    let screen = stage("dark").screen();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let with_frame = |readme: &str| {
        let (before, rest) = readme.split_once("```text\n").unwrap();
        let (_, after) = rest.split_once("```\n").unwrap();
        format!("{before}```text\n{screen}```\n{after}")
    };
    assert!(holds(&path, with_frame), "the first block of text in the README shows another frame than\n{screen}");
}
