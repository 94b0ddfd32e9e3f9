//! A pseudo-terminal with a program in it. Times are taken before the emulator processes the output, so that it does not
//! add to them.
//!
//! It is not the program's controlling terminal: the bench measures neither signals nor `/dev/tty`.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use super::{
    Result, TIMEOUT,
    frames::{Frame, Frames},
};

#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) columns: u16,
    pub(super) rows: u16,
}

/// A program and the other end of its terminal. The program is killed on drop.
pub(super) struct Pty {
    master: File,
    child: Child,
    buffer: Box<[u8]>,
}

impl Pty {
    pub(super) fn start(mut command: Command, size: Size) -> Result<Self> {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let noctty = i32::try_from(OFlags::NOCTTY.bits())?;
        let path = std::ffi::OsStr::from_bytes(name.to_bytes());
        let program = File::options().read(true).write(true).custom_flags(noctty).open(path)?;
        tcsetwinsize(&program, Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 })?;
        command.stdin(program.try_clone()?).stdout(program.try_clone()?).stderr(program);
        let child = command.spawn()?;
        Ok(Self { master: File::from(master), child, buffer: vec![0; 64 * 1024].into() })
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.master.write_all(bytes)?)
    }

    /// Waits for output and returns it.
    pub(super) fn read(&mut self) -> Result<&[u8]> {
        self.read_within(TIMEOUT)?.ok_or_else(|| "timed out waiting for output of the program in the terminal".into())
    }

    /// Waits for output and returns it; `None` if there is none within `longest`.
    pub(super) fn read_within(&mut self, longest: Duration) -> Result<Option<&[u8]>> {
        let mut watched = [PollFd::new(&self.master, PollFlags::IN)];
        let longest = Timespec::try_from(longest)?;
        if poll(&mut watched, Some(&longest))? == 0 {
            return Ok(None);
        }
        match self.master.read(&mut self.buffer) {
            Ok(count) => Ok(Some(&self.buffer[..count])),
            Err(error) => Err(format!("the program in the terminal has ended: {error}").into()),
        }
    }

    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill(); // may have ended already
        let _ = self.child.wait();
    }
}

/// A pseudo-terminal whose program draws frames, and an emulator that processes each frame after its time is taken.
pub(super) struct Terminal {
    pty: Pty,
    frames: Frames,
    emulator: vt100::Parser,
    /// The time just before the program was started.
    pub(super) started: Instant,
    /// Bytes that the program has written in frames so far.
    pub(super) written: usize,
}

impl Terminal {
    pub(super) fn start(command: Command, size: Size) -> Result<Self> {
        let started = Instant::now();
        let pty = Pty::start(command, size)?;
        let emulator = vt100::Parser::new(size.rows, size.columns, 0);
        Ok(Self { pty, frames: Frames::default(), emulator, started, written: 0 })
    }

    pub(super) fn process(&self) -> u32 {
        self.pty.process()
    }

    pub(super) fn screen(&self) -> &vt100::Screen {
        self.emulator.screen()
    }

    /// Types `keys` and returns the time just before.
    pub(super) fn type_keys(&mut self, keys: &str) -> Result<Instant> {
        let at = Instant::now();
        self.pty.write(keys.as_bytes())?;
        Ok(at)
    }

    /// Waits for the next frame and updates the screen; `None` if there is no frame within `longest`.
    pub(super) fn next_frame(&mut self, longest: Duration) -> Result<Option<Frame>> {
        let deadline = Instant::now() + longest;
        loop {
            if let Some(frame) = self.frames.pop() {
                self.emulator.process(&frame.bytes);
                self.written += frame.bytes.len();
                return Ok(Some(frame));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(bytes) = self.pty.read_within(left)? else { return Ok(None) };
            self.frames.push(bytes, Instant::now());
        }
    }

    /// Waits for a frame after which `holds` is true of the screen. `what` describes it in the error.
    pub(super) fn wait_for_frame(&mut self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) -> Result<Frame> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(frame) = self.next_frame(left)? else {
                return Err(format!("timed out waiting for {what}\n{}", self.screen().contents()).into());
            };
            if holds(self.screen()) {
                return Ok(frame);
            }
        }
    }

    /// Waits until the screen shows this text.
    pub(super) fn wait_for_text(&mut self, text: &str) -> Result<()> {
        let there = |screen: &vt100::Screen| screen.contents().contains(text);
        if !there(self.screen()) {
            self.wait_for_frame(&format!("{text:?}"), there)?;
        }
        Ok(())
    }

    /// Waits until there is no frame for this long.
    pub(super) fn wait_until_idle(&mut self, quiet: Duration) -> Result<()> {
        while self.next_frame(quiet)?.is_some() {}
        Ok(())
    }

    pub(super) fn wait_for_exit(&mut self) -> Result<()> {
        while self.pty.read_within(TIMEOUT).is_ok_and(|bytes| bytes.is_some_and(|bytes| !bytes.is_empty())) {}
        self.pty.wait()?;
        Ok(())
    }
}
