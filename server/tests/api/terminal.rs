//! A closed terminal stops the server that was started in it, and no other.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use quchat_shared::event::ByeReason;
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Client, DataDir, Process, eventually};

/// A server in its own terminal; killed when dropped.
struct InTerminal {
    child: Box<dyn Child + Send + Sync>,
    terminal: Option<Box<dyn MasterPty + Send>>,
    address: SocketAddr,
}

impl InTerminal {
    /// Runs a shell line in which `"$0" "$@"` starts the server.
    fn start(script: &str, data_dir: &DataDir) -> Self {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        command.arg(Process::command().get_program());
        command.args(["--listen", "127.0.0.1:0", "--log", "off", "--data-dir"]);
        command.arg(data_dir.path());
        Process::variables(&data_dir.path()).into_iter().for_each(|(name, value)| command.env(name, value));
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut output = BufReader::new(pty.master.try_clone_reader().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}"));
        Self { child, terminal: Some(pty.master), address: address.parse().unwrap() }
    }

    fn hang_up(&self) {
        let id = self.child.process_id().unwrap();
        kill_process(Pid::from_raw(id.cast_signed()).unwrap(), Signal::HUP).unwrap();
    }
}

impl Drop for InTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_stops_cleanly_when_its_terminal_closes() {
    for close in [true, false] {
        let data_dir = DataDir::new();
        let mut server = InTerminal::start("exec \"$0\" \"$@\"", &data_dir);
        let mut stream = Client::register(server.address, "alice").listen();
        if close {
            drop(server.terminal.take())
        } else {
            server.hang_up()
        }
        stream.expects_bye(ByeReason::Shutdown);
        let status = eventually("the process ends", || server.child.try_wait().unwrap());
        assert_eq!(status.exit_code(), 0, "{status:?}");
    }
}

#[test]
fn a_server_started_with_nohup_survives_its_terminal() {
    let data_dir = DataDir::new();
    let mut server = InTerminal::start("trap '' HUP; exec \"$0\" \"$@\"", &data_dir);
    let alice = Client::register(server.address, "alice");
    server.hang_up();
    drop(server.terminal.take());
    alice.get("/v1/users/me").expect(200);
    assert!(server.child.try_wait().unwrap().is_none());
}

#[test]
fn stty_tostop_does_not_stop_a_server_in_the_background() {
    let data_dir = DataDir::new();
    let script = "set -m; stty tostop; \"$0\" \"$@\" & read line; kill %1; wait %1";
    let mut server = InTerminal::start(script, &data_dir);
    let mut stream = Client::register(server.address, "alice").listen();
    let mut keys = server.terminal.as_ref().unwrap().take_writer().unwrap();
    keys.write_all(b"\n").unwrap();
    stream.expects_bye(ByeReason::Shutdown);
    let status = eventually("the process ends", || server.child.try_wait().unwrap());
    assert_eq!(status.exit_code(), 0, "{status:?}");
}

#[test]
#[cfg(target_os = "linux")] // other systems have no program that detaches from the terminal
fn a_server_without_a_terminal_ignores_sighup() {
    let data_dir = DataDir::new();
    let mut command = std::process::Command::new("setsid");
    command.arg(Process::command().get_program()).args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir.path());
    command.stderr(std::process::Stdio::null()).envs(Process::variables(&data_dir.path()));
    let server = Process::run(command);
    let alice = server.register("alice");
    let mut stream = alice.listen();
    server.signal(Signal::HUP);
    alice.create_room("lobby");
    stream.until(|event| event.name() == "room.created");
    server.signal(Signal::TERM);
    stream.expects_bye(ByeReason::Shutdown);
    assert_eq!(server.wait().0.code(), Some(0));
}
