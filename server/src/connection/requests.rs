//! Serves one connection from its first request to its end.

use std::{convert::Infallible, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::{net::TcpStream, sync::watch, time::timeout};

use super::{
    Peer, Server, Service,
    body::Body,
    close::linger,
    detach::{PendingStream, ResponseFraming},
    drive::{Outcome, Timeouts, drive},
    io::ConnectionIo,
    phase::{Busy, PhaseTracker},
    stage::Stage,
    upload::Upload,
};
use crate::{budget::Account, socket::Socket};

/// Largest request head, in bytes.
const HEAD_MAX: usize = 16 * 1024;
/// Largest buffer for a request or a response, in bytes. A complete head must fit.
const BUFFER_MAX: usize = 16 * 1024;
/// Most header fields of a request.
const FIELDS_MAX: usize = 64;
/// How long a connection without a complete request stays open once the server stops.
const LAST_CALL: Duration = Duration::from_millis(250);
/// Most bytes of a request that are discarded after the last response. Discarding them lets the peer read the response.
const DISCARD_MAX: usize = 1024 * 1024;
/// Longest time spent on discarding.
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// Serves one connection: its requests and, if the last of them asks for one, a stream.
pub(super) fn serve_connection<S: Service>(
    server: Arc<Server<S>>,
    tcp: TcpStream,
    peer: IpAddr,
    stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send {
    Stage::new(serve_requests(server, tcp, peer, stop)).run()
}

/// Answers the requests of one connection. If one of them opens a stream, returns the stage that starts it.
async fn serve_requests<S: Service>(
    server: Arc<Server<S>>,
    tcp: TcpStream,
    peer: IpAddr,
    mut stop: watch::Receiver<bool>,
) -> Option<Stage> {
    let (phase, pending_stream) = (PhaseTracker::default(), PendingStream::default());
    let (account, config) = (server.budget.open_account(peer), &server.config);
    let socket = open(&server, tcp, &mut stop).await?;
    let peer = Peer { address: peer, is_encrypted: matches!(socket, Socket::Tls(_)) };
    let io = ConnectionIo::new(socket, phase.clone(), pending_stream.clone(), config.write_timeout, account.clone());
    let timeouts = Timeouts { idle: config.idle_timeout, head: config.head_timeout, body: None };
    let requests = Requests {
        server: Arc::clone(&server),
        phase: phase.clone(),
        pending_stream: pending_stream.clone(),
        account,
        peer,
    };
    let service = service_fn(move |request| {
        let busy = requests.phase.begin_request();
        Box::pin(requests.clone().respond(request, busy))
    });
    let mut connection = http().serve_connection(io, service);
    let outcome = tokio::select! {
        outcome = drive(&mut connection, &phase, &pending_stream, timeouts) => outcome,
        () = stopped(&mut stop) => {
            Pin::new(&mut connection).graceful_shutdown();
            // Connections without a complete request get only a short time.
            let timeouts = Timeouts { idle: LAST_CALL, head: LAST_CALL, body: Some(LAST_CALL) };
            drive(&mut connection, &phase, &pending_stream, timeouts).await
        }
    };
    match outcome {
        Outcome::StreamReady => return pending_stream.start(connection.into_parts().io.into_inner()),
        Outcome::Ended(Ok(())) if phase.has_unread_body() => {
            let socket = connection.into_parts().io.into_inner();
            tokio::select! {
                () = linger(&socket, DISCARD_MAX, DISCARD_TIME) => {}
                () = stopped(&mut stop) => {}
            }
        }
        Outcome::Ended(Ok(())) => {}
        Outcome::Ended(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Outcome::TimedOut => {
            let mut socket = connection.into_parts().io.into_inner();
            socket.end();
            let _ = socket.try_flush();
        }
    }
    None
}

/// Waits for the beginning of the first request; see [`super::Handshakes`].
async fn open<S>(server: &Server<S>, tcp: TcpStream, stop: &mut watch::Receiver<bool>) -> Option<Socket> {
    let mut opening = pin!(server.handshakes.open(tcp, &server.config));
    tokio::select! {
        socket = &mut opening => socket,
        () = stopped(stop) => timeout(LAST_CALL, opening).await.ok()?,
    }
}

/// Passes requests to the service. Cloned for each request.
struct Requests<S> {
    server: Arc<Server<S>>,
    phase: PhaseTracker,
    pending_stream: PendingStream,
    account: Account,
    peer: Peer,
}

impl<S: Service> Requests<S> {
    async fn respond(self, request: hyper::Request<Incoming>, busy: Busy) -> Result<hyper::Response<Body>, Infallible> {
        let framing = ResponseFraming::of(&request);
        let (head, body) = request.into_parts();
        let mut body =
            Upload::new(&head.headers, body, self.phase, self.account.clone(), self.server.config.body_timeout);
        let mut response = self.server.service.respond(head, &mut body, self.account, self.peer).await;
        body.leave(&mut response).await;
        if let Some(stream) = response.body_mut().take_stream() {
            self.pending_stream.set(stream, framing);
        }
        Ok(response.map(|body| body.busy(busy)))
    }
}

impl<S> Clone for Requests<S> {
    fn clone(&self) -> Self {
        let Self { server, phase, pending_stream, account, peer } = self;
        Self {
            server: Arc::clone(server),
            phase: phase.clone(),
            pending_stream: pending_stream.clone(),
            account: account.clone(),
            peer: *peer,
        }
    }
}

/// Completes when the server stops.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await; // an error means that the server is gone, which also counts
}

fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(None) // see `drive`
        .half_close(true) // a peer that closed its sending half still waits for the response
        .max_header_size(HEAD_MAX)
        .max_buf_size(BUFFER_MAX)
        .max_headers(FIELDS_MAX);
    http
}
