//! `start`: the time from just before the program is executed to the first byte of a frame with name and status line.
//! The user is signed in and the server is down: the first frame must not wait for it.

use super::{
    super::{
        Result,
        echo::Echo,
        peer::{ME, Peer},
        person::Person,
        report::Row,
        samples::Samples,
    },
    Plan,
};

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let peer = Peer::start(1, 50)?;
    let person = Person::new(&peer)?;
    let mut terminal = person.sign_in()?;
    terminal.press("\x11")?; // Ctrl+Q
    terminal.ends()?;
    drop(peer);
    let (mut echo, mut delays) = (Echo::start()?, Samples::default());
    for _ in 0..plan.pick(200, 2) {
        let mut terminal = person.start()?;
        let frame = terminal.frame_that("name and status line", |screen| {
            let text = screen.contents();
            text.contains(ME) && text.contains("connecting")
        })?;
        delays.push((frame.begun - terminal.started).as_secs_f64() * 1e3);
        drop(terminal);
        (0..5).try_for_each(|_| echo.ask())?;
    }
    Ok(vec![Row {
        size: "kept sign-in, dead server".to_owned(),
        what: "ms to the first byte of the frame",
        ours: delays,
        echo: Some(echo.delays),
        goal: Some(30.0),
    }])
}
