//! Reads a password: from the terminal without showing it, twice; or a line of standard input.

use std::io::{self, BufRead, IsTerminal, Read};

use super::failure::{FAILED, Failure};

/// Most bytes of a line: more than any password that is accepted.
const LINE_MAX: u64 = 8 * 1024;

/// Reads a new password.
pub(super) fn read_password(prompt: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return from_stdin();
    }
    let (first, second) = (terminal::ask(prompt)?, terminal::ask("Once more")?);
    if first == second { Ok(first) } else { Err(Failure::new(FAILED, "the two passwords differ; try again")) }
}

fn from_stdin() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().take(LINE_MAX).read_line(&mut line);
    read.map_err(|error| Failure::new(FAILED, format!("cannot read the password from standard input: {error}")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::new(FAILED, "there is no password on standard input; write it there as one line"));
    }
    Ok(password.to_owned())
}

#[cfg(unix)]
mod terminal {
    use std::io::{self, Read, Stdin, Write};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    use super::super::failure::{FAILED, Failure, INTERRUPTED};

    /// The terminal without echo, until this is dropped.
    struct Hidden(Stdin, Termios);

    impl Hidden {
        fn begin() -> io::Result<Self> {
            let stdin = io::stdin();
            let before = tcgetattr(&stdin)?;
            let mut hidden = before.clone();
            // Ctrl+C must not end the process before the echo is back.
            hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
            tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
            Ok(Self(stdin, before))
        }
    }

    impl Drop for Hidden {
        fn drop(&mut self) {
            let _ = tcsetattr(&self.0, OptionalActions::Flush, &self.1);
            writeln!(io::stderr()).ok();
        }
    }

    pub(super) fn ask(prompt: &str) -> Result<String, Failure> {
        let unusable = |error: io::Error| Failure::new(FAILED, format!("cannot read from the terminal: {error}"));
        write!(io::stderr(), "{prompt}: ").ok();
        let hidden = Hidden::begin().map_err(unusable)?;
        let mut typed = Vec::new();
        for byte in hidden.0.lock().bytes() {
            match byte.map_err(unusable)? {
                b'\r' | b'\n' | 4 => break,
                3 => return Err(Failure::new(INTERRUPTED, "interrupted; nothing was changed")),
                8 | 127 => while typed.pop().is_some_and(|byte: u8| byte & 0xC0 == 0x80) {},
                21 => typed.clear(),
                byte => typed.push(byte),
            }
        }
        String::from_utf8(typed).map_err(|_| Failure::new(FAILED, "the password is not UTF-8; check the terminal"))
    }
}

#[cfg(not(unix))]
mod terminal {
    use super::super::failure::{FAILED, Failure};

    pub(super) fn ask(_: &str) -> Result<String, Failure> {
        Err(Failure::new(FAILED, "write the password to standard input: this system has no hidden prompt"))
    }
}
