//! Who says what when: scenes with pauses like those of people, and an answer to whoever speaks to them.
//!
//! Pure: time is handed in, lines come out. Never more than one line a second, and never more than one answer under
//! way in a room, however much is said.

use std::{collections::HashMap, time::Duration};

use quchat_shared::RoomId;

use crate::script::{self, Person, Scene};

/// A line and its moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) room: RoomId,
    pub(crate) who: Person,
    pub(crate) text: String,
}

/// Shortest time between two lines.
const BREATH: Duration = Duration::from_secs(1);
/// For so long the talk is lively, so that a newcomer sees some of it; then it calms down.
const LIVELY: Duration = Duration::from_secs(180);

/// All times count from the start of the play.
pub(crate) struct Director {
    rooms: HashMap<&'static str, RoomId>,
    chance: Chance,
    /// What will be said, soonest first.
    plan: Vec<(Duration, Line)>,
    /// Rooms with an answer under way.
    answering: Vec<RoomId>,
    /// Scenes not played since the last shuffle.
    scenes: Vec<&'static Scene>,
    next_scene: Duration,
    last_line: Duration,
    /// The answer last given of each list, so that none comes twice in a row.
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

    /// When to ask [`Director::take_due`] again at the latest.
    pub(crate) fn next_due(&self) -> Duration {
        let line = self.plan.first().map_or(self.next_scene, |(at, _)| *at);
        line.min(self.next_scene).max(self.last_line + BREATH)
    }

    /// What is to be said now: one line or none.
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

    /// Somebody said something; whoever is not of the cast gets an answer.
    pub(crate) fn heard(&mut self, now: Duration, room: RoomId, sender: &str, text: &str) {
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

    /// A room appeared; somebody comes to see it.
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

    /// Read, think, type: then it is said. Returns when.
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

/// Chance enough for a play (xorshift64); never zero.
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

    /// Everything said until `end`, each with its moment.
    fn play(director: &mut Director, end: Duration) -> Vec<(Duration, Line)> {
        let (mut said, mut now) = (Vec::new(), Duration::ZERO);
        while now < end {
            now = now.max(director.next_due());
            said.extend(director.take_due(now).map(|line| (now, line)));
        }
        said
    }

    #[test]
    fn the_talk_is_lively_and_never_faster_than_people() {
        let said = play(&mut director(), Duration::from_secs(3600));
        assert!(said.windows(2).all(|two| two[1].0 - two[0].0 >= BREATH));
        let first_minute = said.iter().filter(|(at, _)| *at < Duration::from_secs(60)).count();
        assert!((5..=30).contains(&first_minute), "{first_minute} lines");
        let last_minute = said.iter().filter(|(at, _)| *at > Duration::from_secs(3540)).count();
        assert!(last_minute < first_minute, "{last_minute} lines");
    }

    #[test]
    fn who_is_named_answers_and_a_flood_gets_one_answer() {
        let mut director = director();
        let (room, now) = (RoomId(1), Duration::from_secs(1));
        for _ in 0..1000 {
            director.heard(now, room, "alice", "Carol, is there any coffee left?");
        }
        assert_eq!(director.plan.len(), 1);
        let said = play(&mut director, Duration::from_secs(8));
        let (_, answer) = said.iter().find(|(_, line)| line.room == room).expect("an answer");
        assert_eq!(answer.who, Person::Carol);
        assert!(script::ANSWERS.contains(&answer.text.as_str()));
    }

    #[test]
    fn the_cast_does_not_answer_itself() {
        let mut director = director();
        director.heard(Duration::ZERO, RoomId(1), "bob", "hello?");
        assert_eq!(director.plan.len(), 0);
    }

    #[test]
    fn a_new_room_is_visited_and_the_known_ones_are_not_new() {
        let mut director = director();
        director.room_created(Duration::ZERO, RoomId(1));
        assert_eq!(director.plan.len(), 0);
        director.room_created(Duration::ZERO, RoomId(99));
        assert_eq!(director.plan[0].1.room, RoomId(99));
    }

    #[test]
    fn every_scene_has_its_room_and_the_cast_leaves_alice_her_own_words() {
        for scene in script::SCENES {
            assert!(script::ROOMS.iter().any(|room| room.name == scene.room), "{}", scene.room);
            assert!(scene.lines.iter().all(|(who, _)| *who != Person::Alice), "{}", scene.room);
        }
    }
}
