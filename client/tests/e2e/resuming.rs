//! The API client's events against the real server, without a screen.

use quchat_client::api::{Access, Client, Received};
use quchat_shared::{
    Event,
    api::{CreateRoom, ListRooms, NewRoom, Register},
    user::NewUser,
};

use crate::server::{PASSWORD, Server};

#[test]
fn events_resume_on_a_server_that_was_killed_without_gap_or_duplicate() {
    let mut server = Server::start();
    let alice = NewUser { name: "alice".into(), password: PASSWORD.into(), invite: None };
    let session = Client::anonymous(server.origin()).call::<Register>(&(), &(), &alice).unwrap();
    let client = Client::signed_in(Access::new(server.origin(), &session));
    let den = NewRoom { name: "den".into(), topic: None, kind: None };
    client.call::<CreateRoom>(&(), &(), &den).unwrap();
    let listed = client.call::<ListRooms>(&(), &(), &()).unwrap();

    let events = client.events(Some(listed.cursor)).resuming();
    let mut texts = events.filter_map(|received| match received.unwrap() {
        Received { event: Some(Event::MessageCreated(event)), .. } => Some(event.message.text),
        _ => None,
    });
    let sent: Vec<String> = (1..=12).map(|n| format!("message {n}")).collect();
    let mut seen = Vec::new();
    for part in sent.chunks(4) {
        server.say("alice", "den", part.iter().cloned());
        seen.extend(texts.by_ref().take(3)); // the fourth may have arrived or not when the server is gone
        server.kill();
        server.start_again();
    }
    seen.extend(texts.by_ref().take(sent.len() - seen.len()));
    assert_eq!(seen, sent);
}
