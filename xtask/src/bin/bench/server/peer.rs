//! A program to compare with: nginx with nchan, which keeps messages in memory. It has a supervisor process like the
//! server. Its one worker process does all the work and is the one that is measured.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    Result,
    supervisor::{report, wait_until_bench_ends},
    target,
};
use crate::launch::temp_dir;

/// The module's path on Debian.
const MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// Checks that nchan is installed.
pub(super) fn check() -> Result<()> {
    if Path::new(MODULE).exists() {
        Ok(())
    } else {
        Err("nchan is not installed; on Debian: apt install nginx-light libnginx-mod-nchan".into())
    }
}

/// Runs nginx on a free port. Prints the process id of its worker, and its address.
pub(super) fn run() -> Result<bool> {
    let dir = temp_dir()?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?; // the port is free again at once
    let file = dir.path().join("nginx.conf");
    let log = dir.path().join("error.log");
    let (pid, log, events) = (dir.path().join("pid"), log.display(), target::EVENTS);
    fs::write(
        &file,
        format!(
            "load_module {MODULE};
             daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {}; error_log {log} error;
             events {{ worker_connections 16384; }}
             http {{
                 access_log off; keepalive_requests 1000000000; client_body_temp_path {};
                 server {{
                     listen {address} backlog=4096;
                     location = {events} {{
                         nchan_subscriber eventsource; nchan_channel_id hall; nchan_subscriber_first_message newest;
                     }}
                     location / {{ nchan_publisher; nchan_channel_id hall; nchan_message_buffer_length 10; }}
                 }}
             }}",
            pid.display(),
            dir.path().join("bodies").display(),
        ),
    )?;
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-e").arg(dir.path().join("error.log")).arg("-p").arg(dir.path()).arg("-c").arg(&file);
    let nginx = TerminateOnDrop(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    report(worker(nginx.0.id())?, &format!("listening on http://{address}\n"))?;
    wait_until_bench_ends()?;
    Ok(true)
}

/// The one child of nginx's master process.
fn worker(master: u32) -> Result<u32> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
        if let Some(worker) = children.split_whitespace().next() {
            return Ok(worker.parse()?);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err("nginx started no worker process within 5 s".into())
}

/// Stopped with SIGTERM on drop, so that its worker stops too.
struct TerminateOnDrop(Child);

impl Drop for TerminateOnDrop {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}
