//! The settings: flags, environment and `config.toml`, in this order of precedence.
//!
//! Owns the format of the file and the precedence. It must not know the terminal, the network or how the model changes.
//! Every setting has a default, so a missing file is the same as an empty one.

mod charset;
mod error;
mod file;
mod keys;
mod load;
mod notify;
mod profile;
mod setting;
mod table;
mod themes;

pub use self::{
    charset::charset,
    error::ConfigError,
    file::File,
    load::{find, read},
    profile::Profile,
    setting::{Setting, Source},
    themes::OwnTheme,
};
use crate::{
    api::{Address, Origin},
    keymap::{Binding, Keymap},
    runtime::NotifyMethod,
    state::LastSignIn,
    theme::{BUILT_IN, Themes},
};

/// Where a server on this machine listens by default.
const DEFAULT_SERVER: &str = "localhost:7878";

/// The settings from the command line and the environment.
#[derive(Debug, Clone, Default)]
pub struct Given {
    pub profile: Option<String>,
    pub server: Option<Setting<String>>,
    pub name: Option<Setting<String>>,
    pub theme: Option<Setting<String>>,
    /// Whether to draw in ASCII.
    pub ascii: Option<Setting<bool>>,
    /// Whether the terminal's character set requires ASCII; the config file overrides it.
    pub charset: Option<Setting<bool>>,
}

/// The settings in effect and their origin.
#[derive(Debug, Clone)]
pub struct Config {
    pub server: Setting<String>,
    /// The name to sign in with; `None` lets the sign-in form ask.
    pub name: Option<Setting<String>>,
    /// The theme's name; it exists.
    pub theme: Setting<String>,
    /// Whether to draw in ASCII.
    pub ascii: Setting<bool>,
    /// Whether the mouse is in use: the wheel scrolls, a click opens a room.
    pub mouse: Setting<bool>,
    pub themes: Vec<OwnTheme>,
    /// How to notify; `None` chooses what the terminal is known to support.
    pub notify: Setting<Option<NotifyMethod>>,
    /// Custom key bindings.
    pub keys: Vec<Setting<Binding>>,
}

impl Config {
    /// Decides every setting: a flag overrides the environment, which overrides the profile, which overrides the rest
    /// of the file, which overrides the values used last.
    ///
    /// # Errors
    /// The profile or theme does not exist, or the server's address is invalid.
    pub fn resolve(given: Given, file: File, last: LastSignIn) -> Result<Self, ConfigError> {
        let profile = given.profile.map_or_else(|| Ok(Profile::default()), |name| file.profile(&name))?;
        if let Some(Setting { value, from }) = &given.theme {
            themes::named(value, &file.themes).map_err(|refusal| ConfigError::Theme { from: from.clone(), refusal })?;
        }
        let off = || Setting { value: false, from: Source::Default };
        let unset = || Setting { value: BUILT_IN[0].name.to_owned(), from: Source::Default };
        let used_last = |value: Option<String>| value.map(|value| Setting { value, from: Source::LastSignIn });
        let server = given.server.or(profile.server).or(file.server);
        if let Some(Setting { value, from }) = &server {
            Origin::parse(value).map_err(|refusal| ConfigError::Address { from: from.clone(), refusal })?;
        }
        let last_server = last.server.and_then(|server| Address::parse(&server).ok());
        let last_server = last_server.map(|address| if last.chosen { address } else { address.reopened() }.to_string());
        let server = server.or(used_last(last_server));
        let name = given.name.or(profile.name).or(file.name).or(used_last(last.name));
        let trimmed = |name: Setting<String>| Setting { value: name.value.trim().to_owned(), ..name };
        Ok(Self {
            server: server.unwrap_or_else(|| Setting { value: DEFAULT_SERVER.to_owned(), from: Source::Default }),
            name: name.map(trimmed),
            theme: given.theme.or(file.theme).unwrap_or_else(unset),
            ascii: given.ascii.or(file.ascii).or(given.charset).unwrap_or_else(off),
            mouse: file.mouse.unwrap_or_else(off),
            themes: file.themes,
            notify: file.notify.unwrap_or_else(notify::unset),
            keys: file.keys,
        })
    }

    /// The server's address.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        Address::parse(&self.server.value).ok()
    }

    /// The built-in key bindings with the custom ones applied.
    #[must_use]
    pub fn keymap(&self) -> Keymap {
        Keymap::bound(&self.keys.iter().map(|binding| binding.value.clone()).collect::<Vec<_>>())
    }

    /// The built-in and the custom themes, prepared for the terminal.
    #[must_use]
    pub fn themes(&self) -> Themes {
        let own = self.themes.iter().map(|own| (own.name.clone(), own.theme()));
        Themes::new(own, self.ascii.value)
    }

    /// The settings in effect in the format of the config file, each with its origin.
    #[must_use]
    pub fn show(&self) -> String {
        let name =
            self.name.as_ref().map_or_else(|| "# name: the sign-in form asks for it\n".to_owned(), |n| n.show("name"));
        let looks = [self.theme.show("theme"), self.ascii.show("ascii"), self.mouse.show("mouse")].concat();
        self.server.show("server")
            + &name
            + &looks
            + &notify::show(&self.notify)
            + &themes::show(&self.themes)
            + &keys::show(&self.keys)
    }
}

#[cfg(test)]
mod tests;
