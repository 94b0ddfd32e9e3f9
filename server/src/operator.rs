//! Answers the operator: over the local socket of a running server, or in the process of a verb while no server runs.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use quchat_shared::limits::BODY_MAX;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{app::App, http, metrics_page::MetricsPage};

/// Answers requests of the operator.
pub(crate) struct Operator {
    app: Arc<App>,
    page: MetricsPage,
}

impl Operator {
    pub(crate) fn new(app: &Arc<App>, page: MetricsPage) -> Self {
        Self { app: Arc::clone(app), page }
    }

    /// Serves one connection with one request.
    pub(crate) async fn serve(&self, io: impl AsyncRead + AsyncWrite + Unpin) -> hyper::Result<()> {
        let service = service_fn(async |request: Request<Incoming>| {
            let (head, body) = request.into_parts();
            let response = match Limited::new(body, BODY_MAX).collect().await {
                Ok(body) => {
                    let query = head.uri.query().unwrap_or_default();
                    self.respond(&head.method, head.uri.path(), query, &body.to_bytes()).await
                }
                Err(_) => response(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", Bytes::new()),
            };
            Ok::<_, Infallible>(response)
        });
        let http = http1::Builder::new().header_read_timeout(None).keep_alive(false).clone();
        http.serve_connection(TokioIo::new(io), service).await
    }

    /// Answers one request.
    pub(crate) async fn respond(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        body: &Bytes,
    ) -> Response<Full<Bytes>> {
        if path == "/metrics" && *method == Method::GET {
            return response(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", self.page.render().into());
        }
        let (head, body) = http::respond_to_operator(&self.app, method, path, query, body).await.into_parts();
        let Ok(body) = body.collect().await;
        Response::from_parts(head, Full::new(body.to_bytes()))
    }
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
