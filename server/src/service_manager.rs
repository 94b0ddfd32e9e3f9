//! Tells the service manager that started the server how far it is, as sd_notify(3) of systemd does: one datagram to the
//! socket that `$NOTIFY_SOCKET` names.

use std::{env, ffi::OsStr, io, os::unix::net::UnixDatagram};

/// Says that the server answers requests from now on. Does nothing if no service manager asks for it.
pub(crate) fn tell_ready() {
    let Some(socket) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return };
    if let Err(error) = send(&socket, b"READY=1") {
        tracing::warn!(%error, "cannot tell the service manager that the server is ready (NOTIFY_SOCKET)");
    }
}

fn send(socket: &OsStr, state: &[u8]) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    sender.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    if let Some(name) = socket.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
        return sender.send_to_addr(state, &SocketAddr::from_abstract_name(name)?).map(drop);
    }
    sender.send_to(state, socket).map(drop)
}
