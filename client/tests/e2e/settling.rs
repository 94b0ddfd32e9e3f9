//! The settings, as the program prints them without a terminal.

use std::{fs, process::Command};

#[test]
fn each_wrong_line_is_reported_and_the_other_settings_are_still_shown() {
    let home = tempfile::tempdir().expect("a home");
    fs::create_dir(home.path().join("quchat")).expect("a directory");
    fs::write(home.path().join("quchat/config.toml"), "mouse = true\nservr = 'x'\nname = 7\n").expect("a file");
    for (args, shown) in [(&["config"][..], true), (&[], false)] {
        let mut client = Command::new(env!("CARGO_BIN_EXE_quchat"));
        client.args(args).env("XDG_CONFIG_HOME", home.path()).env("XDG_STATE_HOME", home.path());
        let out = client.output().expect("an answer");
        let [told, named] = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
        assert_eq!(out.status.code(), Some(2), "{named}");
        assert_eq!(told.contains("mouse = true  # line 1 of the file\n"), shown, "{told}");
        let lines: Vec<_> = named.lines().collect();
        let names = |line: &str, at: &str| line.starts_with("quchat: ") && line.contains(at);
        assert!(
            lines.len() == 2 && names(lines[0], "config.toml:2: ") && names(lines[1], "config.toml:3: "),
            "{named}"
        );
    }
}
