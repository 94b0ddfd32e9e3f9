//! Decides what bob and carol say and when: scenes at the pace of people who type, and answers to other users.
//!
//! It is pure: callers pass the time in and get lines back. It returns at most one line per second and plans at most
//! one answer per room at a time, however many messages arrive.

use std::{collections::HashMap, time::Duration};

use quchat_shared::RoomId;

use crate::script::{self, Person, Scene};

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) room: RoomId,
    pub(crate) who: Person,
    pub(crate) text: String,
}

/// Shortest time between two lines.
const GAP_MIN: Duration = Duration::from_secs(1);
/// For this long, scenes follow each other quickly, so that a new user sees some of them.
const LIVELY: Duration = Duration::from_secs(180);

/// All times count from the start of the demo.
pub(crate) struct Director {
    rooms: HashMap<&'static str, RoomId>,
    chance: Chance,
    /// The planned lines, soonest first.
    plan: Vec<(Duration, Line)>,
    /// Rooms with a planned answer.
    answering: Vec<RoomId>,
    /// Scenes not played since the last shuffle.
    scenes: Vec<&'static Scene>,
    next_scene: Duration,
    last_line: Duration,
    /// The index last picked from each list, so that no text comes twice in a row.
    given: HashMap<*const &'static str, usize>,
}

impl Director {
    pub(crate) fn new(rooms: HashMap<&'static str, RoomId>, seed: u64) -> Self {
        Self {
            rooms,
            chance: Chance(seed | 1),
            plan: Vec::new(),
            answering: Vec::new(),
            scenes: Vec::new(),
            next_scene: Duration::from_secs(4),
            last_line: Duration::ZERO,
            given: HashMap::new(),
        }
    }

    /// When to call [`Director::take_due`] next.
    pub(crate) fn next_due(&self) -> Duration {
        let line = self.plan.first().map_or(self.next_scene, |(at, _)| *at);
        line.min(self.next_scene).max(self.last_line + GAP_MIN)
    }

    /// Returns the line to send now, if one is due.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Line> {
        if now < self.next_due() {
            return None;
        }
        if now >= self.next_scene {
            self.begin_scene(now);
        }
        if self.plan.first().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        self.last_line = now;
        let (_, line) = self.plan.remove(0);
        self.answering.retain(|&room| room != line.room);
        Some(line)
    }

    /// Plans an answer to a message, unless bob or carol sent it.
    pub(crate) fn message_received(&mut self, now: Duration, room: RoomId, sender: &str, text: &str) {
        if ["bob", "carol"].contains(&sender) || self.answering.contains(&room) {
            return;
        }
        let text = text.to_lowercase();
        let who = match (text.contains("bob"), text.contains("carol")) {
            (true, false) => Person::Bob,
            (false, true) => Person::Carol,
            _ => self.either(),
        };
        let answer = self.pick(answers_to(&text));
        self.answering.push(room);
        self.plan_line(now, room, who, answer);
    }

    /// Plans a first message in a room that a user has created.
    pub(crate) fn room_created(&mut self, now: Duration, room: RoomId) {
        if self.rooms.values().any(|&known| known == room) || self.plan.len() > script::ROOMS.len() {
            return;
        }
        let (who, text) = (self.either(), self.pick(script::FIRST_WORDS));
        self.plan_line(now + Duration::from_secs(2), room, who, text);
    }

    fn begin_scene(&mut self, now: Duration) {
        if self.scenes.is_empty() {
            self.scenes = script::SCENES.iter().collect();
            for last in (1..self.scenes.len()).rev() {
                self.scenes.swap(last, self.chance.below(last + 1));
            }
        }
        let mut at = now;
        if let Some(scene) = self.scenes.pop()
            && let Some(&room) = self.rooms.get(scene.room)
        {
            for &(who, text) in scene.lines {
                at = self.plan_line(at, room, who, text);
            }
        }
        let pause = if now < LIVELY { 3 + self.chance.below(5) } else { 25 + self.chance.below(20) };
        self.next_scene = at + Duration::from_secs(pause as u64);
    }

    /// Plans a line after the time it takes to read, think and type, and returns when it will be sent.
    fn plan_line(&mut self, after: Duration, room: RoomId, who: Person, text: &str) -> Duration {
        let millis = 1200 + self.chance.below(1300) + 45 * text.chars().count().min(60);
        let at = after + Duration::from_millis(millis as u64);
        let place = self.plan.partition_point(|(other, _)| *other <= at);
        self.plan.insert(place, (at, Line { room, who, text: text.to_owned() }));
        at
    }

    fn either(&mut self) -> Person {
        if self.chance.below(2) == 0 { Person::Bob } else { Person::Carol }
    }

    fn pick(&mut self, list: &'static [&'static str]) -> &'static str {
        let last = self.given.get(&list.as_ptr()).copied();
        let mut index = self.chance.below(list.len());
        if Some(index) == last {
            index = (index + 1) % list.len();
        }
        self.given.insert(list.as_ptr(), index);
        list[index]
    }
}

fn answers_to(text: &str) -> &'static [&'static str] {
    let says = |list: &[&str]| text.split(|c: char| !c.is_alphanumeric()).any(|word| list.contains(&word));
    if text.trim_end().ends_with('?') {
        script::ANSWERS
    } else if says(&["thanks", "thank", "thx", "cheers"]) {
        script::WELCOMES
    } else if says(&["hi", "hello", "hey", "morning", "evening", "moin", "hallo"]) {
        script::HELLOS
    } else {
        script::NODS
    }
}

/// A pseudo-random number generator (xorshift64). Its state is never zero.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn director() -> Director {
        let rooms = script::ROOMS.iter().zip(1..).map(|(room, id)| (room.name, RoomId(id)));
        Director::new(rooms.collect(), 7)
    }

    /// Returns all lines until `end`, each with its time.
    fn play(director: &mut Director, end: Duration) -> Vec<(Duration, Line)> {
        let (mut said, mut now) = (Vec::new(), Duration::ZERO);
        while now < end {
            now = now.max(director.next_due());
            said.extend(director.take_due(now).map(|line| (now, line)));
        }
        said
    }

    #[test]
    fn scenes_become_rarer_and_lines_never_come_too_fast() {
        let said = play(&mut director(), Duration::from_secs(3600));
        assert!(said.windows(2).all(|two| two[1].0 - two[0].0 >= GAP_MIN));
        let first_minute = said.iter().filter(|(at, _)| *at < Duration::from_secs(60)).count();
        assert!((5..=30).contains(&first_minute), "{first_minute} lines");
        let last_minute = said.iter().filter(|(at, _)| *at > Duration::from_secs(3540)).count();
        assert!(last_minute < first_minute, "{last_minute} lines");
    }

    #[test]
    fn the_person_who_is_named_answers_and_a_flood_gets_one_answer() {
        let mut director = director();
        let (room, now) = (RoomId(1), Duration::from_secs(1));
        for _ in 0..1000 {
            director.message_received(now, room, "alice", "Carol, is there any coffee left?");
        }
        assert_eq!(director.plan.len(), 1);
        let said = play(&mut director, Duration::from_secs(8));
        let (_, answer) = said.iter().find(|(_, line)| line.room == room).expect("an answer");
        assert_eq!(answer.who, Person::Carol);
        assert!(script::ANSWERS.contains(&answer.text.as_str()));
    }

    #[test]
    fn bob_and_carol_do_not_answer_each_other() {
        let mut director = director();
        director.message_received(Duration::ZERO, RoomId(1), "bob", "hello?");
        assert_eq!(director.plan.len(), 0);
    }

    #[test]
    fn a_new_room_gets_a_first_message_and_a_known_room_does_not() {
        let mut director = director();
        director.room_created(Duration::ZERO, RoomId(1));
        assert_eq!(director.plan.len(), 0);
        director.room_created(Duration::ZERO, RoomId(99));
        assert_eq!(director.plan[0].1.room, RoomId(99));
    }

    #[test]
    fn every_scene_has_a_room_and_no_line_of_alice() {
        for scene in script::SCENES {
            assert!(script::ROOMS.iter().any(|room| room.name == scene.room), "{}", scene.room);
            assert!(scene.lines.iter().all(|(who, _)| *who != Person::Alice), "{}", scene.room);
        }
    }
}
