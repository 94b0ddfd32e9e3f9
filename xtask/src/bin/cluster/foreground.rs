//! The foreground process: passes keys to the background process and prints what that says.

use std::{
    env,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
    thread,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
};

use crate::{Result, terminal::SingleKeys};

/// The argument that makes this program the background process.
pub(crate) const BACKGROUND: &str = "background";

/// The way to the background process. Without it, that process ends.
type Pipe = Arc<Mutex<Option<ChildStdin>>>;

/// Runs the background process until it ends. Returns the exit code.
pub(crate) fn run(programs: &Path) -> Result<u8> {
    let terminal = SingleKeys::switch_on();
    let signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let mut background = start_background(programs)?;
    let pipe: Pipe = Arc::new(Mutex::new(background.stdin.take()));
    let received = stop_on_signals(signals, &pipe);
    pass_keys_on(&pipe);
    let mut lines = background.stdout.take().ok_or("no pipe from the background process")?;
    if io::copy(&mut lines, &mut io::stdout()).is_err() {
        lock(&pipe).take(); // nobody reads the lines any more
    }
    let status = background.wait()?;
    drop(terminal);
    let code = match received.load(Ordering::SeqCst) {
        0 => status.code().unwrap_or(1),
        signal => 128 + signal,
    };
    Ok(u8::try_from(code).unwrap_or(1))
}

/// It gets a process group of its own, so that Ctrl+C in the terminal reaches only the foreground process.
fn start_background(programs: &Path) -> Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(BACKGROUND).arg(programs).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    Ok(command.spawn()?)
}

/// A signal ends the background process, and this one after it. Returns where the last signal is noted.
fn stop_on_signals(mut signals: Signals, pipe: &Pipe) -> Arc<AtomicI32> {
    let (pipe, received) = (Arc::clone(pipe), Arc::new(AtomicI32::new(0)));
    let noted = Arc::clone(&received);
    thread::spawn(move || {
        for signal in signals.forever() {
            noted.store(signal, Ordering::SeqCst);
            lock(&pipe).take();
        }
    });
    received
}

/// Passes keys on until there are no more, which ends the background process, too.
fn pass_keys_on(pipe: &Pipe) {
    let pipe = Arc::clone(pipe);
    thread::spawn(move || {
        let mut keys = [0; 64];
        loop {
            let count = match io::stdin().read(&mut keys) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                outcome => outcome.unwrap_or(0),
            };
            let mut pipe = lock(&pipe);
            let is_passed_on = pipe.as_mut().is_some_and(|pipe| pipe.write_all(&keys[..count]).is_ok());
            if count == 0 || !is_passed_on {
                pipe.take();
                return;
            }
        }
    });
}

fn lock(pipe: &Mutex<Option<ChildStdin>>) -> MutexGuard<'_, Option<ChildStdin>> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}
