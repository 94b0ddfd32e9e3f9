//! A TCP balancer: each new connection goes to the next server that accepts it. It moves bytes and knows nothing of what
//! they say.

use std::{
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Most connections at once. Each has two threads.
const CONNECTIONS_MAX: usize = 500;
/// How long a server may take to accept a connection. It is on this machine.
const ACCEPT: Duration = Duration::from_secs(1);

/// Listens until the process ends.
pub(super) struct Balancer {
    pub(super) address: SocketAddr,
    servers: Arc<[Server]>,
}

struct Server {
    address: SocketAddr,
    /// The connections that it has now.
    connections: AtomicUsize,
}

impl Balancer {
    /// Starts a balancer on a free port.
    ///
    /// # Errors
    /// There is no free port, or no thread.
    pub(super) fn before(servers: &[SocketAddr]) -> io::Result<Self> {
        let servers = servers.iter().map(|&address| Server { address, connections: AtomicUsize::new(0) });
        let servers: Arc<[Server]> = servers.collect();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let this = Self { address: listener.local_addr()?, servers: Arc::clone(&servers) };
        thread::Builder::new().spawn(move || accept(&listener, &servers))?;
        Ok(this)
    }

    /// How many connections each server has.
    pub(super) fn connections(&self) -> impl Iterator<Item = usize> {
        self.servers.iter().map(|server| server.connections.load(Ordering::Relaxed))
    }
}

fn accept(listener: &TcpListener, servers: &Arc<[Server]>) {
    for turn in 0usize.. {
        match listener.accept() {
            Ok((near, _)) => {
                let servers = Arc::clone(servers);
                let open: usize = servers.iter().map(|server| server.connections.load(Ordering::Relaxed)).sum();
                if open < CONNECTIONS_MAX {
                    // Without a thread, the connection closes.
                    let _ = thread::Builder::new().spawn(move || pass_on(&near, &servers, turn));
                }
            }
            Err(_) => thread::sleep(Duration::from_millis(10)), // no more files: later perhaps
        }
    }
}

/// Connects to a server and moves bytes until both sides have ended. If no server accepts, `near` closes.
fn pass_on(near: &TcpStream, servers: &[Server], turn: usize) {
    let in_turn = (0..servers.len()).map(|n| &servers[(turn + n) % servers.len()]);
    let mut connected = in_turn.filter_map(|server| {
        let stream = TcpStream::connect_timeout(&server.address, ACCEPT).ok()?;
        Some((server, stream))
    });
    let Some((server, far)) = connected.next() else { return };
    server.connections.fetch_add(1, Ordering::Relaxed);
    let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true)); // it only costs time
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, || move_bytes(&far, near)) {
        Ok(_) => move_bytes(near, &far),
        Err(_) => close(near, &far),
    });
    server.connections.fetch_sub(1, Ordering::Relaxed);
}

/// Moves bytes in one direction. Its end is passed on, and the other direction goes on; a failure closes both.
fn move_bytes(mut from: &TcpStream, mut to: &TcpStream) {
    let moved = io::copy(&mut from, &mut to);
    if moved.and_then(|_| to.shutdown(Shutdown::Write)).is_err() {
        close(from, to);
    }
}

fn close(one: &TcpStream, other: &TcpStream) {
    for stream in [one, other] {
        let _ = stream.shutdown(Shutdown::Both); // an error says that it is closed
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// A server that reads a request to its end, and answers with its name and the request.
    fn start(name: &'static str) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut text) = (stream.unwrap(), String::new());
                stream.read_to_string(&mut text).unwrap();
                write!(stream, "{name} {text}").unwrap();
            }
        });
        address
    }

    fn nobody() -> SocketAddr {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
    }

    fn ask(balancer: &Balancer) -> String {
        let (mut stream, mut answer) = (TcpStream::connect(balancer.address).unwrap(), String::new());
        stream.write_all(b"hello").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn servers_take_turns_and_one_that_refuses_is_skipped() {
        let balancer = Balancer::before(&[start("a"), nobody(), start("b")]).unwrap();
        let mut answers: Vec<_> = (0..6).map(|_| ask(&balancer)).collect();
        answers.sort();
        assert_eq!(answers, ["a hello", "a hello", "b hello", "b hello", "b hello", "b hello"]);
    }

    #[test]
    fn a_connection_closes_if_no_server_accepts_it() {
        let balancer = Balancer::before(&[nobody()]).unwrap();
        let mut stream = TcpStream::connect(balancer.address).unwrap();
        assert_eq!(stream.read(&mut [0; 9]).unwrap_or(0), 0);
    }

    #[test]
    fn a_connection_closes_for_the_client_when_its_server_does() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let balancer = Balancer::before(&[listener.local_addr().unwrap()]).unwrap();
        let mut stream = TcpStream::connect(balancer.address).unwrap();
        drop(listener.accept().unwrap());
        assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0);
    }
}
