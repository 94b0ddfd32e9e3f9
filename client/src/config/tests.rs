//! Tests the precedence of settings, what the config file accepts, and how errors in it are reported.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::{
    keymap::{self, Context},
    model::ComponentId,
    theme::{Paint, Role},
    update::Action,
};

const EXAMPLE: &str = include_str!("../../config.example.toml");

fn parse(text: &str) -> Result<File, String> {
    let file = File::parse(Path::new("config.toml"), text);
    let faults: Vec<_> = file.faults.iter().map(ToString::to_string).collect();
    if faults.is_empty() { Ok(file) } else { Err(faults.join("\n")) }
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err()
}

fn setting(value: &str, from: Source) -> Option<Setting<String>> {
    Some(Setting { value: value.into(), from })
}

/// The example file with every setting uncommented.
fn example() -> String {
    let bare = |line: &str| {
        line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#']) && !rest.is_empty()).map(str::to_owned)
    };
    EXAMPLE.lines().map(|line| bare(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

#[test]
fn the_example_sets_nothing_and_is_valid_when_uncommented() {
    assert_eq!(parse(EXAMPLE).unwrap(), File::default());
    assert!(Context::ALL.iter().all(|context| EXAMPLE.contains(&context.name())));
    let file = parse(&example()).unwrap();
    assert_eq!(file.server.unwrap().value, DEFAULT_SERVER);
    assert!(file.name.is_some() && file.profiles["work"].name.is_some());
}

#[test]
fn precedence_is_flag_environment_profile_file_last_used() {
    let flag = setting("flag", Source::Flag("--server"));
    let variable = setting("variable", Source::Variable("QUCHAT_SERVER"));
    let file = || parse("server = 'file'\n[profiles.p]\nserver = 'profile'").unwrap();
    let last = || LastSignIn { server: Some("http://last:1".into()), name: Some("alice".into()), chosen: true };
    let server = |server: &Option<_>, profile: Option<&str>, file: File, last: LastSignIn| {
        let given = Given { server: server.clone(), profile: profile.map(str::to_owned), ..Given::default() };
        let Setting { value, from } = Config::resolve(given, file, last).unwrap().server;
        (value, from)
    };
    assert_eq!(server(&flag, Some("p"), file(), last()), ("flag".into(), Source::Flag("--server")));
    assert_eq!(server(&variable, Some("p"), file(), last()), ("variable".into(), Source::Variable("QUCHAT_SERVER")));
    assert_eq!(server(&None, Some("p"), file(), last()), ("profile".into(), Source::Line(3)));
    assert_eq!(server(&None, None, file(), last()), ("file".into(), Source::Line(1)));
    assert_eq!(server(&None, None, File::default(), last()), ("http://last:1".into(), Source::LastSignIn));
    assert_eq!(server(&None, None, File::default(), LastSignIn::default()), (DEFAULT_SERVER.into(), Source::Default));
}

#[test]
fn an_error_names_the_file_the_line_and_the_closest_valid_name() {
    for (text, expected) in [
        ("\n\nservr = 'x'", r#"config.toml:3: unknown setting "servr"; did you mean "server"?"#),
        ("\nname = 7", "config.toml:2: name takes a string in quotes, not a value of type integer"),
        (
            "[profiles.work]\nserver = 'x'\nnames = 'alice'",
            r#"config.toml:3: unknown setting "profiles.work.names"; did you mean "name"?"#,
        ),
        ("[profiles.work]\nname = 'alice'", r#"config.toml:1: the profile "work" has no server"#),
        ("server = 'ftp://x'", "config.toml:1: server: an address must begin with http://, https:// or the host"),
        ("profiles = 1", "config.toml:1: profiles takes a table, not a value of type integer"),
        (
            "colour_of_the_sky = 1",
            r#"config.toml:1: unknown setting "colour_of_the_sky"; choose one of server, name, theme, ascii, mouse, profiles, notify, themes, keys"#,
        ),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
    assert!(
        refusal("server = 'x'\n\nserver = 'y'").starts_with("config.toml:3: "),
        "{}",
        refusal("server = 'x'\n\nserver = 'y'")
    );
    assert!(refusal("server = \"x").starts_with("config.toml:1: "));
}

#[test]
fn every_wrong_line_is_reported_once_from_the_top_and_the_others_apply() {
    let text = "
themes.mine.fant = '1'
server = 'host'
name = 7
ascii = yes
mouse = true
[keys.screen]
'Ctrl+T' = 'next-unraed'
'Ctrl+Y' = 'next-unread'
[notify]
by = 'bel'
[profiles.work]
name = 'x y'
server = 'there'
";
    let expected = r#"
config.toml:2: unknown setting "themes.mine.fant"; did you mean "faint"?
config.toml:4: name takes a string in quotes, not a value of type integer
config.toml:5: string values must be quoted, expected literal string
config.toml:8: Ctrl+T: [keys.screen] has no "next-unraed"; did you mean "next-unread"?
config.toml:11: by: unknown notification method "bel"; did you mean "bell"?
"#;
    let errors = refusal(text);
    assert!(errors.starts_with(expected.trim()), "{errors}");
    assert!(errors.lines().last().unwrap().starts_with("config.toml:13: name: "), "{errors}");
    let file = File::parse(Path::new("config.toml"), text);
    assert_eq!((file.server, file.mouse.unwrap().value), (setting("host", Source::Line(3)), true));
    assert_eq!((file.keys.len(), file.profiles["work"].server.as_ref().unwrap().value.as_str()), (1, "there"));
}

#[test]
fn at_most_twenty_wrong_lines_are_reported() {
    let many: String = (0..1_000).map(|n| format!("wrong{n} = 1\n")).collect();
    let errors = refusal(&many);
    assert_eq!(errors.lines().count(), 21);
    assert_eq!(errors.lines().last(), Some("config.toml: more lines are wrong"));
}

#[test]
fn an_unknown_profile_is_reported_with_the_closest_one() {
    let ask = |text: &str| {
        let given = Given { profile: Some("wrok".into()), ..Given::default() };
        Config::resolve(given, parse(text).unwrap(), LastSignIn::default()).unwrap_err().to_string()
    };
    assert_eq!(ask("[profiles.work]\nserver = 'x'"), r#"unknown profile "wrok"; did you mean "work"?"#);
    assert_eq!(ask(""), r#"unknown profile "wrok"; the config file has none"#);
}

#[test]
fn a_character_set_other_than_utf_8_chooses_ascii_unless_the_file_says_no() {
    let ascii = |text: &str| {
        let charset = Some(Setting { value: true, from: Source::Variable("LANG") });
        Config::resolve(Given { charset, ..Given::default() }, parse(text).unwrap(), LastSignIn::default())
            .unwrap()
            .ascii
    };
    assert_eq!(ascii(""), Setting { value: true, from: Source::Variable("LANG") });
    assert_eq!(ascii("ascii = false"), Setting { value: false, from: Source::Line(1) });
}

#[test]
fn shown_settings_can_be_parsed_again_and_name_their_origin() {
    let given = Given { name: setting("alice", Source::Variable("QUCHAT_USER")), ..Given::default() };
    let config = Config::resolve(given, parse("\nserver = 'host'").unwrap(), LastSignIn::default()).unwrap();
    let head = config.show().split("\n\n").next().unwrap().to_owned() + "\n";
    let expected = r#"
server = "host"  # line 2 of the file
name = "alice"  # QUCHAT_USER
theme = "terminal"  # default
ascii = false  # default
mouse = false  # default
"#;
    assert_eq!(head, expected.trim_start());
    let again = parse(&config.show()).unwrap();
    assert_eq!((again.server.unwrap().value, again.name.unwrap().value), ("host".into(), "alice".into()));
    assert_eq!(setting::quoted("a\u{1b}\"\\"), r#""a\u001B\"\\""#);
}

#[test]
fn a_key_bound_in_the_file_does_what_it_says_and_shows_first() {
    let file =
        parse("[keys.composer]\n'Enter' = 'newline'\n'alt+enter' = 'send'\n[keys.text]\n'Ctrl+B' = 'none'").unwrap();
    let config = Config::resolve(Given::default(), file, LastSignIn::default()).unwrap();
    let keymap = config.keymap();
    let action = |chord: &str| {
        let chord = keymap::chord(chord, Context::Composer).unwrap();
        keymap
            .rows()
            .iter()
            .find(|row| row.chord == chord && Context::of(ComponentId::Composer).contains(&row.context))
            .map(|row| row.action)
    };
    assert_eq!((action("Enter"), action("Alt+Enter")), (Some(Action::Newline), Some(Action::Send)));
    assert_eq!(action("Ctrl+B"), None);
    assert_eq!(keymap.chord(Action::Send), Some(keymap::chord("Alt+Enter", Context::Composer).unwrap()));
    assert!(config.show().contains("\"Alt+Enter\" = \"send\"  # line 3 of the file\n"));
    let again = parse(&config.show()).unwrap();
    assert_eq!(Config::resolve(Given::default(), again, LastSignIn::default()).unwrap().keymap().rows(), keymap.rows());
}

#[test]
fn notify_takes_a_word_or_a_command_and_refuses_the_rest() {
    let notify = |text: &str| {
        let config = Config::resolve(Given::default(), parse(text).unwrap(), LastSignIn::default()).unwrap();
        let again = Config::resolve(Given::default(), parse(&config.show()).unwrap(), LastSignIn::default()).unwrap();
        assert_eq!(again.notify.value, config.notify.value);
        config.notify.value
    };
    assert_eq!(notify(""), None);
    assert_eq!(notify("[notify]\nby = 'bell'"), Some(NotifyMethod::Bell));
    let words = ["notify-send", "{title}", "{body}"].map(str::to_owned).to_vec();
    assert_eq!(notify("[notify]\ncommand = ['notify-send', '{title}', '{body}']"), Some(NotifyMethod::Command(words)));
    assert_eq!(
        refusal("[notify]\nby = 'bel'"),
        r#"config.toml:2: by: unknown notification method "bel"; did you mean "bell"?"#
    );
    assert_eq!(
        refusal("[notify]\ncommand = 'x'"),
        "config.toml:2: command takes a list of strings, not a value of type string"
    );
    assert_eq!(refusal("[notify]\ncommand = []"), "config.toml:2: command: the program is missing");
}

#[test]
fn a_custom_theme_changes_a_built_in_one_and_shows_its_origin() {
    let text = "theme = 'mine'\nascii = true\n[themes.mine]\nbase = 'dark'\nwrong = 'bold #ff0000'\nsenders = ['red']";
    let config = Config::resolve(Given::default(), parse(text).unwrap(), LastSignIn::default()).unwrap();
    let red = Paint::parse("bold #ff0000").unwrap();
    let all_red = [Paint::parse("red").unwrap()];
    assert_eq!(config.themes[0].theme(), BUILT_IN[1].theme().with(Role::Wrong, red).with_senders(&all_red));
    assert_eq!((config.theme.value.as_str(), config.ascii.value), ("mine", true));
    assert!(config.show().contains("wrong = \"#ff0000 bold\"  # line 5 of the file\n"), "{}", config.show());
    let again = Config::resolve(Given::default(), parse(&config.show()).unwrap(), LastSignIn::default()).unwrap();
    assert_eq!((again.theme.value, again.themes[0].theme()), ("mine".into(), config.themes[0].theme()));
    let flag = Given { theme: setting("light", Source::Flag("--theme")), ..Given::default() };
    assert_eq!(Config::resolve(flag, parse(text).unwrap(), LastSignIn::default()).unwrap().theme.value, "light");
}

#[test]
fn an_invalid_style_is_reported_with_its_line() {
    for (text, expected) in [
        ("theme = 'drak'", r#"config.toml:1: theme: unknown theme "drak"; did you mean "dark"?"#),
        ("ascii = 'yes'", "config.toml:1: ascii takes true or false, not a value of type string"),
        ("[themes.x]\nfant = '1'", r#"config.toml:2: unknown setting "themes.x.fant"; did you mean "faint"?"#),
        ("[themes.x]\nfaint = 'bold gren'", r#"config.toml:2: faint: unknown colour "gren"; did you mean "green"?"#),
        (
            "[themes.x]\nbase = 'nord'",
            r#"config.toml:2: base: unknown theme "nord"; choose one of terminal, dark, light"#,
        ),
        ("[themes.x]\nsenders = []", "config.toml:2: senders: at least one colour is needed"),
        ("[themes.'a b']", "config.toml:1: the name of a theme must be one word, for /theme"),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
    let flag = Given { theme: setting("drak", Source::Flag("--theme")), ..Given::default() };
    let refused = Config::resolve(flag, File::default(), LastSignIn::default()).unwrap_err().to_string();
    assert_eq!(refused, r#"the theme (--theme): unknown theme "drak"; did you mean "dark"?"#);
}

#[test]
fn every_built_in_key_can_be_written_in_the_file_as_in_the_help() {
    for row in Keymap::default().rows() {
        assert_eq!(keymap::chord(&row.chord.to_string(), row.context), Ok(row.chord));
        assert!(row.context.actions().contains(&(keymap::name(row.action), row.action)));
    }
    assert_eq!(keymap::chord("ctrl++", Context::Text).unwrap().to_string(), "Ctrl++");
    assert_eq!(keymap::chord("Alt+Space", Context::Text).unwrap().to_string(), "Alt+Space");
}

#[test]
fn an_invalid_binding_is_reported_with_its_line() {
    for (text, expected) in [
        ("[keys.composr]", r#"config.toml:1: unknown setting "keys.composr"; did you mean "composer"?"#),
        (
            "[keys.screen]\n'Ctrl+T' = 'next-unraed'",
            r#"config.toml:2: Ctrl+T: [keys.screen] has no "next-unraed"; did you mean "next-unread"?"#,
        ),
        ("[keys.screen]\n'Cntrl+T' = 'help'", r#"config.toml:2: "Cntrl+T": "Cntrl" is not Ctrl, Alt or Shift"#),
        ("[keys.screen]\n'Ctrl+Pause' = 'switch'", r#"config.toml:2: "Ctrl+Pause": unknown key "Pause""#),
        ("[keys.screen]\nx = 'switch'", r#"config.toml:2: "x": letters type text; add Ctrl or Alt"#),
        ("[keys.text]\n'Ctrl+I' = 'undo'", r#"config.toml:2: "Ctrl+I": most terminals send Tab, Enter or Esc for it"#),
        (
            "[keys.text]\n'Ctrl+T' = 'undo'\n'ctrl+t' = 'redo'",
            "config.toml:3: Ctrl+T is already bound on line 2 of the file",
        ),
        ("[keys.everywhere]\n'Ctrl+Q' = 'none'", r#"config.toml:1: no key is left for "quit""#),
        ("[keys.composer]\n'Enter' = 'newline'", r#"config.toml:1: no key is left for "send""#),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
#[cfg(unix)]
fn the_variable_overrides_the_home_and_a_missing_file_is_the_same_as_an_empty_one() {
    let at = |config: Option<&str>| {
        let variables = [("XDG_CONFIG_HOME", config), ("HOME", Some("/h"))];
        find(|name| variables.iter().find(|(key, _)| *key == name)?.1.map(Into::into)).unwrap()
    };
    assert_eq!(at(Some("/c")), Path::new("/c/quchat/config.toml"));
    assert!(at(Some("c")).starts_with("/h") && at(None).ends_with("quchat/config.toml"));
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(read(&dir.path().join("none.toml")).unwrap(), File::default());
    assert!(read(dir.path()).unwrap_err().to_string().starts_with(&dir.path().display().to_string()));
}

proptest! {
    #[test]
    fn any_file_can_be_parsed_or_refused(text in "(\\PC|\n|[a-z.]+ = |\\[|\\]|\"){0,80}") {
        let _ = parse(&text);
    }
}

#[cfg(unix)]
#[test]
fn a_config_path_that_is_not_a_file_is_refused_at_once_with_the_reason() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    let why = read(&path).unwrap_err().to_string();
    assert!(why.contains("config.toml") && why.contains("not a regular file"), "{why}");
    let why = read(dir.path()).unwrap_err().to_string();
    assert!(why.contains("directory"), "{why}");
    std::fs::remove_file(&path).unwrap();
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let why = read(&path).unwrap_err().to_string();
    assert!(why.contains("too large"), "{why}");
}

#[test]
fn a_misspelt_key_is_reported_with_the_closest_one() {
    for (key, near) in [
        ("Entr", "did you mean \"Enter\"?"),
        ("Alt+Entre", "did you mean \"Enter\"?"),
        ("Ctrl+PageUp", "did you mean \"PgUp\"?"),
        ("F13", "unknown key \"F13\""),
    ] {
        let why = refusal(&format!("[keys.composer]\n{key:?} = \"send\"\n"));
        assert!(why.contains(near), "{key}: {why}");
    }
}

#[test]
fn blanks_around_a_value_are_ignored() {
    let file = parse("name = \" alice \"\nserver = \" localhost \"\n").unwrap();
    let config = Config::resolve(Given::default(), file, LastSignIn::default()).unwrap();
    assert_eq!(
        (config.name.clone().map(|name| name.value), config.address().is_some()),
        (Some("alice".to_owned()), true)
    );
}
