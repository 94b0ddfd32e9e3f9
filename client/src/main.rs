//! The terminal client: reads the command line, puts the parts together, and ends with an exit code.
//!
//! Owns nothing that lasts. Errors that end the client become one line on standard error here.

mod args;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    sync::Arc,
};

use args::Args;
use clap::Parser;
use jiff::tz::TimeZone;
use quchat_client::{
    model::{Model, Origin},
    runtime::{self, Clock, Input, Runtime, Tty, Wakes, Workers},
    state::{Last, Log, Place, kept_session},
    update::Msg,
};
use quchat_shared::limits::user_key;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(Failure { code, reason }) => {
            eprintln!("quchat: {reason}");
            ExitCode::from(code)
        }
    }
}

/// Why there is no client.
struct Failure {
    code: u8,
    reason: String,
}

impl Failure {
    fn new(reason: impl ToString) -> Self {
        Self { code: 1, reason: reason.to_string() }
    }

    fn usage(reason: impl ToString) -> Self {
        Self { code: 2, reason: reason.to_string() }
    }
}

fn run(args: Args) -> Result<u8, Failure> {
    let asked = args.server.as_deref().map(Origin::parse).transpose();
    let asked = asked.map_err(|refusal| Failure::usage(format!("the server's address: {refusal}")))?;
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Failure::new("this is a program for a terminal; its input and output must be one"));
    }
    let place = Place::find(|name| std::env::var_os(name)).map_err(Failure::new)?;
    let start = first_msg(&place, asked, args);
    let log = Arc::new(Log::open(&place));
    let model = new_model()?;

    let (wakes, woken) = Wakes::channel();
    let workers = Workers::start(place, Arc::clone(&log), wakes.clone()).map_err(Failure::new)?;
    runtime::listen_to_signals(wakes.clone()).map_err(Failure::new)?;
    let mut input = Input::start(wakes).map_err(Failure::new)?;
    let suspend = move |give_back: &mut dyn FnMut()| {
        input.pause(|| {
            give_back();
            runtime::stop_process().ok(); // if it cannot be stopped, it goes on
        });
    };
    let screen = Tty::take(log, suspend).map_err(Failure::new)?;
    let mut runtime = Runtime::new(model, screen, Clock::system(), workers);
    runtime.step(start);
    let code = runtime.run(&woken);
    drop(runtime); // the terminal is as it was before anything else happens
    Ok(u8::try_from(code).unwrap_or(1))
}

/// What the disk and the command line say. A session that is kept skips the form, unless another name is asked for.
fn first_msg(place: &Place, asked: Option<Origin>, args: Args) -> Msg {
    let last = Last::recall(place);
    let origin = asked.or_else(|| Origin::parse(last.server.as_deref()?).ok());
    let kept = origin.as_ref().and_then(|origin| Some((origin.clone(), kept_session(place, origin)?)));
    let session = kept
        .filter(|(_, session)| args.name.as_ref().is_none_or(|name| user_key(name) == user_key(&session.user.name)));
    Msg::Start {
        server: Some(origin.map_or_else(|| DEFAULT_SERVER.to_owned(), |origin| origin.to_string())),
        name: args.name.or(last.name),
        session,
    }
}

/// Where a server started on this machine listens.
const DEFAULT_SERVER: &str = "localhost:7878";

fn new_model() -> Result<Model, Failure> {
    let no_chance = |error: getrandom::Error| Failure::new(format!("no random numbers: {error}"));
    let mut txn_prefix = [0; 12];
    getrandom::fill(&mut txn_prefix).map_err(no_chance)?;
    let seed = getrandom::u64().map_err(no_chance)?;
    let txn_prefix = txn_prefix.map(|byte| format!("{byte:02x}")).concat();
    Ok(Model::new(Clock::system().now(), TimeZone::system(), txn_prefix, seed))
}
