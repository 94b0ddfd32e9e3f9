//! The command line. Secrets never come this way.

use clap::{
    ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, builder::FalseyValueParser, parser::ValueSource,
};
use quchat_client::config::{Given, Setting, Source, charset};

/// Chat in the terminal. Press F1 for the keys.
#[derive(Debug, Parser)]
#[command(name = "quchat", version)]
pub(crate) struct Args {
    /// The server: host, host:port or http(s)://host [default: the last one, or localhost:7878]
    #[arg(long, env = "QUCHAT_SERVER", value_name = "ADDR", global = true)]
    server: Option<String>,
    /// The name to sign in with [default: the last one]
    #[arg(long, env = "QUCHAT_USER", value_name = "NAME", global = true)]
    name: Option<String>,
    /// The server and name under [profiles.NAME] of the config file
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,
    /// The colours: terminal, dark, light, or [themes.NAME] of the config file
    #[arg(long, env = "QUCHAT_THEME", value_name = "NAME", global = true)]
    theme: Option<String>,
    /// Draw frames and signs with ASCII alone
    #[arg(long, env = "QUCHAT_ASCII", global = true, value_parser = FalseyValueParser::new())]
    ascii: bool,
    #[command(subcommand)]
    command: Option<Chore>,
}

/// What to do instead of chatting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Chore {
    /// Print the settings in effect, and where each came from
    Config,
}

impl Args {
    /// Reads the command line and the environment; ends the process where they are not understood.
    pub(crate) fn read() -> (Option<Chore>, Given) {
        let matches = Self::command().get_matches();
        let args = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let setting = |value: Option<String>, id, flag, variable| {
            value.map(|value| Setting { value, from: source(&matches, id, flag, variable) })
        };
        let given = Given {
            profile: args.profile,
            server: setting(args.server, "server", "--server", "QUCHAT_SERVER"),
            name: setting(args.name, "name", "--name", "QUCHAT_USER"),
            theme: setting(args.theme, "theme", "--theme", "QUCHAT_THEME"),
            ascii: args
                .ascii
                .then(|| Setting { value: true, from: source(&matches, "ascii", "--ascii", "QUCHAT_ASCII") }),
            charset: charset(|name| std::env::var_os(name)),
        };
        (args.command, given)
    }
}

fn source(matches: &ArgMatches, id: &str, flag: &'static str, variable: &'static str) -> Source {
    match matches.value_source(id) {
        Some(ValueSource::EnvVariable) => Source::Variable(variable),
        _ => Source::Flag(flag),
    }
}
