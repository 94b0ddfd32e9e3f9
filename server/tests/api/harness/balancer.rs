//! A balancer before several servers: each new connection goes to the next of them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io,
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
};

use super::setup;

/// Bytes per direction in the balancer and in each of its kernel buffers: few, so that a server notices a client that
/// does not read.
const BUFFER: usize = 16 * 1024;

/// Listens until it is dropped. Connections go on until their ends close them.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl Balancer {
    pub(crate) fn before(nodes: Vec<SocketAddr>) -> Self {
        let _background = setup::background().enter();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(BUFFER as u32).unwrap();
        socket.set_recv_buffer_size(BUFFER as u32).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(4096).unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = Some(tokio::spawn(accept(listener, nodes)));
        Self { address, accepting }
    }
}

impl Drop for Balancer {
    /// Afterwards nobody can connect any more.
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = setup::background().block_on(accepting);
        }
    }
}

async fn accept(listener: TcpListener, mut nodes: Vec<SocketAddr>) {
    loop {
        match listener.accept().await {
            Ok((near, _)) => drop(tokio::spawn(pass_on(near, nodes.clone()))),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await, // no more files: later perhaps
        }
        nodes.rotate_left(1);
    }
}

/// Moves bytes until both sides have ended or one of them breaks. Then both connections close.
async fn pass_on(mut near: TcpStream, nodes: Vec<SocketAddr>) -> io::Result<()> {
    let mut far = connect(nodes).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    io::copy_bidirectional_with_sizes(&mut near, &mut far, BUFFER, BUFFER).await.map(drop)
}

/// Connects to the first node that is there.
async fn connect(nodes: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut outcome = Err(io::ErrorKind::NotConnected.into());
    for node in nodes {
        let socket = TcpSocket::new_v4()?;
        socket.set_send_buffer_size(BUFFER as u32)?;
        socket.set_recv_buffer_size(BUFFER as u32)?;
        outcome = socket.connect(node).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
