//! A line over a real socket, and readers who behave badly.

use std::{
    io::{Read, Write},
    net,
    sync::Arc,
    time::Duration,
};

use tokio::net::TcpListener;

use super::*;

const LONG: Duration = Duration::from_secs(20);

fn budget() -> Budget {
    Budget::new(1 << 30)
}

fn chunk(text: &str) -> Chunk {
    Chunk::new(&budget(), text.as_bytes(), 1)
}

/// A line that begins with `head`, and its reader.
async fn line(coding: Coding) -> (Arc<Line>, net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reader = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    reader.set_read_timeout(Some(LONG)).unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let terms = Arc::new(Terms { budget: budget(), slow: Chunk::own(b"bye") });
    (Line::new(socket, coding, Chunk::head("head ".into()), UserId(1), terms), reader)
}

/// Lets the line's task care for it until it has ended.
fn tend(line: &Arc<Line>, patience: Duration) -> tokio::task::JoinHandle<Result<(), Gone>> {
    let line = Arc::clone(line);
    tokio::spawn(async move {
        let outcome = line.ended(&mut Patience::new(patience)).await;
        line.close();
        outcome
    })
}

async fn rest(mut reader: net::TcpStream) -> String {
    let read = move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test]
async fn what_waits_goes_out_in_order_and_the_end_behind_it() {
    for (coding, expected) in
        [(Coding::Chunked, "head 1\r\na\r\n2\r\nbc\r\n3\r\nbye\r\n0\r\n\r\n"), (Coding::Plain, "head abcbye")]
    {
        let (line, reader) = line(coding).await;
        line.push(&Chunk::own(b"a"), 0);
        assert_eq!(line.push(&chunk("bc"), 1), Pushed::Accepted);
        line.end(Some(&chunk("bye")));
        assert_eq!(line.push(&chunk("d"), 8), Pushed::Closed);
        tend(&line, LONG).await.unwrap().unwrap();
        assert_eq!(rest(reader).await, expected);
    }
}

#[tokio::test]
async fn a_line_that_has_caught_up_is_written_by_whoever_flushes_it() {
    let (line, mut reader) = line(Coding::Plain).await;
    line.written(&mut Patience::new(LONG)).await.unwrap();
    let mut patience = Patience::new(LONG);
    let mut ended = std::pin::pin!(line.ended(&mut patience));
    assert!(poll_fn(|cx| Poll::Ready(ended.as_mut().poll(cx).is_pending())).await, "lets it go");
    assert_eq!(line.push(&chunk("a"), 1), Pushed::Unflushed);
    assert_eq!(line.push(&chunk("b"), 1), Pushed::Accepted, "the bound is for what the socket does not take");
    assert_eq!(line.flush(1), Pushed::Accepted);
    let mut read = [0; 7];
    reader.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"head ab");
}

#[tokio::test]
async fn a_full_line_refuses_and_is_cut_without_losing_what_is_its_own() {
    let (line, reader) = line(Coding::Plain).await;
    line.push(&Chunk::own(b"page "), 0);
    assert_eq!(line.push(&chunk("a"), 2), Pushed::Accepted);
    line.push_ephemeral(&chunk("left out"), 2);
    assert_eq!(line.push(&chunk("b"), 2), Pushed::Accepted);
    assert_eq!(line.push(&chunk("c"), 2), Pushed::Full);
    line.cut();
    tend(&line, LONG).await.unwrap().unwrap();
    assert_eq!(rest(reader).await, "head page bye");
}

/// Pushes until the socket takes no more; the text that was pushed.
fn fill(line: &Arc<Line>) -> String {
    let mut text = String::new();
    for n in 0.. {
        let frame = format!("{n:08} {}", "x".repeat(100_000));
        text += &frame;
        line.push(&chunk(&frame), usize::MAX);
        line.flush(usize::MAX);
        if line.lock().is_held {
            break;
        }
    }
    text
}

#[tokio::test]
async fn a_frame_that_was_cut_by_a_full_socket_is_finished_before_the_end() {
    let (line, reader) = line(Coding::Plain).await;
    let task = tend(&line, LONG);
    released(&line).await;
    let text = fill(&line);
    assert!(line.lock().written > 0, "the socket took a part of the last frame");
    assert_eq!(line.push(&chunk("dropped"), usize::MAX), Pushed::Accepted);
    line.cut();
    let heard = rest(reader).await;
    assert!(heard == format!("head {text}bye"), "{} of {}", heard.len(), text.len());
    task.await.unwrap().unwrap();
}

/// Waits until the task has let the line go.
async fn released(line: &Line) {
    while line.lock().is_held {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reader_who_takes_nothing_is_given_up() {
    let (line, reader) = line(Coding::Plain).await;
    let task = tend(&line, Duration::from_millis(20));
    released(&line).await;
    fill(&line);
    assert!(task.await.unwrap().is_err());
    assert_eq!(line.push(&chunk("a"), 1), Pushed::Closed);
    drop(reader);
}

#[tokio::test]
async fn a_reader_who_hangs_up_is_noticed_though_nothing_is_written() {
    let (line, reader) = line(Coding::Plain).await;
    let task = tend(&line, LONG);
    released(&line).await;
    drop(reader);
    assert!(task.await.unwrap().is_err());
}

#[tokio::test]
async fn a_reader_who_hangs_up_is_noticed_though_the_socket_is_full() {
    let (line, reader) = line(Coding::Plain).await;
    let task = tend(&line, LONG);
    released(&line).await;
    fill(&line);
    drop(reader);
    assert!(task.await.unwrap().is_err());
    assert_eq!(line.push(&chunk("a"), 1), Pushed::Closed);
}

#[tokio::test]
async fn a_reader_who_keeps_talking_is_not_listened_to_forever() {
    let (line, mut reader) = line(Coding::Plain).await;
    let task = tend(&line, LONG);
    reader.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    released(&line).await;
    line.push(&chunk("still there"), 1);
    line.flush(1);
    let mut read = [0; 16];
    reader.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"head still there");
    let talking = tokio::task::spawn_blocking(move || while reader.write_all(&[b'x'; 4096]).is_ok() {});
    assert!(task.await.unwrap().is_err());
    talking.await.unwrap();
}
