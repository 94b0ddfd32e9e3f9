//! Handles one request: checks it, routes it, calls the handler and logs the outcome.

use std::{borrow::Cow, sync::Arc, time::Instant};

use hyper::{
    Version,
    header::{HOST, HeaderName, TRANSFER_ENCODING},
    http::request::Parts,
};
use percent_encoding::percent_decode_str;

use super::{
    client_address::ClientAddress,
    limit_hits::LimitHits,
    operator,
    problem::{self, Failure},
    request::Head,
    request_counts::{self, PathCounts},
    request_id::RequestIds,
    request_log::RequestLog,
    router::{Routes, Target},
};
use crate::{
    app::App,
    budget::Account,
    connection::{Body, Peer, Service, Upload},
    domain::Error,
    metrics::Page,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers the API requests of all connections.
pub(crate) struct Api {
    app: Arc<App>,
    routes: Routes,
    request_ids: RequestIds,
    log: RequestLog,
    /// The requests to paths that do not exist.
    other_paths: PathCounts,
    limit_hits: LimitHits,
}

/// Where a request comes from.
#[derive(Clone, Copy)]
enum Source {
    Network(Peer),
    /// From the operator of the server.
    LocalSocket,
}

impl Api {
    /// # Errors
    /// The operating system has no random bytes.
    pub(crate) fn new(app: Arc<App>) -> Result<Self, getrandom::Error> {
        let (routes, request_ids) = (Routes::new(), RequestIds::new()?);
        let (log, other_paths, limit_hits) = Default::default();
        Ok(Self { app, routes, request_ids, log, other_paths, limit_hits })
    }

    /// Writes the counts of requests.
    pub(crate) fn write_counts(&self, page: &mut Page) {
        request_counts::write(self.routes.counts().chain([("none", &self.other_paths)]), page);
        self.limit_hits.write(page);
    }

    /// Answers a request that came over the local socket.
    pub(crate) async fn respond_to_operator(
        &self,
        head: Parts,
        body: &mut Upload,
        account: Account,
    ) -> hyper::Response<Body> {
        self.answer(head, body, account, Source::LocalSocket).await
    }

    async fn answer(&self, head: Parts, body: &mut Upload, account: Account, source: Source) -> hyper::Response<Body> {
        let (begun, method) = (Instant::now(), head.method.clone());
        let path = unescape(head.uri.path());
        let target = self.routes.find(&path);
        let pattern = target.as_ref().map(|target| target.pattern);
        let counts = target.as_ref().map_or(&self.other_paths, |target| target.counts);
        let entry = self.log.begin(&head.method, pattern);
        let outcome = match source {
            Source::LocalSocket => match operator::own_route(&self.app, &head, &path, body).await {
                Some(outcome) => outcome,
                None => self.handle(target, head, body, account, source).await,
            },
            Source::Network(_) => self.handle(target, head, body, account, source).await,
        };
        let id = self.request_ids.next();
        let mut response = match outcome {
            Ok(response) => {
                entry.answered(response.status(), &id);
                response
            }
            Err(failure) => {
                entry.failed(&failure, &id);
                self.limit_hits.count(&failure);
                problem::respond(&failure)
            }
        };
        response.headers_mut().insert(X_REQUEST_ID, id.into());
        counts.count(&method, response.status(), begun.elapsed());
        response
    }

    async fn handle(
        &self,
        target: Option<Target<'_>>,
        parts: Parts,
        upload: &mut Upload,
        account: Account,
        source: Source,
    ) -> Result<hyper::Response<Body>, Failure> {
        let client = match source {
            Source::Network(peer) => ClientAddress::of(peer, &parts.headers, &self.app.config.trusted_proxies),
            Source::LocalSocket => ClientAddress::LOCAL,
        };
        let is_public = || target.as_ref().is_some_and(|target| target.is_public(&parts.method));
        if !client.is_secure && !self.app.config.plaintext && !is_public() {
            return Err(Failure::Plaintext);
        }
        if !is_plainly_framed(&parts) {
            return Err(Failure::TransferCoding);
        }
        if !has_one_host(&parts) {
            return Err(Failure::BadRequest("a request must have exactly one Host header".into()));
        }
        let target = target.ok_or(Failure::NoSuchPath)?;
        let handler = target.handler(&parts.method)?;
        // If memory is short, only a request that changed nothing may be refused now. The other responses are no longer
        // than a message.
        let may_refuse = parts.method.is_safe();
        let is_of_operator = matches!(source, Source::LocalSocket);
        let head = Head { parts, path: target.path, account: account.clone(), client, is_of_operator };
        let mut response = handler(Arc::clone(&self.app), head, upload).await?;
        match response.body_mut().charge_to(&account) {
            Err(full) if may_refuse => Err(Error::from(full).into()),
            Ok(()) | Err(_) => Ok(response),
        }
    }
}

impl Service for Api {
    async fn respond(&self, head: Parts, body: &mut Upload, account: Account, peer: Peer) -> hyper::Response<Body> {
        self.answer(head, body, account, Source::Network(peer)).await
    }

    fn at_capacity(&self) -> hyper::Response<Body> {
        let detail = "the server has too many connections; try again in a moment";
        problem::respond(&Error::Unavailable(detail).into())
    }
}

/// Whether the body has a length or is chunked once. Other transfer codings are not supported, and a body that is
/// chunked twice is an error (RFC 9112 sections 6.1 and 7).
fn is_plainly_framed(parts: &Parts) -> bool {
    let mut codings = parts.headers.get_all(TRANSFER_ENCODING).iter();
    codings.next().is_none_or(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"))
        && codings.next().is_none()
}

/// Since HTTP/1.1 a request has exactly one `Host` (RFC 9112 section 3.2).
fn has_one_host(parts: &Parts) -> bool {
    let hosts = parts.headers.get_all(HOST).iter().count();
    hosts == 1 || (hosts == 0 && parts.version < Version::HTTP_11)
}

/// The path without its escapes (RFC 3986 section 6.2.2.2). U+FFFD, which no path of the API has, stands for a slash or NUL
/// that is escaped, and for what is no UTF-8.
fn unescape(path: &str) -> Cow<'_, str> {
    let unescaped = |part| percent_decode_str(part).decode_utf8_lossy();
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let parts = path.split('/').map(|part| unescaped(part).replace(['/', '\0'], "\u{FFFD}"));
    Cow::Owned(parts.collect::<Vec<_>>().join("/"))
}
