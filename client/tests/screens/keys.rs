//! Every key in every mode, from the keymap: each has a visible effect, or is listed here with the reason why it has
//! none.

use std::{collections::BTreeSet, fmt::Write};

use quchat_client::{
    keymap::{Context, Keymap, command},
    model::{ComponentId, Dialog, DialogId, PasswordForm, Question, SendState},
    update::{Action, Msg, focus},
};
use quchat_shared::{RoomId, Seq};
use tuirealm::event::{Key, KeyEvent, KeyModifiers as Mod};

use crate::{
    listing::{found, inbox, mention, search},
    people::{bans, people, sessions},
    stage::{Stage, long_talk, message, room},
};

/// Everything that can have the keyboard.
const MODES: [ComponentId; 18] = [
    ComponentId::SignIn,
    ComponentId::Rooms,
    ComponentId::History,
    ComponentId::Composer,
    ComponentId::Find,
    ComponentId::Dialog(DialogId::Switcher),
    ComponentId::Dialog(DialogId::CreateRoom),
    ComponentId::Dialog(DialogId::Help),
    ComponentId::Dialog(DialogId::Ask),
    ComponentId::Dialog(DialogId::Review),
    ComponentId::Dialog(DialogId::SignedOut),
    ComponentId::Dialog(DialogId::React),
    ComponentId::Dialog(DialogId::Inbox),
    ComponentId::Dialog(DialogId::Search),
    ComponentId::Dialog(DialogId::People),
    ComponentId::Dialog(DialogId::Bans),
    ComponentId::Dialog(DialogId::Sessions),
    ComponentId::Dialog(DialogId::Password),
];

/// The number of those that are not dialogs. They come first.
const WITHOUT_DIALOG: usize = 5;

/// Keys without effect in a mode that they are bound in, and why.
const IDLE: &[(ComponentId, Action, &str)] = &[
    (ComponentId::Find, Action::Find, "one is searching already"),
    (ComponentId::Dialog(DialogId::CreateRoom), Action::Register, "the form has one button"),
    (ComponentId::Dialog(DialogId::CreateRoom), Action::ShowPassword, "the form has no password"),
    (ComponentId::Dialog(DialogId::SignedOut), Action::Register, "the form has one button"),
    (ComponentId::Dialog(DialogId::Password), Action::Register, "the form has one button"),
    (ComponentId::Dialog(DialogId::SignedOut), Action::NextField, "the form has one field"),
    (ComponentId::Dialog(DialogId::SignedOut), Action::PreviousField, "the form has one field"),
    (ComponentId::Dialog(DialogId::Ask), Action::LineUp, "a question is whole on the screen"),
    (ComponentId::Dialog(DialogId::Ask), Action::LineDown, "a question is whole on the screen"),
    (ComponentId::Dialog(DialogId::Ask), Action::PageUp, "a question is whole on the screen"),
    (ComponentId::Dialog(DialogId::Ask), Action::PageDown, "a question is whole on the screen"),
];

/// The open room: the last of the joined ones, so that each number leads to another room.
const HERE: RoomId = RoomId(11);

/// A stage on which `action` has an effect while `mode` has the keyboard.
fn stage(mode: ComponentId, action: Action) -> Stage {
    if mode == ComponentId::SignIn {
        let mut stage = Stage::new(80, 24);
        stage.model.sign_in.server = "localhost".to_owned();
        stage.model.sign_in.rev += 1;
        stage.model.sign_in.waiting = action == Action::Cancel;
        stage.follow();
        write(&mut stage);
        return stage;
    }
    let mut stage = Stage::in_general(80, 24, Vec::new());
    for id in 4..=11 {
        stage.add_room(room(id, &format!("word word {id}"), "", true));
    }
    stage.model.open = Some(HERE);
    stage.model.last = Some(RoomId(1));
    stage.hold(RoomId(2), vec![message(1, 0, "bob", "x")]);
    stage.model.rooms.get_mut(&RoomId(2)).unwrap().member.as_mut().unwrap().last_read_seq = Seq(0);
    let here = |message: quchat_shared::Message| quchat_shared::Message { room_id: HERE, ..message };
    stage.hold(HERE, long_talk(60).into_iter().map(here).collect());
    stage.room().new_after = Some(Seq(10));
    let rows: Vec<String> = (1..90).map(|row| format!("row {row}")).collect();
    stage.pend("p-1", &rows.join("\n"), SendState::Refused("too long".into()));
    stage.follow();
    stage.draw();
    for _ in 0..2 {
        stage.key(Key::PageUp);
        stage.draw();
    }
    match action {
        Action::Back => stage.msg(Msg::JumpTo(found(HERE.0, 30).into())),
        Action::Forward => {
            stage.msg(Msg::JumpTo(found(HERE.0, 30).into()));
            stage.msg(Msg::Act(Action::Back));
        }
        _ => {}
    }
    match (mode, action) {
        (ComponentId::Composer, Action::Complete | Action::CompleteBack) => stage.type_text(":smi"),
        (ComponentId::Composer, Action::Cancel) => {
            stage.type_text(":smi");
            stage.key(Key::Tab); // opens a list to close
        }
        (ComponentId::Rooms | ComponentId::History, Action::EndOfInput) => {} // it needs an empty input
        _ => write(&mut stage),
    }
    match mode {
        ComponentId::Rooms => stage.model.in_side_bar = true,
        ComponentId::Find => drop(stage.ctrl('f')),
        ComponentId::History => drop(stage.press(Key::Char('m'), Mod::ALT)),
        ComponentId::Dialog(DialogId::Switcher) => stage.model.dialogs.push(Dialog::Switcher),
        ComponentId::Dialog(DialogId::CreateRoom) => drop(stage.press(Key::Char('c'), Mod::ALT)),
        ComponentId::Dialog(DialogId::Help) => stage.model.dialogs.push(Dialog::Help),
        ComponentId::Dialog(DialogId::Ask) => stage.model.dialogs.push(Dialog::Ask(Question::SignOut { unsent: 1 })),
        ComponentId::Dialog(DialogId::Review) => drop(stage.press(Key::Char('v'), Mod::ALT)),
        ComponentId::Dialog(DialogId::SignedOut) => stage.model.dialogs.push(Dialog::SignedOut),
        ComponentId::Dialog(DialogId::React) => stage.model.dialogs.push(Dialog::React { room: HERE, seq: Seq(60) }),
        ComponentId::Dialog(DialogId::Inbox) => inbox(&mut stage, (1..=40).map(|seq| mention(1, seq)).collect()),
        ComponentId::Dialog(DialogId::Search) => {
            search(&mut stage, "word", (1..=40).map(|seq| found(1, seq)).collect());
        }
        ComponentId::Dialog(DialogId::People) => {
            let names: Vec<String> = (10..40).map(|at| format!("word word {at}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            stage.model.dialogs.push(Dialog::People(people(HERE, &names)));
        }
        ComponentId::Dialog(DialogId::Bans) => stage.model.dialogs.push(Dialog::Bans(bans(HERE, 40))),
        ComponentId::Dialog(DialogId::Sessions) => stage.model.dialogs.push(Dialog::Sessions(sessions(30))),
        ComponentId::Dialog(DialogId::Password) => {
            stage.model.dialogs.push(Dialog::Password(PasswordForm::default()));
        }
        _ => {}
    }
    stage.follow();
    stage.draw();
    let steps = matches!(action, Action::LineUp | Action::LineDown | Action::PageUp | Action::PageDown);
    let picks = steps && mode == ComponentId::Dialog(DialogId::React); // no emoji has such a name
    if Context::of(mode).contains(&Context::Text) && mode != ComponentId::Composer && !picks {
        write(&mut stage);
    }
    let other_field = mode == ComponentId::Dialog(DialogId::Password); // a step leads to an empty one
    if matches!(mode, ComponentId::Dialog(_) | ComponentId::History) && !other_field {
        // in the middle, so that both directions are possible
        for key in [Key::Up, Key::Up, Key::Up, Key::Down] {
            stage.key(key);
            stage.draw();
        }
    }
    stage
}

/// Leaves the cursor within a word, with text on both sides and something to undo, redo and yank.
fn write(stage: &mut Stage) {
    stage.type_text("word word three");
    stage.ctrl('w');
    stage.type_text("four");
    stage.ctrl('_');
    (0..3).for_each(|_| drop(stage.key(Key::Left)));
    stage.draw();
}

/// Everything that a user could notice.
fn noticed(stage: &mut Stage) -> String {
    stage.draw();
    let mut noticed = stage.screen();
    for cell in stage.buffer().content() {
        write!(noticed, "{:?}", cell.style()).unwrap();
    }
    let draft = stage.model.open_room().map(|room| room.draft.text.clone());
    write!(noticed, "{:?}{:?}{:?}", stage.cursor(), focus(&stage.model), draft).unwrap();
    noticed
}

/// Checks every key that is bound in one of these modes.
fn every_key_has_an_effect(modes: &[ComponentId]) {
    let keymap = Keymap::default();
    let (mut wrong, mut named) = (Vec::new(), BTreeSet::new());
    for &mode in modes {
        for row in keymap.rows().iter().filter(|row| Context::of(mode).contains(&row.context)) {
            let key = KeyEvent::from(row.chord);
            if keymap.action(mode, key) != Some(row.action) {
                continue; // an inner context binds this chord
            }
            let mut stage = stage(mode, row.action);
            assert_eq!(focus(&stage.model), mode, "{}", stage.screen());
            let before = noticed(&mut stage);
            stage.effects.clear();
            stage.press(key.code, key.modifiers);
            let something = !stage.effects.is_empty() || noticed(&mut stage) != before;
            let idle = IDLE.iter().any(|(id, action, _)| (*id, *action) == (mode, row.action));
            if idle {
                named.insert((mode, row.action));
            }
            if something == idle {
                wrong.push(format!(
                    "{mode:?}: {} ({:?}) does {}",
                    row.chord,
                    row.action,
                    if idle { "something" } else { "nothing" }
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let listed = IDLE.iter().filter(|(id, ..)| modes.contains(id)).count();
    assert_eq!(named.len(), listed, "every listed key is still bound in its mode");
}

#[test]
fn every_key_has_an_effect_in_the_modes_without_a_dialog() {
    every_key_has_an_effect(&MODES[..WITHOUT_DIALOG]);
}

#[test]
fn every_key_has_an_effect_in_every_dialog() {
    every_key_has_an_effect(&MODES[WITHOUT_DIALOG..]);
}

#[test]
fn every_part_of_the_keymap_is_reachable() {
    for context in Context::ALL {
        assert!(MODES.iter().any(|&mode| Context::of(mode).contains(&context)), "{context:?} holds nowhere");
    }
}

#[test]
fn every_key_that_a_terminal_may_keep_has_a_command() {
    for row in Keymap::default().rows() {
        // these contexts have other keys, or a button
        let written = matches!(row.context, Context::Text | Context::Composer | Context::Find | Context::Form);
        if row.chord.may_be_taken() && !written {
            assert!(command(row.action).is_some(), "{} has no command", row.chord);
        }
    }
}

#[test]
fn the_help_shows_every_key_that_is_bound() {
    let mut stage = Stage::in_general(80, 24, Vec::new());
    stage.key(Key::Function(1));
    let mut pages = vec![stage.screen()];
    while pages.last().unwrap().contains("↓ more") {
        stage.key(Key::PageDown);
        pages.push(stage.screen());
    }
    let shown = pages.concat();
    for row in Keymap::default()
        .rows()
        .iter()
        .filter(|row| !matches!(row.action, Action::RoomNumber(2..) | Action::ToggleReaction(2..)))
    {
        assert!(shown.contains(&row.chord.to_string()), "{} is not in the help", row.chord);
    }
}
