//! The noise of the machine: a program that only echoes, in a pseudo-terminal like the client's, asked in turn with it.
//! What it takes is the least any program could take; when even that is slow, the run says nothing about the client.

use std::{
    env,
    io::{Read, Write, stdin, stdout},
    process::Command,
    time::Instant,
};

use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::{
    Result,
    args::ECHO,
    samples::Samples,
    terminal::{Pty, Size},
};

/// The echoing program, and how long it has taken.
pub(super) struct Echo {
    pty: Pty,
    pub(super) delays: Samples,
}

impl Echo {
    pub(super) fn start() -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["client", ECHO]);
        let mut pty = Pty::start(command, Size { columns: 80, rows: 24 })?;
        pty.read()?; // it says that it is ready
        Ok(Self { pty, delays: Samples::default() })
    }

    /// Asks once, in ms.
    pub(super) fn ask(&mut self) -> Result<()> {
        let begun = Instant::now();
        self.pty.write(b"x")?;
        self.pty.read()?;
        self.delays.push(begun.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }
}

/// The program itself; it ends with its terminal.
pub(super) fn serve() -> Result<()> {
    let mut modes = tcgetattr(stdin())?;
    modes.make_raw();
    tcsetattr(stdin(), OptionalActions::Now, &modes)?;
    let (mut keys, mut screen, mut byte) = (stdin().lock(), stdout().lock(), [b'.']);
    loop {
        screen.write_all(&byte)?;
        screen.flush()?;
        if keys.read(&mut byte).unwrap_or(0) == 0 {
            return Ok(());
        }
    }
}
