//! Who may do what: every route on a room, tried as everybody in rooms of every kind, against one table.
//!
//! A new route is a new row. Statuses, bodies and the events on the streams of all people are compared.

mod stage;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use quchat_shared::api;
use serde_json::Value;

use self::{
    stage::{ACTORS, Kind, Person, Place, Stage},
    table::{ELSEWHERE, Row, rows},
};
use crate::harness::{Answer, Opening};

/// Whom a request is about, if it is about somebody.
fn object(row: &Row, actor: Person) -> Option<Person> {
    let named = [
        ("{target}", Person::Target),
        ("{moderator}", Person::Moderator),
        ("{owner}", Person::Owner),
        ("{banned}", Person::Banned),
        ("{admin}", Person::Admin),
        ("{self}", actor),
        ("{outsider}", if actor == Person::OwnerElsewhere { Person::Stranger } else { Person::OwnerElsewhere }),
    ];
    named.into_iter().find(|(placeholder, _)| row.target.contains(placeholder)).map(|(_, person)| person)
}

fn target(stage: &Stage, row: &Row, actor: Person, place: &Place) -> String {
    let object = object(row, actor).map_or(String::new(), |person| stage.client(person).user().id.to_string());
    let target = row.target.replace("{room}", &format!("/v1/rooms/{}", place.room));
    let target = target.replace("{id}", &place.room.to_string());
    let target = target.replace("{own}", &place.message_of(actor).to_string());
    let target = target.replace("{theirs}", &place.message_of(Person::Target).to_string());
    match (target.find('{'), target.rfind('}')) {
        (Some(start), Some(end)) => format!("{}{object}{}", &target[..start], &target[end + 1..]),
        _ => target,
    }
}

fn body(row: &Row, place: &Place) -> Option<Value> {
    let body = row.body.replace("{id}", &place.room.to_string());
    (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap())
}

/// Status and kind of a refusal, or status and the field of the body that the row names.
fn request(stage: &Stage, row: &Row, actor: Person, place: &Place) -> String {
    let (client, target) = (stage.client(actor), target(stage, row, actor, place));
    let answer = if row.name == "ListenEvents" {
        let query = target.strip_prefix("/v1/events").unwrap();
        match (Opening { query, ..Opening::default() }.ask(client)) {
            Ok(_) => return "200".to_owned(),
            Err(answer) => answer,
        }
    } else {
        client.request(row.method, &target, body(row, place).as_ref())
    };
    describe(&answer, row.field)
}

fn describe(answer: &Answer, field: &str) -> String {
    let Answer { status, body, .. } = answer;
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match (*status, &body[field], &body["kind"]) {
        (200..=299, Value::Null, _) if field.is_empty() && answer.body.is_empty() => status.to_string(),
        (200..=299, Value::Null, _) if body.get(field).is_none() => format!("{status} {}", answer.text()),
        (200..=299, ..) => format!("{status} {field}"),
        (_, _, kind) => format!("{status} {}", kind.as_str().unwrap_or_default()),
    }
}

fn reply(row: &Row, outcome: char) -> String {
    let success = |status: u16| format!("{status} {}", row.field).trim_end().to_owned();
    match outcome {
        '+' | 'j' | 'h' => success(row.statuses.0),
        '=' => success(row.statuses.1),
        '-' => "403 forbidden".to_owned(),
        '?' => "404 not_found".to_owned(),
        '!' => "409 conflict".to_owned(),
        other => panic!("{other:?} is no outcome"),
    }
}

/// What each person hears: events of a room as such are for those who see it, of a ban for the banned, of a marker and a
/// level for the actor, and the others for the members, including who comes or goes.
fn expected(row: &Row, outcome: char, actor: Person, kind: Kind, place: &Place) -> BTreeMap<Person, Vec<&'static str>> {
    let everybody: BTreeSet<_> = ACTORS.into_iter().chain([Person::Target]).collect();
    let mut heard: BTreeMap<_, Vec<_>> = everybody.iter().map(|person| (*person, Vec::new())).collect();
    let mut happened = if outcome == 'j' { vec!["member.joined(me)"] } else { Vec::new() };
    if "+jh".contains(outcome) {
        for &event in &row.events {
            happened.push(event);
            if outcome == 'h' && event.starts_with("member.left") {
                happened.push("member.updated");
            }
        }
    }
    let is_public = matches!(kind, Kind::Public | Kind::Archived);
    let mut members = place.members.clone();
    for event in happened {
        let (name, about) = event.split_once('(').unwrap_or((event, ""));
        let subject = if about == "me)" { Some(actor) } else { object(row, actor) };
        if name == "member.joined" {
            members.extend(subject);
        }
        let audience = match name {
            "ban.updated" if is_public => subject.into_iter().collect(),
            "ban.updated" => BTreeSet::new(),
            "read.updated" | "settings.updated" => BTreeSet::from([actor]),
            _ if name.starts_with("room.") && is_public => everybody.clone(),
            _ => members.clone(),
        };
        audience.iter().for_each(|person| heard.get_mut(person).unwrap().push(name));
        if name == "member.left" {
            members.retain(|member| Some(*member) != subject);
        }
    }
    heard
}

/// Tries every row as everybody in rooms of this kind.
fn try_all(kind: Kind) {
    let mut stage = Stage::new();
    let (mut failures, mut tried, mut place) = (Vec::new(), 0, None);
    for row in rows() {
        let outcomes = row.outcomes[kind as usize];
        assert_eq!(outcomes.len(), ACTORS.len(), "{row:?}");
        for (actor, outcome) in ACTORS.into_iter().zip(outcomes.chars()) {
            let here = place.take().unwrap_or_else(|| stage.place(kind));
            let got = (request(&stage, &row, actor, &here), stage.heard());
            let wanted = (reply(&row, outcome), expected(&row, outcome, actor, kind, &here));
            tried += 1;
            if got == wanted && !"+jh".contains(outcome) {
                place = Some(here); // nothing has changed
            } else if got != wanted {
                let Row { name, method, target, .. } = &row;
                failures.push(format!("{name} ({method} {target}) as {actor:?}: {got:?}\n    instead of {wanted:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {tried} in {kind:?} rooms:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn rights_in_public_rooms() {
    try_all(Kind::Public);
}

#[test]
fn rights_in_private_rooms() {
    try_all(Kind::Private);
}

#[test]
fn rights_in_archived_rooms() {
    try_all(Kind::Archived);
}

#[test]
fn rights_in_direct_rooms() {
    try_all(Kind::Direct);
}

#[test]
fn nobody_does_anything_without_a_token() {
    let mut stage = Stage::new();
    let (place, nobody) = (stage.place(Kind::Public), stage.server.anonymous());
    for row in rows() {
        let target = target(&stage, &row, Person::Stranger, &place);
        nobody.request(row.method, &target, body(&row, &place).as_ref()).problem(401, "unauthenticated");
    }
    assert!(stage.heard().values().all(Vec::is_empty));
}

#[test]
fn every_endpoint_has_a_row() {
    let rows = rows();
    for &(name, method, path) in api::ROWS {
        let has_row = rows.iter().any(|row| row.name == name);
        assert_ne!(has_row, ELSEWHERE.contains(&name), "{name}: a row, or else it is about no room");
        for row in rows.iter().filter(|row| row.name == name) {
            assert_eq!(row.method, method.as_str(), "{name}");
            let path = path.replace("/v1/rooms/{room}", "{room}");
            let (start, _) = path.split_once("/{").unwrap_or((&path, ""));
            assert!(row.target.starts_with(start), "{name} is at {path}, not at {}", row.target);
        }
    }
}
