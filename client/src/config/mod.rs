//! What the person at the keyboard has settled beforehand: flags, environment, `config.toml`, in this order.
//!
//! Owns the format of the file and which value wins. It must not know the terminal, the network or the model's
//! changes; everything has a default, so that no file is as good as an empty one.

mod charset;
mod error;
mod file;
mod keys;
mod notify;
mod place;
mod profile;
mod setting;
mod table;
mod themes;

pub use self::{
    charset::charset,
    error::ConfigError,
    file::File,
    place::{find, read},
    profile::Profile,
    setting::{Setting, Source},
    themes::OwnTheme,
};
use crate::{
    api::Origin,
    keymap::{Binding, Keymap},
    runtime::Way,
    state::Last,
    theme::{BUILT_IN, Themes},
};

/// Where a server started on this machine listens.
const DEFAULT_SERVER: &str = "localhost:7878";

/// What the command line and the environment say.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The profile to use.
    pub profile: Option<String>,
    /// The address of the server.
    pub server: Option<Setting<String>>,
    /// The name to sign in with.
    pub name: Option<Setting<String>>,
    /// The theme to use.
    pub theme: Option<Setting<String>>,
    /// Frames and signs in ASCII.
    pub ascii: Option<Setting<bool>>,
    /// The same, because the terminal's character set has no others; the file may know better.
    pub charset: Option<Setting<bool>>,
}

/// The values in effect, and where each came from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address of the server.
    pub server: Setting<String>,
    /// The name to sign in with; without one, the sign-in form asks.
    pub name: Option<Setting<String>>,
    /// The theme to use; there is one of this name.
    pub theme: Setting<String>,
    /// Frames and signs in ASCII.
    pub ascii: Setting<bool>,
    /// The wheel scrolls and a click opens a room.
    pub mouse: Setting<bool>,
    /// Themes of one's own.
    pub themes: Vec<OwnTheme>,
    /// How to be called; `None` leaves it to what the terminal is known to understand.
    pub notify: Setting<Option<Way>>,
    /// Keys with another meaning than the delivered one.
    pub keys: Vec<Setting<Binding>>,
}

impl Config {
    /// Settles every value: a flag wins over the environment, that over the profile, that over the rest of the file,
    /// that over what was used last.
    ///
    /// # Errors
    /// There is no such profile or theme, or the server's address is none.
    pub fn settle(given: Given, file: File, last: Last) -> Result<Self, ConfigError> {
        let profile = given.profile.map_or_else(|| Ok(Profile::default()), |name| file.profile(&name))?;
        if let Some(Setting { value, from }) = &given.theme {
            themes::named(value, &file.themes).map_err(|refusal| ConfigError::Theme { from: from.clone(), refusal })?;
        }
        let off = || Setting { value: false, from: Source::Default };
        let unset = || Setting { value: BUILT_IN[0].name.to_owned(), from: Source::Default };
        let used_last = |value: Option<String>| value.map(|value| Setting { value, from: Source::Last });
        let server = given.server.or(profile.server).or(file.server);
        if let Some(Setting { value, from }) = &server {
            Origin::parse(value).map_err(|refusal| ConfigError::Address { from: from.clone(), refusal })?;
        }
        let last_server = last.server.filter(|server| Origin::parse(server).is_ok());
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

    /// The server's address in its one spelling.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        Origin::parse(&self.server.value).ok()
    }

    /// What each key means.
    #[must_use]
    pub fn keymap(&self) -> Keymap {
        Keymap::bound(&self.keys.iter().map(|binding| binding.value.clone()).collect::<Vec<_>>())
    }

    /// Every theme there is, as the terminal is to show it.
    #[must_use]
    pub fn themes(&self) -> Themes {
        let own = self.themes.iter().map(|own| (own.name.clone(), own.theme()));
        Themes::new(own, self.ascii.value)
    }

    /// The values in effect in the format of the file, each with where it came from.
    #[must_use]
    pub fn show(&self) -> String {
        let name =
            self.name.as_ref().map_or_else(|| "# name: asked for when signing in\n".to_owned(), |n| n.show("name"));
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
