//! Connections: accepting them, bounding them, and ending them.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

use super::{body::Busy, guarded::Guarded, problem, router::Routes};
use crate::app::App;

/// Largest request head, in bytes.
const HEAD_MAX: usize = 16 * 1024;
/// Most bytes of an answer that wait in the connection before the socket takes them.
const BUFFER_MAX: usize = 32 * 1024;
/// Most header fields of a request.
const FIELDS_MAX: usize = 64;
/// Connections beyond the bound that are told so at once; further ones wait to be accepted.
const TURNED_AWAY_MAX: usize = 64;
/// Longest time spent on telling them.
const TURN_AWAY_TIME: Duration = Duration::from_secs(2);
/// Pause after a failed accept: descriptors may be back by then.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until `stop` says so, then lets running answers finish within `app.config.drain_timeout`.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener, max: usize, mut stop: watch::Receiver<bool>) {
    let routes = Arc::new(Routes::new());
    let places = Arc::new(Semaphore::new(max));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        let Some((stream, peer)) = opened(accepted).await else { continue };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            let Ok(turn) = Arc::clone(&turned_away).acquire_owned().await else { continue };
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                turn_away(&app, stream).await;
                drop(turn);
            });
            continue;
        };
        let (app, routes, stop) = (Arc::clone(&app), Arc::clone(&routes), stop.clone());
        tokio::spawn(async move {
            converse(app, routes, stream, peer.ip(), stop).await;
            drop(place);
        });
    }
    drop(listener);
    let all = u32::try_from(max).unwrap_or(u32::MAX);
    if timeout(app.config.drain_timeout, places.acquire_many(all)).await.is_err() {
        tracing::warn!("some connections did not finish in time");
    }
}

/// Done once the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await; // a server that is gone has stopped, too
}

async fn opened(accepted: io::Result<(TcpStream, SocketAddr)>) -> Option<(TcpStream, SocketAddr)> {
    match accepted {
        Ok((stream, peer)) => {
            let _ = stream.set_nodelay(true); // a peer that is gone already shows itself on the first read
            Some((stream, peer))
        }
        Err(error) => {
            if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
            None
        }
    }
}

/// Answers the requests of one connection.
async fn converse(
    app: Arc<App>,
    routes: Arc<Routes>,
    stream: TcpStream,
    peer: IpAddr,
    mut stop: watch::Receiver<bool>,
) {
    let busy = Arc::new(AtomicBool::new(false));
    let io = Guarded::new(stream, Arc::clone(&busy), app.config.idle_timeout, app.config.write_timeout);
    let http = http(&app);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (app, routes, busy) = (Arc::clone(&app), Arc::clone(&routes), Busy::new(&busy));
        async move { Ok::<_, Infallible>(routes.answer(app, request, peer).await.map(|body| body.busy(busy))) }
    });
    let connection = http.serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = &mut connection => outcome,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Tells a connection for which there is no place to come back later.
async fn turn_away(app: &App, stream: TcpStream) {
    let io = Guarded::new(stream, Arc::new(AtomicBool::new(false)), TURN_AWAY_TIME, TURN_AWAY_TIME);
    let service = service_fn(|_: hyper::Request<Incoming>| async { Ok::<_, Infallible>(problem::no_place()) });
    let connection = http(app).keep_alive(false).serve_connection(io, service);
    let _ = timeout(TURN_AWAY_TIME, connection).await; // told or not, that was it
}

fn http(app: &App) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(app.config.head_timeout)
        .max_header_size(HEAD_MAX)
        .max_buf_size(BUFFER_MAX)
        .max_headers(FIELDS_MAX);
    http
}
