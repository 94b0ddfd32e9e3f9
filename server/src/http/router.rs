//! The table of contents: every route and what answers it.

use std::{borrow::Cow, collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use hyper::{
    Method, Version,
    body::Incoming,
    header::{HOST, TRANSFER_ENCODING},
    http::request::Parts,
};
use percent_encoding::percent_decode_str;
use quchat_shared::api::{self, Endpoint};

use super::{
    activity,
    body::Body,
    events, members, messages,
    problem::{self, Failure},
    read_markers,
    receive::Upload,
    request::{self, Head, Request},
    response::Respond,
    rooms, server_info, sessions, users,
};
use crate::{app::App, auth::jwt::Verified, budget::Account, domain::Error};

/// Every route of the API.
fn routes() -> Router {
    Router::default()
        .open(api::GetServer, server_info::get_server)
        .open(api::Register, users::register)
        .open(api::SignIn, sessions::sign_in)
        .signed_in(api::SignOut, sessions::sign_out)
        .signed_in(api::GetMe, users::get_me)
        .signed_in(api::ListUsers, users::list_users)
        .signed_in(api::GetUser, users::get_user)
        .signed_in(api::ListRooms, rooms::list_rooms)
        .signed_in(api::CreateRoom, rooms::create_room)
        .signed_in(api::GetRoom, rooms::get_room)
        .signed_in(api::JoinRoom, members::join_room)
        .signed_in(api::LeaveRoom, members::leave_room)
        .signed_in(api::ListMessages, messages::list_messages)
        .signed_in(api::SendMessage, messages::send_message)
        .signed_in(api::MarkRead, read_markers::mark_read)
        .signed_in(api::ListenEvents, events::listen_events)
}

/// The path that tells a supervisor whether the server is well.
const HEALTH: &str = "/healthz";

type Answer<'a> = Pin<Box<dyn Future<Output = Result<hyper::Response<Body>, Failure>> + Send + 'a>>;
type Handler = Box<dyn for<'a> Fn(Arc<App>, Head, &'a mut Upload) -> Answer<'a> + Send + Sync>;

#[derive(Default)]
struct Router {
    by_path: BTreeMap<&'static str, Vec<(Method, Handler)>>,
}

impl Router {
    /// A route that needs no token.
    fn open<E: Endpoint, R, F>(
        self,
        _: E,
        handler: impl Fn(Arc<App>, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.on::<E>(Box::new(move |app, head, upload| {
            Box::pin(async move {
                let request = request::decode(head, upload).await?;
                Ok(handler(app, request).await?.respond())
            })
        }))
    }

    /// A route for callers with a token that verifies. Whether their session is alive is seen where the work is done.
    fn signed_in<E: Endpoint, R, F>(
        self,
        _: E,
        handler: impl Fn(Arc<App>, Verified, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.on::<E>(Box::new(move |app, head, upload| {
            Box::pin(async move {
                let token = request::bearer(&head.parts.headers).ok_or(Failure::NoToken)?;
                let verified = app.tokens.verify(token, app.now()).ok_or(Error::Unauthenticated)?;
                head.account.belongs_to(verified.caller.user);
                let request = request::decode(head, upload).await?;
                Ok(handler(app, verified, request).await?.respond())
            })
        }))
    }

    fn on<E: Endpoint>(mut self, handler: Handler) -> Self {
        let method = Method::from_bytes(E::METHOD.as_str().as_bytes()).expect("the API uses methods that exist");
        self.by_path.entry(E::PATH).or_default().push((method, handler));
        self
    }
}

/// The routes, ready to be looked up.
pub(super) struct Routes {
    by_path: matchit::Router<Vec<(Method, Handler)>>,
}

impl Routes {
    pub(super) fn new() -> Self {
        let mut by_path = matchit::Router::new();
        for (path, methods) in routes().by_path {
            by_path.insert(path, methods).expect("the paths of the API do not contradict each other");
        }
        Self { by_path }
    }

    /// Answers a request, whatever it is: at once where its head is enough for that.
    pub(super) async fn answer(
        &self,
        app: Arc<App>,
        request: hyper::Request<Incoming>,
        account: Account,
        activity: activity::Shared,
    ) -> hyper::Response<Body> {
        let (parts, body) = request.into_parts();
        // What has been done is not denied for want of memory: such an answer is no longer than a message.
        let may_refuse = parts.method.is_safe();
        let mut upload = Upload::new(&parts.headers, body, activity, account.clone(), app.config.body_timeout);
        let answer = self.route(app, parts, &mut upload, account.clone()).await;
        let answer = answer.and_then(|mut response| match response.body_mut().charge_to(&account) {
            Err(full) if may_refuse => Err(Error::from(full).into()),
            Ok(()) | Err(_) => Ok(response),
        });
        let mut response = answer.unwrap_or_else(|failure| problem::respond(&failure));
        upload.leave(&mut response).await;
        response
    }

    async fn route(
        &self,
        app: Arc<App>,
        parts: Parts,
        upload: &mut Upload,
        account: Account,
    ) -> Result<hyper::Response<Body>, Failure> {
        if !is_plainly_framed(&parts) {
            return Err(Failure::TransferCoding);
        }
        if !has_one_host(&parts) {
            return Err(Failure::BadRequest("a request names its host once".into()));
        }
        let path = unescape(parts.uri.path()).ok_or(Failure::NoSuchPath)?.into_owned();
        if path == HEALTH {
            return server_info::health(&app, &parts.method);
        }
        let found = self.by_path.at(&path).map_err(|_| Failure::NoSuchPath)?;
        // HEAD is GET without the body, which the connection leaves out (RFC 9110 section 9.3.2).
        let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
        let Some((_, handler)) = found.value.iter().find(|(known, _)| known == method) else {
            let allow = allow(found.value.iter().map(|(method, _)| method));
            return Err(Failure::MethodNotAllowed { allow });
        };
        let id = found.params.iter().next().map(|(_, id)| id.to_owned());
        handler(app, Head { parts, id, account }, upload).await
    }
}

/// Whether the body is sent as it is, or in chunks. Other transfer codings are not decoded, and a body that is chunked
/// twice is an error (RFC 9112 sections 6.1 and 7).
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

/// The path without its escapes (RFC 3986 section 6.2.2.2); `None` if one hides a slash or NUL, or what is no UTF-8.
fn unescape(path: &str) -> Option<Cow<'_, str>> {
    let unescaped = percent_decode_str(path).decode_utf8().ok()?;
    let slashes = |path: &str| path.bytes().filter(|byte| *byte == b'/').count();
    (slashes(path) == slashes(&unescaped) && !unescaped.contains('\0')).then_some(unescaped)
}

/// What `Allow` says (RFC 9110 section 10.2.1).
fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let mut names: Vec<&str> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.join(", ")
}
