//! The binary: flags, logging, listening, signals. Errors end here.

mod args;

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    process::ExitCode,
    thread,
};

use clap::Parser;
use quchat_server::{Config, Server, bind};

use self::args::Args;

/// Keeps what lives as long as a stream apart from what its beginning needed for a moment, and gives the latter back
/// (when, says `.cargo/config.toml`): 10,000 idle streams take 16 MB instead of 26, and a message a tenth less CPU, than
/// with glibc's.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_max_level(args.log)
        .with_target(false)
        .init();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut reasons = vec![error.to_string()];
            let mut source = error.source();
            while let Some(reason) = source {
                reasons.push(reason.to_string());
                source = reason.source();
            }
            let _ = writeln!(io::stderr(), "quchat-server: {}", reasons.join(": "));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let data_dir = args.data_dir().ok_or("no home directory; say where the data lives with --data-dir")?;
    let config = Config {
        name: args.name.clone(),
        max_rooms_per_user: args.max_rooms_per_user,
        max_rooms: args.max_rooms,
        max_private_rooms_per_user: args.max_private_rooms_per_user,
        memory_budget: args.memory_budget,
        ..Config::new(data_dir)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers()).enable_all().build()?;
    runtime.block_on(async {
        let server = Server::open(config)?;
        let listener = bind(args.listen).map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
        let address = listener.local_addr()?;
        let shutdown = shutdown()?; // from here on a signal ends the server in order
        writeln!(io::stdout(), "listening on http://{address}")?;
        tracing::info!("listening on http://{address}");
        server.serve(listener, shutdown).await?;
        Ok(())
    })
}

/// Threads that speak HTTP: half of the cores, for the other half is busy with what they ask for. One more than there is
/// work for costs: it is woken with every request to see whether there is some.
fn workers() -> usize {
    (thread::available_parallelism().map_or(1, usize::from) / 2).max(1)
}

/// Done when the process is asked to end: Ctrl+C or SIGTERM.
#[cfg(unix)]
fn shutdown() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Done when the process is asked to end: Ctrl+C.
#[cfg(not(unix))]
fn shutdown() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
