//! The program: reads flags, then runs a verb, or starts logging, listens and stops on signals. Prints the errors that end
//! the process.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    error::Error,
    io::{self, IsTerminal, Write},
    panic,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use clap::{Command, CommandFactory};
use tokio::sync::oneshot;

#[cfg(unix)]
use crate::service_manager;
use crate::{
    Backups, Config, JoinLinks, OpenError, Reach, Server, Tls,
    args::{Args, LogFormat},
    bind,
    log::Log,
    signals::{Hangup, ignore_write_signals, shutdown},
    verbs,
};

/// The flags and verbs of the program.
#[must_use]
pub fn command() -> Command {
    Args::command()
}

/// Does what the command line says, and returns the exit code of the process.
#[must_use]
pub fn main() -> ExitCode {
    ignore_write_signals();
    let hangup = Hangup::decide();
    let log = Log::start();
    let code = match Args::read() {
        Ok(args) => match &args.verb {
            None => serve(&args, hangup, &log),
            Some(verb) => match args.place() {
                Ok(place) => verbs::run(verb, &place, hangup, &log),
                Err(reason) => {
                    log.line(&format!("quchat-server: {reason}"));
                    ExitCode::FAILURE
                }
            },
        },
        Err(answer) => print_usage(&answer, &log),
    };
    log.flush();
    code
}

/// Prints help or the version to standard output, usage errors to standard error.
fn print_usage(answer: &clap::Error, log: &Log) -> ExitCode {
    let text = answer.render().to_string();
    let code = u8::try_from(answer.exit_code()).unwrap_or(2);
    if answer.use_stderr() {
        log.line(text.trim_end());
        return ExitCode::from(code);
    }
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            log.line(&format!("quchat-server: cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(code), // a reader that closed the pipe has read enough
    }
}

fn serve(args: &Args, hangup: Hangup, log: &Log) -> ExitCode {
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || lines.clone())
        .with_max_level(args.log)
        .with_target(false)
        .log_internal_errors(false); // printing them could fail or block
    match args.log_format {
        LogFormat::Text => subscriber.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => {
            log.write_json();
            subscriber.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
        }
    }
    let lines = log.clone();
    panic::set_hook(Box::new(move |panic| {
        log_panic(panic);
        if thread::current().name() == Some("main") {
            lines.flush(); // the process ends next
        }
    }));
    match run(args, hangup, log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut reasons = vec![error.to_string()];
            let mut source = error.source();
            while let Some(reason) = source {
                reasons.push(reason.to_string());
                source = reason.source();
            }
            log.line(&format!("quchat-server: {}", reasons.join(": ")));
            match error.downcast_ref() {
                Some(OpenError::Unreachable(_)) => ExitCode::from(verbs::UNREACHABLE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Logs the location of a panic, without its message: that could quote a chat message or a password.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let thread = thread::current();
    let (name, at) = (thread.name().unwrap_or("without a name"), panic.location().map(tracing::field::display));
    tracing::error!(thread = name, at, "a thread panicked");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!("{backtrace}");
    }
}

fn run(args: &Args, hangup: Hangup, log: &Log) -> Result<(), Box<dyn Error>> {
    let config = Config {
        name: args.name.clone(),
        max_rooms_per_user: args.max_rooms_per_user,
        max_rooms: args.max_rooms,
        max_private_rooms_per_user: args.max_private_rooms_per_user,
        memory_budget: args.memory_budget,
        max_streams_per_user: usize::try_from(args.max_streams_per_user).unwrap_or(usize::MAX),
        tls_files: args.tls_files(),
        trusted_proxies: args.trusted_proxy.clone(),
        plaintext: args.plaintext,
        registration: args.registration,
        room_invites: args.room_invites,
        rates: args.rates(),
        backups: args.backup_dir.clone().map(|dir| {
            let keep = usize::try_from(args.backup_keep).unwrap_or(usize::MAX);
            Backups { dir, every: args.backup_every, keep }
        }),
        ..args.place()?
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers()).enable_all().build()?;
    runtime.block_on(async {
        let mut server = Server::open(config)?;
        let listen = |address| bind(address).map_err(|error| format!("cannot listen on {address}: {error}"));
        let listener = listen(args.listen)?;
        if let Some(address) = args.metrics {
            let metrics = listen(address)?;
            tracing::info!("serving metrics on http://{}/metrics", metrics.local_addr()?);
            server = server.with_metrics(metrics);
        }
        #[cfg(unix)]
        {
            server = server.with_local_socket();
        }
        let address = listener.local_addr()?;
        let (tls, pin) = (server.tls(), server.tls().pin());
        // From here on, signals stop the server in order.
        let shutdown = shutdown(hangup.reloads(args.tls_cert.is_some()), move || reload_certificate(&tls))?;
        let announced = announce(format!("listening on http://{address}"));
        tracing::info!("listening on http://{address}");
        #[cfg(unix)]
        service_manager::tell_ready();
        tracing::info!(%pin, "clients recognise this server by its key");
        if args.plaintext && !address.ip().is_loopback() {
            tracing::warn!(
                "others on the way can read passwords and messages of clients that do not use TLS (--plaintext)"
            );
        }
        let reach = Reach { public: args.public_address.clone(), pin: Some(pin) };
        let links = server.join_links(address, &reach).await?;
        tokio::spawn(print_links(links, announced, log.clone()));
        server.serve(listener, shutdown).await?;
        Ok(())
    })
}

/// Reads the certificate again, on a thread that may wait for the disk.
fn reload_certificate(tls: &Arc<Tls>) {
    let tls = Arc::clone(tls);
    drop(tokio::task::spawn_blocking(move || tls.reload()));
}

/// Prints a line on standard output. A separate thread does it, so a pipe that nobody reads does not block the server.
/// The receiver completes once it is done.
fn announce(line: String) -> oneshot::Receiver<()> {
    let (done, announced) = oneshot::channel();
    let print = move || {
        if let Err(error) = writeln!(io::stdout(), "{line}") {
            tracing::warn!(%error, "cannot write to standard output");
        }
        let _ = done.send(());
    };
    if let Err(error) = thread::Builder::new().name("stdout".into()).spawn(print) {
        tracing::warn!(%error, "cannot write to standard output");
    }
    announced
}

/// Prints the join links on standard error: in a terminal, below the address. They are not part of the log, because they
/// may hold a secret.
async fn print_links(links: JoinLinks, announced: oneshot::Receiver<()>, log: Log) {
    /// How long they wait for a standard output that nobody reads.
    const PATIENCE: Duration = Duration::from_secs(1);
    let _ = tokio::time::timeout(PATIENCE, announced).await;
    links.lines().iter().for_each(|line| log.line(line));
}

/// Threads for HTTP: half of the cores, because the work that requests cause keeps the other half busy. A surplus
/// thread is not free: every request wakes it to look for work.
fn workers() -> usize {
    (thread::available_parallelism().map_or(1, usize::from) / 2).max(1)
}
