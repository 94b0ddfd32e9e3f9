//! Tests a stream over a real socket with readers that behave badly.

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

/// A stream that begins with `head`, and its reader.
async fn open(coding: Coding) -> (Arc<StreamWriter>, net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reader = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    reader.set_read_timeout(Some(LONG)).unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let context = Arc::new(StreamContext { budget: budget(), slow_bye: Chunk::own(b"bye"), cut: Default::default() });
    (StreamWriter::new(socket, coding, Chunk::head("head ".into()), UserId(1), context), reader)
}

/// Runs the task of a stream until it has ended.
fn run(writer: &Arc<StreamWriter>, write_timeout: Duration) -> tokio::task::JoinHandle<Result<(), Gone>> {
    let writer = Arc::clone(writer);
    tokio::spawn(async move {
        let outcome = writer.ended(&mut IdleTimeout::new(write_timeout)).await;
        writer.close();
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
async fn the_queue_is_written_in_order_and_then_the_end() {
    for (coding, expected) in
        [(Coding::Chunked, "head 1\r\na\r\n2\r\nbc\r\n3\r\nbye\r\n0\r\n\r\n"), (Coding::Plain, "head abcbye")]
    {
        let (writer, reader) = open(coding).await;
        writer.push(&Chunk::own(b"a"), 0);
        assert_eq!(writer.push(&chunk("bc"), 1), Pushed::Accepted);
        writer.end(Some(&chunk("bye")));
        assert_eq!(writer.push(&chunk("d"), 8), Pushed::Closed);
        run(&writer, LONG).await.unwrap().unwrap();
        assert_eq!(rest(reader).await, expected);
    }
}

#[tokio::test]
async fn a_stream_that_has_caught_up_is_written_by_its_producers() {
    let (writer, mut reader) = open(Coding::Plain).await;
    writer.written(&mut IdleTimeout::new(LONG)).await.unwrap();
    let mut write_timeout = IdleTimeout::new(LONG);
    let mut ended = std::pin::pin!(writer.ended(&mut write_timeout));
    assert!(poll_fn(|cx| Poll::Ready(ended.as_mut().poll(cx).is_pending())).await, "polling `ended` releases the hold");
    assert_eq!(writer.push(&chunk("a"), 1), Pushed::Unflushed);
    assert_eq!(
        writer.push(&chunk("b"), 1),
        Pushed::Accepted,
        "only chunks that the socket does not accept count against the bound"
    );
    assert_eq!(writer.flush(1), Pushed::Accepted);
    let mut read = [0; 7];
    reader.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"head ab");
}

#[tokio::test]
async fn a_full_stream_is_closed_and_keeps_its_own_chunks() {
    let (writer, reader) = open(Coding::Plain).await;
    writer.push(&Chunk::own(b"page "), 0);
    assert_eq!(writer.push(&chunk("a"), 2), Pushed::Accepted);
    writer.push_ephemeral(&chunk("left out"), 2);
    assert_eq!(writer.push(&chunk("b"), 2), Pushed::Accepted);
    assert_eq!(writer.push(&chunk("c"), 2), Pushed::Full);
    writer.cut();
    run(&writer, LONG).await.unwrap().unwrap();
    assert_eq!(rest(reader).await, "head page bye");
}

/// Pushes until the socket accepts no more. Returns the pushed text.
fn fill(writer: &Arc<StreamWriter>) -> String {
    let mut text = String::new();
    for n in 0.. {
        let frame = format!("{n:08} {}", "x".repeat(100_000));
        text += &frame;
        writer.push(&chunk(&frame), usize::MAX);
        writer.flush(usize::MAX);
        if writer.lock().is_held {
            break;
        }
    }
    text
}

#[tokio::test]
async fn a_frame_that_was_cut_by_a_full_socket_is_finished_before_the_end() {
    let (writer, reader) = open(Coding::Plain).await;
    let task = run(&writer, LONG);
    released(&writer).await;
    let text = fill(&writer);
    assert!(writer.lock().written > 0, "the socket accepted a part of the last frame");
    assert_eq!(writer.push(&chunk("dropped"), usize::MAX), Pushed::Accepted);
    writer.cut();
    let heard = rest(reader).await;
    assert!(heard == format!("head {text}bye"), "{} of {}", heard.len(), text.len());
    task.await.unwrap().unwrap();
}

/// The budget chooses what to evict first, and evicts it then. Meanwhile the stream may end for another reason.
#[tokio::test]
async fn an_eviction_that_comes_after_the_end_of_the_stream_leaves_its_last_frame() {
    let (writer, reader) = open(Coding::Plain).await;
    let task = run(&writer, LONG);
    released(&writer).await;
    let text = fill(&writer);
    let chosen = writer.lock().backlog.as_ref().unwrap().key();
    writer.cut();
    writer.evict(chosen);
    let heard = rest(reader).await;
    assert!(heard == format!("head {text}bye"), "{} of {}", heard.len(), text.len());
    task.await.unwrap().unwrap();
}

/// Waits until the task has ended the hold.
async fn released(writer: &StreamWriter) {
    while writer.lock().is_held {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reader_that_accepts_nothing_is_closed() {
    let (writer, reader) = open(Coding::Plain).await;
    let task = run(&writer, Duration::from_millis(20));
    released(&writer).await;
    fill(&writer);
    assert!(task.await.unwrap().is_err());
    assert_eq!(writer.push(&chunk("a"), 1), Pushed::Closed);
    drop(reader);
}

#[tokio::test]
async fn a_reader_that_leaves_is_noticed_while_nothing_is_written() {
    let (writer, reader) = open(Coding::Plain).await;
    let task = run(&writer, LONG);
    released(&writer).await;
    drop(reader);
    assert!(task.await.unwrap().is_err());
}

#[tokio::test]
async fn a_reader_that_leaves_is_noticed_while_the_socket_is_full() {
    let (writer, reader) = open(Coding::Plain).await;
    let task = run(&writer, LONG);
    released(&writer).await;
    fill(&writer);
    drop(reader);
    assert!(task.await.unwrap().is_err());
    assert_eq!(writer.push(&chunk("a"), 1), Pushed::Closed);
}

#[tokio::test]
async fn a_reader_that_keeps_sending_is_closed() {
    let (writer, mut reader) = open(Coding::Plain).await;
    let task = run(&writer, LONG);
    reader.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    released(&writer).await;
    writer.push(&chunk("still there"), 1);
    writer.flush(1);
    let mut read = [0; 16];
    reader.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"head still there");
    let talking = tokio::task::spawn_blocking(move || while reader.write_all(&[b'x'; 4096]).is_ok() {});
    assert!(task.await.unwrap().is_err());
    talking.await.unwrap();
}
