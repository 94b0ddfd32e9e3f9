//! What bob and carol do once, in the first minute: they react to a message of alice's, correct a message, write to her
//! alone, and mention her.

use std::{collections::HashMap, thread, time::Duration};

use quchat_client::api::Client;
use quchat_shared::{
    Message, RoomId, Seq, UserId,
    api::{AddReaction, EditMessage, ListMessages, MessageEdit, NewMessage, OpenDirectRoom, SendMessage},
    query,
};

use crate::Result;

/// Plays the opening; takes most of a minute. A step that fails is skipped, like a line that cannot be sent.
pub(crate) fn play(bob: &Client, carol: &Client, alice: UserId, rooms: &HashMap<&'static str, RoomId>) {
    let (general, kitchen) = (rooms["general"], rooms["kitchen"]);
    let wait = |seconds| thread::sleep(Duration::from_secs(seconds));
    wait(5);
    let _ = react(bob, general, alice, "❤️");
    wait(1);
    let _ = react(carol, general, alice, "❤️").and_then(|()| react(carol, general, alice, "🍵"));
    wait(6);
    if let Ok(seq) = say(carol, kitchen, "the pizza comes at 91:00 sharp") {
        wait(7);
        let _ = edit(carol, kitchen, seq, "the pizza comes at 19:00 sharp");
    }
    wait(4);
    let _ = say_alone(bob, alice, "psst: there is a cake for carol in the cellar, 20:00, say nothing 🎂");
    wait(9);
    let _ = say(carol, general, "@alice have you seen the long extension cord?");
}

/// Reacts to the newest message of a user in a room.
fn react(client: &Client, room: RoomId, author: UserId, emoji: &str) -> Result<()> {
    let page = client.call::<ListMessages>(&room, &query::ListMessages::default(), &())?;
    let newest = page.messages.iter().rfind(|message| message.sender.id == author);
    if let Some(Message { seq, .. }) = newest {
        client.call::<AddReaction>(&(room, *seq, emoji.to_owned()), &(), &())?;
    }
    Ok(())
}

fn say(client: &Client, room: RoomId, text: &str) -> Result<Seq> {
    let message = NewMessage { text: text.to_owned(), txn: None, reply_to: None };
    Ok(client.call::<SendMessage>(&room, &(), &message)?.seq)
}

fn say_alone(client: &Client, user: UserId, text: &str) -> Result<Seq> {
    let room = client.call::<OpenDirectRoom>(&user, &(), &())?;
    say(client, room.info.id, text)
}

fn edit(client: &Client, room: RoomId, seq: Seq, text: &str) -> Result<()> {
    client.call::<EditMessage>(&(room, seq), &(), &MessageEdit { text: text.to_owned(), expect_rev: None })?;
    Ok(())
}
