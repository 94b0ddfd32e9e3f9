//! `manuals DIR`: writes the man pages and the shell completions of both programs, made from the flags that the programs
//! themselves read. They lie in `DIR/PROGRAM` as they lie below `/usr/share`. `cargo xtask dist` starts it.

use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;
use clap_complete::{Generator, Shell};

/// Where a distribution expects the completions of its packages, below `/usr/share`.
const COMPLETIONS: &[(Shell, &str)] = &[
    (Shell::Bash, "bash-completion/completions"),
    (Shell::Zsh, "zsh/vendor-completions"),
    (Shell::Fish, "fish/vendor_completions.d"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let dir = env::args_os().nth(1).map(PathBuf::from).ok_or("manuals needs a directory to write to")?;
    for command in [quchat_client::args::command(), quchat_server::program::command()] {
        write(&dir.join(command.get_name()), command)?;
    }
    Ok(())
}

fn write(share: &Path, mut command: Command) -> io::Result<()> {
    let (name, pages) = (command.get_name().to_owned(), share.join("man/man1"));
    fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(command.clone(), pages)?;
    for (shell, dir) in COMPLETIONS {
        let (dir, mut script) = (share.join(dir), Vec::new());
        clap_complete::generate(*shell, &mut command, &name, &mut script);
        fs::create_dir_all(&dir)?;
        // bash-completion loads a script by the name of the program alone.
        let file = if *shell == Shell::Bash { name.clone() } else { shell.file_name(&name) };
        fs::write(dir.join(file), script)?;
    }
    Ok(())
}
