//! The demo without a terminal: prints the conversation as plain lines until it is stopped. It reads as alice and does
//! not change what she has read.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::Path,
};

use quchat_client::{
    api::{Access, Client, Origin},
    state,
};
use quchat_shared::{
    Event, Message, RoomId,
    api::{ListMessages, ListRooms},
    query,
};

use crate::Result;

pub(crate) fn watch(server: &str, state_home: &Path) -> Result<()> {
    let broken_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match follow(server, state_home) {
        Err(error) if error.downcast_ref().is_some_and(broken_pipe) => Ok(()), // the reader has closed the pipe
        outcome => outcome,
    }
}

fn follow(server: &str, state_home: &Path) -> Result<()> {
    let place = state::StateDir::at(state_home.join("quchat"));
    let origin = Origin::parse(server).map_err(|e| format!("{server}: {e}"))?;
    let session = state::kept_session(&place, &origin)
        .ok_or_else(|| format!("no session of alice in {}", state_home.display()))?;
    let alice = Client::signed_in(Access::new(origin, &session));

    let mut names: HashMap<RoomId, String> = HashMap::new();
    let snapshot = alice.call::<ListRooms>(&(), &(), &())?;
    for room in snapshot.rooms {
        if room.member.is_some() {
            let page = alice.call::<ListMessages>(&room.info.id, &query::ListMessages::default(), &())?;
            names.insert(room.info.id, room.info.name);
            for message in page.messages {
                print(&names, &message)?;
            }
        }
    }
    for received in alice.events(Some(snapshot.cursor)) {
        match received?.event {
            Some(Event::MessageCreated(event)) => print(&names, &event.message)?,
            Some(Event::RoomCreated(event)) => drop(names.insert(event.room.id, event.room.name)),
            _ => {}
        }
    }
    Ok(())
}

fn print(names: &HashMap<RoomId, String>, message: &Message) -> io::Result<()> {
    let room = names.get(&message.room_id).map_or("?", String::as_str);
    let mut out = io::stdout().lock();
    for (index, line) in message.text.lines().enumerate() {
        let who = if index == 0 { message.sender.name.as_str() } else { "" };
        writeln!(out, "{:<10}{who:>6}  {line}", format!("#{room}"))?;
    }
    out.flush()
}
