//! Serves `GET /metrics` on a listener of its own, for a Prometheus server. It takes few connections at once, each for
//! one request.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::metrics_page::MetricsPage;

/// Most connections at once; further ones wait in the kernel.
const CONNECTIONS_MAX: usize = 16;
/// Longest time that a connection may take.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the page. Never completes.
pub(crate) async fn serve(listener: TcpListener, page: MetricsPage) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((socket, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let page = page.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            std::future::ready(Ok::<_, Infallible>(respond(&request, &page)))
        });
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let connection = http1::Builder::new()
                .header_read_timeout(None) // the whole connection has one
                .keep_alive(false)
                .serve_connection(TokioIo::new(socket), service);
            let _ = timeout(CONNECTION_TIME, connection).await; // whoever asks may leave at any time
            drop(place);
        });
    }
}

fn respond(request: &Request<Incoming>, page: &MetricsPage) -> Response<Full<Bytes>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let (status, text) = match request.uri().path() {
        "/metrics" if is_read => (StatusCode::OK, page.render()),
        "/metrics" => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        _ => (StatusCode::NOT_FOUND, "the metrics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
