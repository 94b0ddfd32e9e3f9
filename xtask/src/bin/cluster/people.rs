//! The users of the cluster: signed in, in one room, each with a script that opens the client as this user.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use quchat_client::{
    api::{Access, Client, Contact, Origin, Server, knock},
    state::{self, StateDir},
};
use quchat_shared::{
    api::{CreateRoom, JoinRoom, NewRoom, Register},
    join_link::{Host, JoinLink},
    room::RoomKind,
    user::{NewUser, Session},
};

use tasks::private;

use crate::Result;

/// The first one is the admin.
const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// How to open the client.
pub(crate) struct People {
    /// The scripts, one for each user.
    pub(crate) scripts: Vec<PathBuf>,
    /// For everybody else.
    pub(crate) link: String,
}

impl People {
    /// Registers the users at the server behind `address`, and writes the scripts into `dir`.
    pub(crate) fn register(address: SocketAddr, client: &Path, dir: &Path) -> Result<Self> {
        let server = server_at(address)?;
        let password = private::random_text()?;
        let mut room = None;
        let mut scripts = Vec::new();
        for name in NAMES {
            let new = NewUser { name: name.into(), password: password.clone(), invite: None };
            let session = Client::anonymous(server.clone()).call::<Register>(&(), &(), &new)?;
            let user = Client::signed_in(Access::new(server.clone(), &session));
            match room {
                None => room = Some(user.call::<CreateRoom>(&(), &(), &lobby())?.info.id),
                Some(room) => drop(user.call::<JoinRoom>(&room, &(), &())?),
            }
            let state = dir.join(format!("{name}-state"));
            keep(&state, &server, &session)?;
            let script = dir.join(name);
            fs::write(&script, script_text(client, &server.origin, &state, &script, dir))?;
            scripts.push(script);
        }
        let host = match address {
            SocketAddr::V4(address) => Host::V4(*address.ip()),
            SocketAddr::V6(address) => Host::V6(*address.ip()),
        };
        let link = JoinLink { host, port: address.port(), pin: server.pin, invite: None };
        Ok(Self { scripts, link: link.to_string() })
    }
}

/// The server with the pin of its key, which all nodes have.
fn server_at(address: SocketAddr) -> Result<Server> {
    let origin = Origin::parse(&format!("https://{address}"))?;
    match knock(&origin, None)? {
        Contact::Unknown(pin) => Ok(Server { origin, pin: Some(pin) }),
        other => Err(format!("{origin} answers otherwise than a new server does: {other:?}").into()),
    }
}

fn lobby() -> NewRoom {
    NewRoom { name: "lobby".into(), topic: Some("one room on two nodes".into()), kind: Some(RoomKind::Public) }
}

/// Keeps what the client needs to be signed in without a question.
fn keep(state: &Path, server: &Server, session: &Session) -> Result<()> {
    private::create_dir(state)?;
    let state = StateDir::at(state.join("quchat"));
    state::keep_pin(&state, server)?;
    Ok(state::keep_session(&state, &server.origin, session)?)
}

/// Starts the client, which goes on keeping drafts after the end of the cluster. Who ends it then removes these, too.
fn script_text(client: &Path, server: &Origin, state: &Path, script: &Path, dir: &Path) -> String {
    let [client, state, script, dir] = [client, state, script, dir].map(in_shell);
    format!(
        "#!/bin/sh\nunset QUCHAT_USER\nexport XDG_STATE_HOME={state} XDG_CONFIG_HOME={state}\ntrap : HUP INT TERM\n\
         {client} --server {server} \"$@\"\ncode=$?\n[ -e {script} ] || rm -rf {dir}\nexit $code\n"
    )
}

/// The path as one word of a shell.
fn in_shell(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}
