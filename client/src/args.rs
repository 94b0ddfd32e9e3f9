//! The command line. Secrets are never arguments.

use std::env;

use crate::config::{Given, Setting, Source, charset};
use clap::{
    ArgMatches, Command, CommandFactory, Error, FromArgMatches, Parser, Subcommand, builder::FalseyValueParser,
    error::ErrorKind, parser::ValueSource,
};
use quchat_shared::join_link::JoinLink;

/// Chat in the terminal. Press F1 for the keys.
#[derive(Debug, Parser)]
#[command(name = "quchat", version)]
pub struct Args {
    /// The server: host, host:port or http(s)://host [default: the last one, or localhost:7878]
    #[arg(long, env = "QUCHAT_SERVER", value_name = "ADDR", global = true)]
    server: Option<String>,
    /// The name to sign in with [default: the last one]
    #[arg(long, env = "QUCHAT_USER", value_name = "NAME", global = true)]
    name: Option<String>,
    /// The server and name under [profiles.NAME] of the config file
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,
    /// The theme: terminal, dark, light, or [themes.NAME] of the config file
    #[arg(long, env = "QUCHAT_THEME", value_name = "NAME", global = true)]
    theme: Option<String>,
    /// Draw frames and symbols in ASCII
    #[arg(long, env = "QUCHAT_ASCII", global = true, value_parser = FalseyValueParser::new())]
    ascii: bool,
    /// A join link in place of the server.
    #[arg(
        value_name = "LINK",
        help = "A join link: quchat://HOST[:PORT]/KEY[/INVITE]. It says which server and what key it has"
    )]
    link: Option<String>,
    #[command(subcommand)]
    command: Option<Chore>,
}

/// A command that prints something and exits.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Chore {
    /// Print the settings in effect and their origin
    Config,
    /// Forget the key of a server; the next sign-in asks whether to trust the one that it has then
    ForgetKey {
        /// The server: host, host:port or https://host
        #[arg(value_name = "ADDR")]
        address: String,
    },
}

/// What the command line asks for.
pub struct Asked {
    pub chore: Option<Chore>,
    pub link: Option<JoinLink>,
    pub given: Given,
}

/// The flags and commands of the program.
#[must_use]
pub fn command() -> Command {
    Args::command()
}

impl Args {
    /// Reads the command line and the environment.
    ///
    /// # Errors
    /// The arguments are invalid, or the user asked for help or the version.
    pub fn read() -> Result<Asked, Error> {
        // An empty environment variable counts as unset.
        let mut command = Self::command().mut_args(|arg| {
            let value = arg.get_env().and_then(env::var_os);
            if value.is_some_and(|value| value.is_empty()) { arg.env(None) } else { arg }
        });
        let matches = command.try_get_matches_from_mut(env::args_os()).map_err(|error| named(error, &mut command))?;
        let args = Self::from_arg_matches(&matches)?;
        let link = args.link.as_deref().map(|text| parse_link(text, &mut command)).transpose()?;
        let setting = |value: Option<String>, id, flag, variable| {
            value.map(|value| Setting { value, from: source(&matches, id, flag, variable) })
        };
        let given = Given {
            profile: args.profile,
            server: setting(args.server, "server", "--server", "QUCHAT_SERVER"),
            name: setting(args.name, "name", "--name", "QUCHAT_USER"),
            theme: setting(args.theme, "theme", "--theme", "QUCHAT_THEME"),
            ascii: is_given(&matches, "ascii")
                .then(|| Setting { value: args.ascii, from: source(&matches, "ascii", "--ascii", "QUCHAT_ASCII") }),
            charset: charset(|name| env::var_os(name)),
        };
        Ok(Asked { chore: args.command, link, given })
    }
}

/// Parses a join link. The error does not repeat it, because it may hold an invite.
fn parse_link(text: &str, command: &mut Command) -> Result<JoinLink, Error> {
    match JoinLink::is_meant_by(text) {
        true => text.parse().map_err(|refusal| Error::raw(ErrorKind::ValueValidation, refusal).format(command)),
        false => {
            let refusal = format!("{text:?} is neither a command nor a join link, which begins with quchat://");
            Err(Error::raw(ErrorKind::InvalidSubcommand, refusal).format(command))
        }
    }
}

/// Names the variable that is not UTF-8. clap's own error does not name it.
fn named(error: Error, command: &mut Command) -> Error {
    let is_unreadable = |name: &&str| env::var_os(name).is_some_and(|value| value.to_str().is_none());
    let variable = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str()).find(is_unreadable);
    match variable.filter(|_| error.kind() == ErrorKind::InvalidUtf8) {
        Some(name) => {
            let reason = format!("the value of {name} is not UTF-8; change it or unset it");
            Error::raw(ErrorKind::InvalidUtf8, reason).format(command)
        }
        None => error,
    }
}

/// True if the user set the flag or its variable, even to the default value.
fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches!(matches.value_source(id), Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

fn source(matches: &ArgMatches, id: &str, flag: &'static str, variable: &'static str) -> Source {
    match matches.value_source(id) {
        Some(ValueSource::EnvVariable) => Source::Variable(variable),
        _ => Source::Flag(flag),
    }
}
