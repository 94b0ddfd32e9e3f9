//! The router: the table of all routes and their handlers.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::Pin,
    sync::Arc,
};

use hyper::Method;
use quchat_shared::{
    UserId,
    api::{self, Endpoint},
};

use super::{
    bans, direct_rooms, events, invites, members, mentions, messages, passwords,
    problem::Failure,
    reactions, read_markers, registration,
    reply::Respond,
    request::{self, Head, Request},
    request_counts::PathCounts,
    rooms, search, server_info, sessions, typing, users,
};
use crate::{
    app::App,
    auth::jwt::VerifiedToken,
    connection::{Body, Upload},
    domain::{Caller, Error, Principal},
    rate_limits::{RateLimit, RateLimits},
};

fn routes() -> Router {
    Router::default()
        .public("/", server_info::welcome)
        .public("/healthz", server_info::health)
        .open(api::GetServer, server_info::get_server)
        .open(api::Register, registration::register)
        .open(api::SignIn, sessions::sign_in)
        .signed_in(api::SignOut, sessions::sign_out)
        .signed_in(api::ListSessions, sessions::list_sessions)
        .signed_in(api::EndSession, sessions::end_session)
        .signed_in(api::GetMe, users::get_me)
        .signed_in(api::ChangePassword, passwords::change_password)
        .governed(api::ListUsers, users::list_users)
        .governed(api::GetUser, users::get_user)
        .governed(api::UpdateUser, users::update_user)
        .governed(api::CreateInvite, invites::create_invite)
        .governed(api::ListInvites, invites::list_invites)
        .governed(api::DeleteInvite, invites::delete_invite)
        .governed(api::ListRooms, rooms::list_rooms)
        .limited(api::CreateRoom, |limits| &limits.rooms, rooms::create_room)
        .governed(api::GetRoom, rooms::get_room)
        .governed(api::UpdateRoom, rooms::update_room)
        .governed(api::DeleteRoom, rooms::delete_room)
        .signed_in(api::OpenDirectRoom, direct_rooms::open_direct_room)
        .signed_in(api::JoinRoom, members::join_room)
        .signed_in(api::LeaveRoom, members::leave_room)
        .signed_in(api::SetNotify, members::set_notify)
        .governed(api::ListMembers, members::list_members)
        .governed(api::AddMember, members::add_member)
        .governed(api::SetRole, members::set_role)
        .governed(api::RemoveMember, members::remove_member)
        .governed(api::ListBans, bans::list_bans)
        .governed(api::BanUser, bans::ban_user)
        .governed(api::UnbanUser, bans::unban_user)
        .governed(api::ListMessages, messages::list_messages)
        .limited(api::SendMessage, |limits| &limits.messages, messages::send_message)
        .governed(api::GetMessage, messages::get_message)
        .limited(api::EditMessage, |limits| &limits.changes, messages::edit_message)
        .governed(api::DeleteMessage, messages::delete_message)
        .limited(api::AddReaction, |limits| &limits.changes, reactions::add_reaction)
        .limited(api::RemoveReaction, |limits| &limits.changes, reactions::remove_reaction)
        .signed_in(api::MarkRead, read_markers::mark_read)
        .signed_in(api::ListMentions, mentions::list_mentions)
        .signed_in(api::NotifyTyping, typing::notify_typing)
        .signed_in(api::SearchMessages, search::search_messages)
        .stream(api::ListenEvents, events::listen_events)
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<hyper::Response<Body>, Failure>> + Send + 'a>>;
pub(super) type Handler = Box<dyn for<'a> Fn(Arc<App>, Head, &'a mut Upload) -> Answer<'a> + Send + Sync>;

#[derive(Default)]
struct Router {
    by_path: BTreeMap<&'static str, Vec<(Method, Handler)>>,
    public: BTreeSet<&'static str>,
}

impl Router {
    /// A route that anybody may use, without a token and without encryption. It depends on the path only, not on the
    /// rest of the request.
    fn public(
        mut self,
        path: &'static str,
        handler: impl Fn(&App) -> hyper::Response<Body> + Send + Sync + 'static,
    ) -> Self {
        self.public.insert(path);
        self.on(path, Method::GET, Box::new(move |app, _, _| Box::pin(std::future::ready(Ok(handler(&app))))))
    }

    /// A route that needs no token.
    fn open<E: Endpoint, R, F>(
        self,
        endpoint: E,
        handler: impl Fn(Arc<App>, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.identified(endpoint, |_, _| Ok(()), move |app, (), request| handler(app, request))
    }

    /// A route for authenticated callers. The handler's transaction checks that the session is alive.
    fn signed_in<E: Endpoint, R, F>(
        self,
        endpoint: E,
        handler: impl Fn(Arc<App>, Caller, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.authenticated(endpoint, move |app, token, request| handler(app, token.caller, request))
    }

    /// As [`Router::signed_in`], for what the operator of the server may do as well.
    fn governed<E: Endpoint, R, F>(
        self,
        endpoint: E,
        handler: impl Fn(Arc<App>, Principal, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        let identify = |app: &App, head: &Head| match head.is_of_operator {
            true => Ok(Principal::Operator),
            false => Ok(authenticate(app, head)?.caller.into()),
        };
        self.identified(endpoint, identify, handler)
    }

    /// As [`Router::signed_in`], for what a user may not do too often.
    fn limited<E: Endpoint, R, F>(
        self,
        endpoint: E,
        limit: fn(&RateLimits) -> &RateLimit<UserId>,
        handler: impl Fn(Arc<App>, Caller, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.authenticated(endpoint, move |app, token, request| async move {
            let user = token.caller.user;
            limit(&app.rate_limits).take(user, app.config.clock.elapsed())?;
            let outcome = handler(Arc::clone(&app), token.caller, request).await;
            if matches!(outcome, Err(Failure::Refused(Error::Unauthenticated))) {
                limit(&app.rate_limits).give_back(user); // a token that was revoked takes nothing away from its user
            }
            outcome
        })
    }

    /// A route for authenticated callers that returns a stream. The stream ends when the token expires.
    fn stream<E: Endpoint, R, F>(
        self,
        endpoint: E,
        handler: impl Fn(Arc<App>, VerifiedToken, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Error>> + Send + 'static,
    {
        self.authenticated(endpoint, move |app, token, request| {
            let answer = handler(app, token, request);
            async { answer.await.map_err(Failure::NoStream) }
        })
    }

    fn authenticated<E: Endpoint, R, F>(
        self,
        endpoint: E,
        handler: impl Fn(Arc<App>, VerifiedToken, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.identified(endpoint, authenticate, handler)
    }

    /// A route whose caller is found out first, before the body is read.
    fn identified<E: Endpoint, C: Send + 'static, R, F>(
        self,
        endpoint: E,
        identify: impl Fn(&App, &Head) -> Result<C, Failure> + Copy + Send + Sync + 'static,
        handler: impl Fn(Arc<App>, C, Request<E>) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Respond,
        F: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.endpoint(
            endpoint,
            Box::new(move |app, head, upload| {
                Box::pin(async move {
                    let caller = identify(&app, &head)?;
                    let request = request::decode(head, upload).await?;
                    Ok(handler(app, caller, request).await?.respond())
                })
            }),
        )
    }

    fn endpoint<E: Endpoint>(self, _: E, handler: Handler) -> Self {
        let method = Method::from_bytes(E::METHOD.as_str().as_bytes()).expect("the API uses methods that exist");
        self.on(E::PATH, method, handler)
    }

    fn on(mut self, path: &'static str, method: Method, handler: Handler) -> Self {
        self.by_path.entry(path).or_default().push((method, handler));
        self
    }
}

const OPERATOR_IS_NO_USER: Error = Error::Forbidden(
    "only a user can do this, and the operator of the server is none: sign in as a user at the address of the server",
);

/// Verifies the token of a request (authentication).
fn authenticate(app: &App, head: &Head) -> Result<VerifiedToken, Failure> {
    if head.is_of_operator {
        return Err(OPERATOR_IS_NO_USER.into());
    }
    let token = request::bearer(&head.parts.headers).ok_or(Failure::NoToken)?;
    let token = app.tokens.verify(token, app.now()).ok_or(Error::Unauthenticated)?;
    head.account.belongs_to(token.caller.user);
    Ok(token)
}

/// The routes, indexed by path.
pub(super) struct Routes {
    by_path: matchit::Router<Route>,
    /// The counts of each path, by its pattern.
    counts: Vec<(&'static str, Arc<PathCounts>)>,
}

/// The methods of a path.
struct Route {
    pattern: &'static str,
    is_public: bool,
    counts: Arc<PathCounts>,
    methods: Vec<(Method, Handler)>,
}

/// The route of a request.
pub(super) struct Target<'a> {
    /// The path with `{…}` in place of its ids.
    pub(super) pattern: &'static str,
    /// The parts of the path that vary.
    pub(super) path: Vec<String>,
    is_public: bool,
    pub(super) counts: &'a PathCounts,
    methods: &'a [(Method, Handler)],
}

impl Routes {
    pub(super) fn new() -> Self {
        let (mut by_path, mut all) = (matchit::Router::new(), Vec::new());
        let Router { by_path: paths, public } = routes();
        for (pattern, methods) in paths {
            let counts = Arc::<PathCounts>::default();
            all.push((pattern, Arc::clone(&counts)));
            let route = Route { pattern, is_public: public.contains(pattern), counts, methods };
            by_path.insert(pattern, route).expect("no two paths of the API contradict each other");
        }
        Self { by_path, counts: all }
    }

    /// The counts of each path, by its pattern.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&str, &PathCounts)> + Clone {
        self.counts.iter().map(|(pattern, counts)| (*pattern, &**counts))
    }

    /// Finds the route of a decoded path.
    pub(super) fn find(&self, path: &str) -> Option<Target<'_>> {
        let found = self.by_path.at(path).ok()?;
        let path = found.params.iter().map(|(_, part)| part.to_owned()).collect();
        let Route { pattern, is_public, counts, methods } = found.value;
        Some(Target { pattern, path, is_public: *is_public, counts, methods })
    }
}

impl<'a> Target<'a> {
    /// Whether the request may come from anywhere, even over plain HTTP.
    pub(super) fn is_public(&self, method: &Method) -> bool {
        self.is_public && (method == Method::GET || method == Method::HEAD)
    }

    /// # Errors
    /// [`Failure::MethodNotAllowed`]: the path does not support the method.
    pub(super) fn handler(&self, method: &Method) -> Result<&'a Handler, Failure> {
        // HEAD is GET without the body, which the connection leaves out (RFC 9110 section 9.3.2).
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match self.methods.iter().find(|(known, _)| known == method) {
            Some((_, handler)) => Ok(handler),
            None => Err(Failure::MethodNotAllowed { allow: allow(self.methods.iter().map(|(method, _)| method)) }),
        }
    }
}

/// The value of `Allow` (RFC 9110 section 10.2.1).
fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let mut names: Vec<&str> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.join(", ")
}
