//! Connections: accepting them, bounding them, and ending them.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    activity::{Busy, Shared},
    drive::{Driven, Guarded, Waits, drive},
    events::EventStream,
    handover::{Asked, Handover},
    linger::linger,
    receive::{DISCARD_MAX, DISCARD_TIME},
    router::Routes,
    turn_away::TurnAway,
};
use crate::{app::App, line::Line};

/// Largest request head, in bytes.
const HEAD_MAX: usize = 16 * 1024;
/// Most bytes of a request or an answer that wait in the connection: a whole head has to fit.
const BUFFER_MAX: usize = 16 * 1024;
/// Most header fields of a request.
const FIELDS_MAX: usize = 64;
/// Longest time a connection without a whole request stays open once the server stops.
const LAST_CALL: Duration = Duration::from_millis(250);
/// How much longer than one that accepts no byte a peer is waited for whose machine does not even acknowledge. The
/// kernel resets such a connection, whereas a reader that is merely slow is to get its orderly end first.
#[cfg(target_os = "linux")]
const VANISHED: Duration = Duration::from_secs(90);
/// Pause after a failed accept: descriptors may be back by then.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until `stop` says so, then lets running answers finish within `app.config.drain_timeout`.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener, max: usize, mut stop: watch::Receiver<bool>) {
    let routes = Arc::new(Routes::new());
    let (mut connections, mut no_place) = (JoinSet::new(), TurnAway::new().await);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue, // its place is free
            () = stopped(&mut stop) => break,
        };
        let Some((stream, peer)) = opened(accepted, &app).await else { continue };
        while connections.try_join_next().is_some() {}
        if connections.len() < max {
            connections.spawn(converse(Arc::clone(&app), Arc::clone(&routes), stream, peer.ip(), stop.clone()));
        } else {
            no_place.turn_away(stream);
        }
    }
    drop((listener, no_place));
    let drained = timeout(app.config.drain_timeout, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!("{} connections did not finish in time", connections.len());
        connections.shutdown().await;
    }
}

/// Done once the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await; // a server that is gone has stopped, too
}

/// The socket, set to send at once and to give up on a peer that no longer acknowledges anything: small frames alone
/// would fill its buffer for hours before a write has to wait.
async fn opened(accepted: io::Result<(TcpStream, SocketAddr)>, app: &App) -> Option<(TcpStream, SocketAddr)> {
    match accepted {
        Ok((stream, peer)) => {
            // Failing here means that the peer is gone already, which the first read will show.
            let _ = stream.set_nodelay(true);
            #[cfg(target_os = "linux")]
            let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, millis(app.config.write_timeout + VANISHED));
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

#[cfg(target_os = "linux")]
fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Serves one connection: its requests and, if the last of them asks for one, a stream.
fn converse(
    app: Arc<App>,
    routes: Arc<Routes>,
    stream: TcpStream,
    peer: IpAddr,
    stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send {
    // In a box of its own, so that a stream does not keep for days what its beginning needed.
    let beginning = Box::pin(async move {
        let (stream, line) = answer(app, routes, stream, peer, stop).await?;
        stream.replay(line).await
    });
    async move {
        if let Some(stream) = beginning.await {
            stream.follow().await;
        }
    }
}

/// Answers the requests of one connection, up to a stream if there is one.
async fn answer(
    app: Arc<App>,
    routes: Arc<Routes>,
    stream: TcpStream,
    peer: IpAddr,
    mut stop: watch::Receiver<bool>,
) -> Option<(EventStream, Arc<Line>)> {
    let (activity, handover) = (Shared::default(), Handover::default());
    let account = app.terms.budget.open_account(peer);
    let io = Guarded::new(stream, activity.clone(), handover.clone(), app.config.write_timeout, account.clone());
    let waits = Waits { idle: app.config.idle_timeout, head: app.config.head_timeout, body: None };
    let (of_service, to_hand_over) = (activity.clone(), handover.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (app, routes, busy) = (Arc::clone(&app), Arc::clone(&routes), Busy::new(&of_service));
        let (asked, handover, activity) = (Asked::by(&request), to_hand_over.clone(), of_service.clone());
        let account = account.clone();
        Box::pin(async move {
            let mut response = routes.answer(app, request, account, activity).await;
            handover.take_from(asked, &mut response);
            Ok::<_, Infallible>(response.map(|body| body.busy(busy)))
        })
    });
    let mut connection = http().serve_connection(io, service);
    let driven = tokio::select! {
        driven = drive(&mut connection, &activity, &handover, waits) => driven,
        () = stopped(&mut stop) => {
            Pin::new(&mut connection).graceful_shutdown();
            // What is not a request yet, or not any more, is not waited for.
            let waits = Waits { idle: LAST_CALL, head: LAST_CALL, body: Some(LAST_CALL) };
            drive(&mut connection, &activity, &handover, waits).await
        }
    };
    match driven {
        Driven::HandedOver => return handover.finish(connection.into_parts().io.into_inner()),
        Driven::Ended(Ok(())) if activity.rest_is_left() => {
            let socket = connection.into_parts().io.into_inner();
            tokio::select! {
                () = linger(&socket, DISCARD_MAX, DISCARD_TIME) => {}
                () = stopped(&mut stop) => {}
            }
        }
        Driven::Ended(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Driven::Ended(Ok(())) | Driven::GivenUp => {}
    }
    None
}

fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(None) // see `drive`
        .half_close(true) // who says that nothing more comes waits for the answer all the more
        .max_header_size(HEAD_MAX)
        .max_buf_size(BUFFER_MAX)
        .max_headers(FIELDS_MAX);
    http
}
