//! The rooms and messages of the demo: a weekend LAN party at somebody's house. The director decides when a line is
//! said.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    /// The user of the demo. The script speaks for her only in the history.
    Alice,
    Bob,
    Carol,
}

use Person::{Alice, Bob, Carol};

/// A room at the start of the demo.
pub(crate) struct RoomScript {
    pub(crate) name: &'static str,
    pub(crate) topic: &'static str,
    pub(crate) owner: Person,
    pub(crate) alice_is_in: bool,
    pub(crate) history: &'static [(Person, &'static str)],
    /// How many of the newest messages alice has not read.
    pub(crate) unread: u64,
}

/// Lines that follow each other in one room.
pub(crate) struct Scene {
    pub(crate) room: &'static str,
    pub(crate) lines: &'static [(Person, &'static str)],
}

pub(crate) const ROOMS: &[RoomScript] = &[
    RoomScript {
        name: "general",
        topic: "the living room",
        owner: Bob,
        alice_is_in: true,
        history: &[
            (Bob, "morning! the long table is free, I took the end by the window"),
            (Carol, "morning. two chairs short, I'll bring the ones from the balcony"),
            (Alice, "there are folding ones in the cellar, behind the bikes"),
            (Carol, "found them 🎉"),
            (
                Bob,
                "plan for today, as far as there is one:\n- until 14:00 everyone updates everything\n- 15:00 first round\n- 19:00 pizza\n- open end",
            ),
            (Alice, "sounds good. who still has updates running?"),
            (Bob, "me. 38 GB. I regret my choices"),
            (Carol, "there is a cache on `10.0.0.2`, point your updater there and it takes four minutes"),
            (Bob, "you could have said so *before* 30 of the 38"),
            (Carol, "I did, in #network, where people read the topic 😇"),
            (Alice, "be nice, you two. tea is ready"),
            (Bob, "on my way"),
            (Carol, "@alice is the upstairs room free later? two of us would like to sleep at some point"),
            (Bob, "sleep is for people without a bracket to win"),
        ],
        unread: 2,
    },
    RoomScript {
        name: "games",
        topic: "what we play, who hosts, who brings what",
        owner: Carol,
        alice_is_in: true,
        history: &[
            (Carol, "votes for the first round, please"),
            (Bob, "racing. always racing"),
            (Alice, "something that runs on my old laptop"),
            (Carol, "then racing it is, on low settings it runs on a toaster"),
            (Bob, "I host. map list:\n```\n1  harbour     3 laps\n2  old town    2 laps\n3  glacier     5 laps\n```"),
            (Alice, "glacier, 5 laps? who hurt you"),
            (Bob, "it builds character"),
            (Carol, "teams: alice + carol against bob and his wheel"),
            (Bob, "the wheel counts as half a person"),
        ],
        unread: 2,
    },
    RoomScript {
        name: "kitchen",
        topic: "pizza at 19:00 · coffee always · whoever empties the pot fills the pot",
        owner: Carol,
        alice_is_in: true,
        history: &[
            (Carol, "I order at 18:00 sharp. say what you want before that"),
            (Bob, "one large with everything, and one with everything else"),
            (Alice, "vegetables for me, and a salad for the table so that we can say we had one"),
            (Carol, "noted. crisps and 麦茶 are on the counter"),
            (Bob, "somebody emptied the pot and did not fill the pot"),
            (Carol, "the topic sees you, @bob"),
            (Bob, "…filling the pot"),
            (Carol, "@alice do we still have oat milk?"),
        ],
        unread: 3,
    },
    RoomScript {
        name: "network",
        topic: "cables, the switch, the cache on 10.0.0.2",
        owner: Bob,
        alice_is_in: true,
        history: &[
            (Bob, "switch is under the table, ports 1 to 12 are live, 13 is cursed"),
            (Carol, "cursed how?"),
            (Bob, "it negotiates 10 Mbit, half duplex, like it's 1996"),
            (Carol, "cache is up: `10.0.0.2`, updates and images. 412 GB hit already"),
            (Alice, "you two are magnificent"),
        ],
        unread: 0,
    },
    RoomScript {
        name: "music",
        topic: "what is on the speakers, and complaints about it",
        owner: Carol,
        alice_is_in: false,
        history: &[(Carol, "queue is open, three songs each"), (Bob, "may I have four"), (Carol, "you may have two")],
        unread: 0,
    },
];

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        room: "general",
        lines: &[
            (Bob, "36 of 38 GB. I can smell the finish line"),
            (Carol, "you smell the router, open a window"),
            (Bob, "…you are right, it's the router"),
        ],
    },
    Scene {
        room: "kitchen",
        lines: &[(Carol, "fresh pot of coffee, eight cups, seven left"), (Bob, "six"), (Carol, "that was *fast*")],
    },
    Scene {
        room: "games",
        lines: &[
            (Carol, "practice lap on harbour: 1:42.8"),
            (Bob, "1:41.9, and I sneezed in the tunnel"),
            (Carol, "screenshot or it did not happen"),
            (Bob, "the sneeze is on the screen, do you really want it"),
        ],
    },
    Scene {
        room: "music",
        lines: &[(Carol, "next up: forty minutes of rain. enjoy"), (Bob, "I used one of my two songs on *this*?")],
    },
    Scene {
        room: "network",
        lines: &[(Bob, "who unplugged port 7?"), (Carol, "the vacuum cleaner. it is back, and the crumbs are gone")],
    },
    Scene {
        room: "general",
        lines: &[
            (Carol, "the cat has discovered the warm end of the table"),
            (Bob, "that is my laptop"),
            (Carol, "that *was* your laptop"),
        ],
    },
    Scene {
        room: "kitchen",
        lines: &[(Bob, "is the big pizza for six or for me?"), (Carol, "there is a 🍕 budget and you are most of it")],
    },
    Scene {
        room: "games",
        lines: &[
            (Bob, "new rule: whoever comes last fetches the drinks"),
            (Carol, "you only say that because @alice has been practising"),
        ],
    },
    Scene {
        room: "general",
        lines: &[
            (Carol, "the printer prints again. nobody knows why. do not touch it"),
            (Bob, "what did you print?"),
            (Carol, "a sign that says do not touch it"),
        ],
    },
    Scene {
        room: "network",
        lines: &[
            (Carol, "cache is at 455 GB served, 31 GB of them from outside"),
            (Bob, "so the internet thinks we are one very patient person"),
        ],
    },
    Scene { room: "music", lines: &[(Bob, "who put polka in the queue"), (Carol, "the queue is a secret ballot")] },
    Scene {
        room: "games",
        lines: &[(Bob, "glacier: car upside down, still moving, still second"), (Carol, "physics left the chat")],
    },
    Scene {
        room: "general",
        lines: &[
            (Bob, "anyone seen a short HDMI cable?"),
            (Carol, "define short"),
            (Bob, "long enough to reach, short enough to be annoying"),
            (Carol, "second drawer, under the adapters"),
        ],
    },
    Scene {
        room: "kitchen",
        lines: &[
            (Carol, "pizza is ordered. two large, one with vegetables, one salad of honour"),
            (Bob, "how long?"),
            (Carol, "forty minutes, they said thirty, so fifty"),
        ],
    },
];

pub(crate) const HELLOS: &[&str] =
    &["hey! good to see you", "hi there 👋", "hello! grab a chair", "oh nice, you're here"];

pub(crate) const ANSWERS: &[&str] = &[
    "good question. I'd say yes, but ask me again after coffee",
    "I think so, give me a minute to check",
    "not sure. what do the others say?",
    "depends on how long the pizza takes",
    "yes. probably. mostly",
    "no idea, but I like where this is going",
];

pub(crate) const WELCOMES: &[&str] = &["any time 🙂", "no worries", "sure, you'd do the same", "don't mention it"];

pub(crate) const NODS: &[&str] = &[
    "ha, same here",
    "I was about to write exactly that",
    "noted 👍",
    "tell me more, I only have half the story",
    "+1",
    "can we put that on the sign by the printer?",
    "I'm in",
    "fair point",
];

pub(crate) const FIRST_WORDS: &[&str] =
    &["oh, a new room! what do we do in here?", "nice and quiet in here, I like it"];
