//! Sends many messages, each different, over many connections, and waits until the last of them can be found.

use std::{
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use quchat_shared::{
    RoomId, Seq,
    api::{NewMessage, SearchMessages, SendMessage},
    query,
};

use super::{Result, addresses::Addresses, api::Api};

/// Connections of each author. Each waits for its acknowledgement before it sends the next message.
const WRITERS: u64 = 64;
/// The server closes a connection that has been idle for longer.
const IDLE: Duration = Duration::from_secs(30);
/// How long indexing may take after the last message.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A message to send.
pub(super) struct Post {
    /// Whose it is: an index into the authors.
    pub(super) author: usize,
    pub(super) room: RoomId,
    pub(super) text: String,
    pub(super) reply_to: Option<Seq>,
}

/// Sends what `post` makes of each number. The connections take turns in using the addresses.
pub(super) fn send_posts(
    addresses: &Addresses,
    authors: &[&Api],
    numbers: &Range<u64>,
    post: impl Fn(u64) -> Post + Sync,
) -> Result<()> {
    let write = |writer: u64| -> Result<()> {
        let address = addresses.of(usize::try_from(writer)?);
        let mut connections: Vec<Option<(Api, Instant)>> = authors.iter().map(|_| None).collect();
        for number in numbers.clone().filter(|number| number % WRITERS == writer) {
            let Post { author, room, text, reply_to } = post(number);
            let (mut api, _) = match connections[author].take().filter(|(_, used)| used.elapsed() < IDLE) {
                Some(open) => open,
                None => (authors[author].again(address)?, Instant::now()),
            };
            let txn = Some(format!("{writer:024x}-{number}")); // as long as the client's
            api.call::<SendMessage>(&room, &(), &NewMessage { text, txn, reply_to })?;
            connections[author] = Some((api, Instant::now()));
        }
        Ok(())
    };
    let write = &write;
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        writers.into_iter().try_for_each(|writer| writer.join().map_err(|_| "a writing thread panicked")?)
    })
}

/// Waits until everything that was sent can be found: sends one more message, with this word, and searches for it.
pub(super) fn wait_until_indexed(api: &mut Api, room: RoomId, word: &str) -> Result<()> {
    let begin = Instant::now();
    api.reconnect()?; // filling the rooms may take longer than the idle timeout of the server
    let new = NewMessage { text: word.to_owned(), txn: None, reply_to: None };
    api.call::<SendMessage>(&room, &(), &new)?;
    let wanted = query::SearchMessages { q: word.to_owned(), ..Default::default() };
    while api.call::<SearchMessages>(&(), &wanted, &())?.hits.is_empty() {
        if begin.elapsed() > PATIENCE {
            return Err("the messages are not indexed in time".into());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
