//! The server side of HTTP/1.1 as far as the bench needs it: reads requests, writes answers and the chunks of a stream.
//! It knows no route.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use serde::{Serialize, de::DeserializeOwned};

use super::Result;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    pub(super) query: String,
    body: Vec<u8>,
}

impl Request {
    /// Reads the next request of a connection; `None` if the client has closed it.
    pub(super) fn read(connection: &mut BufReader<TcpStream>) -> Result<Option<Self>> {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let (method, target) = words.next().zip(words.next()).ok_or("cannot parse the request line")?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        let mut length = 0;
        loop {
            line.clear();
            connection.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        Ok(Some(Self { method, path, query, body }))
    }

    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// Writes an answer with a JSON body.
pub(super) fn answer(connection: &mut TcpStream, status: u16, body: &impl Serialize) -> Result<()> {
    let body = serde_json::to_vec(body)?;
    let mut bytes =
        format!("HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len())
            .into_bytes();
    bytes.extend(body);
    Ok(connection.write_all(&bytes)?)
}

/// Writes the head of an event stream.
pub(super) fn begin_stream(connection: &mut TcpStream) -> Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    Ok(connection.write_all(head.as_bytes())?)
}

/// Writes a chunk of a stream in one `write`.
pub(super) fn chunk(connection: &mut TcpStream, bytes: &[u8]) -> Result<()> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    Ok(connection.write_all(&chunk)?)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn requests_on_one_connection_are_separated() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut connection = BufReader::new(listener.accept().unwrap().0);
        caller
            .write_all(b"PUT /v1/x?a=1 HTTP/1.1\r\nContent-Length: 3\r\n\r\n[7]GET /healthz HTTP/1.1\r\n\r\n")
            .unwrap();
        let first = Request::read(&mut connection).unwrap().unwrap();
        assert_eq!([&*first.method, &first.path, &first.query], ["PUT", "/v1/x", "a=1"]);
        assert_eq!(first.body::<Vec<u8>>().unwrap(), [7]);
        let second = Request::read(&mut connection).unwrap().unwrap();
        assert_eq!((&*second.path, second.body.len()), ("/healthz", 0));
        drop(caller);
        assert!(Request::read(&mut connection).unwrap().is_none());
    }

    #[test]
    fn answers_and_chunks_state_their_lengths() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut connection = listener.accept().unwrap().0;
        let received = thread::spawn(move || {
            let mut text = String::new();
            caller.read_to_string(&mut text).map(|_| text).unwrap()
        });
        answer(&mut connection, 200, &[1, 2]).unwrap();
        chunk(&mut connection, &[b'x'; 17]).unwrap();
        drop(connection);
        let received = received.join().unwrap();
        assert!(received.contains("content-length: 5\r\n\r\n[1,2]11\r\nxxxxxxxxxxxxxxxxx\r\n"), "{received}");
    }
}
