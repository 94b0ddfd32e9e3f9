//! Answers the operator: over the local socket of a running server, or in the process of a verb while no server runs.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::{
    Method, Request, Response,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    app::App,
    connection::{Body, Upload},
    http::Api,
    metrics_page::MetricsPage,
};

/// Most bytes of a refused body that are read.
const REST_MAX: usize = 1024 * 1024;

/// Answers requests of the operator.
pub(crate) struct Operator {
    app: Arc<App>,
    api: Arc<Api>,
    page: MetricsPage,
}

impl Operator {
    pub(crate) fn new(app: &Arc<App>, api: &Arc<Api>, page: MetricsPage) -> Self {
        Self { app: Arc::clone(app), api: Arc::clone(api), page }
    }

    /// Serves one connection with one request.
    pub(crate) async fn serve(&self, io: impl AsyncRead + AsyncWrite + Unpin) -> hyper::Result<()> {
        let service = service_fn(async |request| Ok::<_, Infallible>(self.respond(request).await));
        let http = http1::Builder::new().header_read_timeout(None).keep_alive(false).clone();
        http.serve_connection(TokioIo::new(io), service).await
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        if head.uri.path() == "/metrics" && head.method == Method::GET {
            let mut response = Response::new(Body::whole(self.page.render()));
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            return response;
        }
        let account = self.app.stream_context.budget.open_account(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let mut body = Upload::only(&head.headers, body, account.clone(), self.app.config.body_timeout);
        let response = self.api.respond_to_operator(head, &mut body, account).await;
        let _ = body.discard(REST_MAX).await; // a rest would make the system drop the response
        response
    }
}

/// A connection in memory, over which one request comes and its answer goes.
pub(crate) struct Exchange {
    request: Vec<u8>,
    /// How much of the request has been read.
    read: usize,
    answer: Vec<u8>,
}

impl Exchange {
    pub(crate) fn new(request: Vec<u8>) -> Self {
        Self { request, read: 0, answer: Vec::new() }
    }

    pub(crate) fn into_answer(self) -> Vec<u8> {
        self.answer
    }
}

impl AsyncRead for Exchange {
    /// Waits at the end, as for a peer that sends nothing more but has not gone.
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let len = buffer.remaining().min(self.request.len() - self.read);
        if len == 0 {
            return Poll::Pending;
        }
        buffer.put_slice(&self.request[self.read..self.read + len]);
        self.read += len;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Exchange {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.answer.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
