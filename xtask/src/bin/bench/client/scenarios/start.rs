//! `start`: the time from just before the program is executed to the first byte of a frame with name and status line.
//! The user is signed in and the server is down: the first frame must not wait for it.

use super::{
    super::{
        Result,
        echo::Echo,
        report::Row,
        samples::Samples,
        scripted_server::{ScriptedServer, USER},
        session::ClientHome,
    },
    Plan,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let server = ScriptedServer::start(1, 50)?;
    let home = ClientHome::new(&server)?;
    let mut terminal = home.sign_in()?;
    terminal.type_keys("\x11")?; // Ctrl+Q
    terminal.wait_for_exit()?;
    drop(server);
    let (mut echo, mut delays) = (Echo::start()?, Samples::default());
    for _ in 0..plan.pick(200, 2) {
        let mut terminal = home.start()?;
        let frame = terminal.wait_for_frame("name and status line", |screen| {
            let text = screen.contents();
            text.contains(USER) && text.contains("connecting")
        })?;
        delays.push((frame.begun - terminal.started).as_secs_f64() * 1e3);
        drop(terminal);
        (0..5).try_for_each(|_| echo.measure())?;
    }
    Ok(vec![Row {
        size: "signed in, server down".to_owned(),
        what: "ms to the first byte of the frame",
        ours: delays,
        echo: Some(echo.delays),
        goal: Some(30.0),
    }])
}
