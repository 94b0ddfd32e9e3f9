//! Measures the noise of the machine: a program that only echoes, in a pseudo-terminal like the client's, measured in
//! turn with it. No program can be faster. When even the echo is slow, the run says nothing about the client.

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

/// The echo program and its times.
pub(super) struct Echo {
    pty: Pty,
    /// In ms.
    pub(super) delays: Samples,
}

impl Echo {
    pub(super) fn start() -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["client", ECHO]);
        let mut pty = Pty::start(command, Size { columns: 80, rows: 24 })?;
        pty.read()?; // its first byte says that it is ready
        Ok(Self { pty, delays: Samples::default() })
    }

    pub(super) fn measure(&mut self) -> Result<()> {
        let begun = Instant::now();
        self.pty.write(b"x")?;
        self.pty.read()?;
        self.delays.push(begun.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }
}

/// Runs as the echo program until the terminal closes.
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
