//! The terminal client: reads the settings, wires the parts together and exits with a code.
//!
//! Owns no lasting state. An error that ends the client becomes one line on standard error here.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use jiff::tz::TimeZone;
use quchat_client::{
    api::{Address, Origin, Server},
    args::{Args, Asked, Chore},
    config::{self, Config, Setting, Source},
    model::Model,
    runtime::{self, Clock, Editor, Input, Notifier, NotifyMethod, Preferences, Runtime, Tty, Wakes, Workers},
    state::{LastSignIn, Log, StateDir, forget_pin, keep_pin, kept_pin, kept_session},
    update::Msg,
};
use quchat_shared::{invite::InviteCode, join_link::JoinLink, limits::user_key, user::Session};

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(ExitError { code, reason }) => {
            complain(&format!("quchat: {reason}\n"));
            ExitCode::from(code)
        }
    }
}

/// Writes to standard error. If that fails, the exit code still reports the failure.
fn complain(text: &str) {
    io::stderr().write_all(text.as_bytes()).ok();
}

/// Writes to standard output. A closed pipe is not an error.
fn print(text: &str) -> Result<(), ExitError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(ExitError::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Why the client could not run, and the exit code.
struct ExitError {
    code: u8,
    reason: String,
}

impl ExitError {
    fn new(reason: impl ToString) -> Self {
        Self { code: 1, reason: reason.to_string() }
    }

    fn usage(reason: impl ToString) -> Self {
        Self { code: 2, reason: reason.to_string() }
    }
}

fn run() -> Result<u8, ExitError> {
    let Asked { chore, link, mut given } = match Args::read() {
        Ok(read) => read,
        Err(answer) => return say(&answer),
    };
    let variable = |name: &str| std::env::var_os(name);
    let state_dir = StateDir::find(variable).map_err(ExitError::new)?;
    if let Some(Chore::ForgetKey { address }) = &chore {
        return forget_key(&state_dir, address);
    }
    let invite = link.as_ref().and_then(|link| link.invite.clone());
    if let Some(link) = link {
        let server = introduced(&state_dir, &link)?;
        given.server = Some(Setting { value: server.origin.to_string(), from: Source::Link });
    }
    let path = config::find(variable);
    let mut file = path.as_deref().map(config::read).transpose().map_err(ExitError::usage)?.unwrap_or_default();
    let mut faults = std::mem::take(&mut file.faults);
    match (chore, Config::resolve(given, file, LastSignIn::read(&state_dir))) {
        (None, Ok(config)) if faults.is_empty() => return chat(state_dir, config, invite),
        (None, Ok(_)) => {}
        (Some(_), Ok(config)) => print(&shown(path, &config))?,
        (_, Err(fault)) => faults.push(fault),
    }
    match faults.is_empty() {
        true => Ok(0),
        false => Err(ExitError::usage(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nquchat: "))),
    }
}

/// Prints help and version to standard output, and usage errors to standard error.
fn say(answer: &clap::Error) -> Result<u8, ExitError> {
    let text = answer.render().to_string();
    if answer.use_stderr() {
        complain(&text)
    } else {
        print(&text)?
    }
    Ok(u8::try_from(answer.exit_code()).unwrap_or(2))
}

/// The settings in effect, and the path of the config file.
fn shown(path: Option<PathBuf>, config: &Config) -> String {
    let file = path.map_or_else(|| "no config file: HOME is not set".to_owned(), |path| path.display().to_string());
    format!("# {file}\n{}", config.show())
}

/// The server of a join link. Its key is kept, so that no question is asked.
fn introduced(state_dir: &StateDir, link: &JoinLink) -> Result<Server, ExitError> {
    let origin = Origin::parse(&format!("https://{}:{}", link.host, link.port)).map_err(ExitError::usage)?;
    let server = Server { origin, pin: link.pin };
    let known = kept_pin(state_dir, &server.origin);
    if known.is_some() && link.pin.is_some() && known != link.pin {
        return Err(ExitError::usage(format!(
            "the link names another key than the one that quchat knows for {0}; ask the server's operator, and only if \
             the key in the link is right: quchat forget-key {0}",
            server.origin
        )));
    }
    let unkept = |error: io::Error| ExitError::new(format!("the server's key cannot be kept: {error}"));
    keep_pin(state_dir, &server).map_err(unkept)?;
    Ok(server)
}

fn forget_key(state_dir: &StateDir, address: &str) -> Result<u8, ExitError> {
    let address = Address::parse(address).map_err(ExitError::usage)?;
    let origin = address.origin().clone().encrypted();
    let failed = |error: io::Error| ExitError::new(format!("the key of {origin} cannot be removed: {error}"));
    match forget_pin(state_dir, &origin).map_err(failed)? {
        true => print(&format!("the key of {origin} is forgotten\n"))?,
        false => return Err(ExitError::new(format!("quchat knows no key of {origin}"))),
    }
    Ok(0)
}

fn chat(state_dir: StateDir, config: Config, invite: Option<InviteCode>) -> Result<u8, ExitError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(ExitError::new("quchat runs in a terminal; its input and output must not be redirected"));
    }
    runtime::check_term(std::env::var_os("TERM").as_deref()).map_err(ExitError::new)?;
    let method = config.notify.value.clone().unwrap_or_else(|| NotifyMethod::detect(|name| std::env::var(name).ok()));
    let preferences = Preferences {
        keymap: config.keymap(),
        themes: config.themes(),
        notifier: Notifier::new(method),
        brackets: runtime::marks_pastes(|name| std::env::var_os(name)),
    };
    let log = Arc::new(Log::open(&state_dir));
    let mut model = new_model()?;
    model.theme = config.theme.value.as_str().into();
    model.mouse = config.mouse.value;
    model.sign_in.invite = invite;
    let start = first_msg(&state_dir, config);

    let (wakes, woken) = Wakes::channel();
    let editor = Editor::find(|name| std::env::var_os(name));
    let workers = Workers::start(state_dir, Arc::clone(&log), editor, wakes.clone()).map_err(ExitError::new)?;
    runtime::listen_to_signals(wakes.clone()).map_err(ExitError::new)?;
    let input = Input::start(wakes).map_err(ExitError::new)?;
    let screen = Tty::take(log, input).map_err(ExitError::new)?;
    let mut runtime = Runtime::new(model, preferences, screen, Clock::system(), workers);
    runtime.step(start);
    let code = runtime.run(&woken);
    drop(runtime); // restore the terminal before anything else happens
    Ok(u8::try_from(code).unwrap_or(1))
}

/// The first message: a stored session skips the sign-in form, unless `--name` names another user.
fn first_msg(state_dir: &StateDir, config: Config) -> Msg {
    let address = config.address();
    let kept = address.as_ref().and_then(|address| kept(state_dir, address));
    let asked = config.name.as_ref().filter(|name| name.from != Source::LastSignIn);
    let session =
        kept.filter(|(_, session)| asked.is_none_or(|name| user_key(&name.value) == user_key(&session.user.name)));
    Msg::Start {
        server: Some(address.map_or(config.server.value, |address| address.to_string())),
        name: config.name.map(|name| name.value),
        session,
    }
}

/// The stored session at this address. What was stored before the server was encrypted counts, too, except where the
/// address says `http`.
fn kept(state_dir: &StateDir, address: &Address) -> Option<(Server, Session)> {
    let origin = address.origin().clone();
    let encrypted = kept_session(state_dir, &origin);
    if let Some(session) = encrypted {
        let pin = kept_pin(state_dir, &origin);
        return Some((Server { origin, pin }, session));
    }
    let plain = origin.is_encrypted().then(|| origin.plain())?;
    Some((plain.clone().into(), kept_session(state_dir, &plain)?))
}

fn new_model() -> Result<Model, ExitError> {
    let no_chance = |error: getrandom::Error| ExitError::new(format!("cannot get random numbers: {error}"));
    let mut txn_prefix = [0; 12];
    getrandom::fill(&mut txn_prefix).map_err(no_chance)?;
    let seed = getrandom::u64().map_err(no_chance)?;
    let txn_prefix = txn_prefix.map(|byte| format!("{byte:02x}")).concat();
    Ok(Model::new(Clock::system().now(), TimeZone::system(), txn_prefix, seed))
}
