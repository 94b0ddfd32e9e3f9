//! One connection to PostgreSQL, used by one thread: statements go out together and their replies are awaited together
//! (pipelining), because the way to another machine takes longer than most statements.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::{
    runtime::{self, Runtime},
    sync::{Notify, mpsc},
    task::{JoinHandle, yield_now},
    time::{sleep, timeout},
};
use tokio_postgres::{AsyncMessage, Client, CopyInSink, Error, Row, Statement, error::Severity, types::ToSql};

use super::{
    failure::CannotConnect,
    settings::{Messages, Settings},
};

/// How long the first statements may take.
const SET_UP: Duration = Duration::from_secs(3);
/// Most statements that are kept prepared. A further one first forgets all.
const STATEMENTS_MAX: usize = 500;

/// Most notifications that wait to be heard.
const NOTIFICATIONS: usize = 1024;

/// The value of a parameter.
pub(super) type Param = Box<dyn ToSql + Sync + Send>;

/// A statement that waits to be sent.
pub(super) enum Planned {
    /// One statement, prepared once per connection.
    Prepared(&'static str, Vec<Param>),
    /// Statements without parameters, as text.
    Plain(&'static str),
}

impl Planned {
    /// Its text, if it is to be prepared.
    fn prepared(&self) -> Option<&'static str> {
        match self {
            Self::Prepared(sql, _) => Some(sql),
            Self::Plain(_) => None,
        }
    }
}

type Reply<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + 'a>>;

/// A notification: its channel and its payload.
pub(super) type Notification = (String, String);

/// A connection with its own event loop, which runs only while the thread waits for a reply.
pub(super) struct Connection {
    client: Client,
    statements: RefCell<HashMap<&'static str, Statement>>,
    notifications: RefCell<mpsc::Receiver<Notification>>,
    driver: JoinHandle<()>,
    /// How long replies may take before the connection counts as lost.
    answer_within: Option<Duration>,
    /// `None` only while this is dropped.
    runtime: Option<Runtime>,
}

impl Drop for Connection {
    /// A start that fails drops it on a thread of an async runtime, where nothing may wait for another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Connection {
    /// Connects, and runs `setup`. Must not be called on a thread of an async runtime.
    pub(super) fn open(settings: &Settings, setup: &str) -> Result<Self, CannotConnect> {
        Self::open_within(Duration::MAX, settings, setup)
    }

    /// The same, within this time over all hosts.
    pub(super) fn open_within(limit: Duration, settings: &Settings, setup: &str) -> Result<Self, CannotConnect> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(CannotConnect::Runtime)?;
        let (notify, notifications) = mpsc::channel(NOTIFICATIONS);
        let connecting = async {
            let (client, messages) = settings.connect().await?;
            let driver = tokio::spawn(drive(messages, notify));
            let is_slow = |_| CannotConnect::TooSlow(SET_UP);
            timeout(SET_UP, client.batch_execute(setup)).await.map_err(is_slow)??;
            Ok((client, driver))
        };
        let connected = runtime.block_on(async { timeout(limit, connecting).await });
        let connected = connected.unwrap_or(Err(CannotConnect::TooSlow(limit)));
        match connected {
            Ok((client, driver)) => {
                let (statements, notifications) = (RefCell::default(), RefCell::new(notifications));
                Ok(Self { client, statements, notifications, driver, answer_within: None, runtime: Some(runtime) })
            }
            Err(error) => {
                runtime.shutdown_background(); // a name server that does not answer must not hold up this thread
                Err(error)
            }
        }
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until the end")
    }

    /// Bounds how long replies may take. A network can swallow what is sent without an error, and whoever waits for the
    /// reply would do so for ever.
    pub(super) fn answering_within(mut self, limit: Duration) -> Self {
        self.answer_within = Some(limit);
        self
    }

    /// Whether the connection was seen to be gone.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Whether the connection is gone, after taking notice of what has come since it was used last.
    pub(super) fn has_ended(&self) -> bool {
        self.runtime().block_on(async {
            yield_now().await; // looks at the socket
            yield_now().await; // runs the task that waits for it
        });
        self.is_closed()
    }

    /// Runs one statement and returns its rows.
    pub(super) fn query(&self, sql: &'static str, params: Vec<Param>) -> Result<Vec<Row>, Error> {
        let mut rows = self.flight(vec![Planned::Prepared(sql, params)], None)?;
        Ok(rows.pop().unwrap_or_default())
    }

    /// Runs one statement and returns the number of rows that it changed.
    pub(super) fn execute(&self, sql: &'static str, params: &[Param]) -> Result<u64, Error> {
        self.prepare([sql])?;
        let statement = self.statement(sql);
        self.checked(self.replied(self.client.execute(&statement, &references(params))))
    }

    /// Sends the statements one right after the other, then awaits all replies. Returns the rows of each. `last` is sent
    /// behind them, and its reply is not awaited.
    ///
    /// # Errors
    /// The first statement that failed. Those after it were sent nevertheless, and have failed if they are in the same
    /// transaction.
    pub(super) fn flight(&self, planned: Vec<Planned>, last: Option<Planned>) -> Result<Vec<Vec<Row>>, Error> {
        let sqls = planned.iter().chain(&last).filter_map(Planned::prepared).collect::<Vec<_>>();
        self.prepare(sqls)?;
        let replies = planned.into_iter().map(|planned| self.send(planned)).collect();
        let last = last.map(|last| self.send(last));
        self.checked(self.replied(all(replies, last)).into_iter().collect())
    }

    /// Sends a statement without waiting for its reply.
    pub(super) fn send_only(&self, sql: &'static str) {
        let mut reply = self.send(Planned::Plain(sql));
        self.runtime().block_on(async {
            poll_fn(|cx| Poll::Ready(reply.as_mut().poll(cx).is_ready())).await;
            yield_now().await; // runs the task that writes to the socket
        });
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<(), Error> {
        self.checked(self.replied(self.client.batch_execute(sql)))
    }

    /// Begins to copy rows into a table with a `COPY … FROM STDIN`.
    pub(super) fn copy_in(&self, sql: &str) -> Result<CopyIn<'_>, Error> {
        let sink = self.checked(self.replied(self.client.copy_in(sql)))?;
        Ok(CopyIn { connection: self, sink: Box::pin(sink) })
    }

    /// Waits for a notification or for `wake`, at most so long. Returns all that have come.
    pub(super) fn wait(&self, at_most: Duration, wake: &Notify) -> Vec<Notification> {
        let mut notifications = self.notifications.borrow_mut();
        let first = self.runtime().block_on(async {
            tokio::select! {
                biased;
                heard = notifications.recv() => heard,
                () = wake.notified() => None,
                () = sleep(at_most) => None,
            }
        });
        let mut heard = Vec::from_iter(first);
        while let Ok(next) = notifications.try_recv() {
            heard.push(next);
        }
        heard
    }

    /// Waits for replies. If they do not come in time, the connection ends, and they fail.
    fn replied<T>(&self, replies: impl Future<Output = T>) -> T {
        let mut replies = pin!(replies);
        self.runtime().block_on(async {
            if let Some(limit) = self.answer_within {
                if let Ok(replied) = timeout(limit, &mut replies).await {
                    return replied;
                }
                tracing::warn!("PostgreSQL has not answered for {} s; connecting again", limit.as_secs_f32());
                self.driver.abort();
            }
            replies.await
        })
    }

    /// Ends the connection after an error with which PostgreSQL ends it, too, so that it counts as lost at once.
    fn checked<T>(&self, replied: Result<T, Error>) -> Result<T, Error> {
        let is_fatal = |error: &Error| {
            let severity = error.as_db_error().and_then(|refusal| refusal.parsed_severity());
            matches!(severity, Some(Severity::Fatal | Severity::Panic))
        };
        if replied.as_ref().is_err_and(is_fatal) {
            self.driver.abort();
            self.runtime().block_on(async {
                while !self.client.is_closed() {
                    yield_now().await;
                }
            });
        }
        replied
    }

    fn prepare(&self, sqls: impl IntoIterator<Item = &'static str>) -> Result<(), Error> {
        let mut statements = self.statements.borrow_mut();
        for sql in sqls {
            if statements.contains_key(sql) {
                continue;
            }
            if statements.len() >= STATEMENTS_MAX {
                statements.clear();
            }
            statements.insert(sql, self.checked(self.replied(self.client.prepare(sql)))?);
        }
        Ok(())
    }

    fn statement(&self, sql: &str) -> Statement {
        self.statements.borrow().get(sql).cloned().expect("it was prepared just before")
    }

    fn send(&self, planned: Planned) -> Reply<'_> {
        match planned {
            Planned::Plain(text) => Box::pin(async move { self.client.batch_execute(text).await.map(|()| Vec::new()) }),
            Planned::Prepared(sql, params) => {
                let statement = self.statement(sql);
                Box::pin(async move { self.client.query(&statement, &references(&params)).await })
            }
        }
    }
}

/// Rows on their way into a table. If it is dropped before its end, the statement fails.
pub(super) struct CopyIn<'a> {
    connection: &'a Connection,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl CopyIn<'_> {
    /// Sends some of the rows. Waits while the connection has enough to send.
    pub(super) fn send(&mut self, rows: Bytes) -> Result<(), Error> {
        self.connection.checked(self.connection.replied(self.sink.send(rows)))
    }

    /// Ends the statement, and returns the number of rows.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        self.connection.checked(self.connection.replied(self.sink.as_mut().finish()))
    }
}

fn references(params: &[Param]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect()
}

/// Polls the replies in order, so that their statements are sent in order, until all are there. `last` is only sent.
async fn all(mut replies: Vec<Reply<'_>>, mut last: Option<Reply<'_>>) -> Vec<Result<Vec<Row>, Error>> {
    let mut done: Vec<Option<Result<Vec<Row>, Error>>> = replies.iter().map(|_| None).collect();
    poll_fn(|cx| {
        let mut is_complete = true;
        for (reply, done) in replies.iter_mut().zip(&mut done) {
            if done.is_none() {
                match reply.as_mut().poll(cx) {
                    Poll::Ready(rows) => *done = Some(rows),
                    Poll::Pending => is_complete = false,
                }
            }
        }
        if let Some(mut last) = last.take() {
            let _ = last.as_mut().poll(cx);
        }
        if is_complete { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Drives the connection until it ends, and passes its notifications on.
async fn drive(mut messages: Messages, notify: mpsc::Sender<Notification>) {
    while let Some(Ok(message)) = poll_fn(|cx| messages.poll_message(cx)).await {
        match message {
            AsyncMessage::Notification(heard) => {
                // One that finds no place is left out: nobody depends on hearing each.
                let _ = notify.try_send((heard.channel().to_owned(), heard.payload().to_owned()));
            }
            AsyncMessage::Notice(notice) => tracing::debug!(notice = notice.message(), "PostgreSQL says"),
            _ => {}
        }
    }
}
