//! Rate limits: how often users and addresses may do what costs the server work.
//!
//! The state of each limit is bounded, no matter who connects. A place costs one look-up in a hash table.

mod buckets;
mod rate;

use std::{fmt, hash::Hash, net::IpAddr, str::FromStr, time::Duration};

use quchat_shared::UserId;

use self::buckets::Buckets;
pub use self::rate::{ParseRateError, Rate};
use crate::{
    domain::{self, Error, Limit},
    network::network,
};

/// The rate of each limit; `None` where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Messages of each user.
    pub messages: Option<Rate>,
    /// Edits and reactions of each user.
    pub changes: Option<Rate>,
    /// Registrations from each address, except from this machine.
    pub registrations: Option<Rate>,
    /// Rooms that each user creates.
    pub rooms: Option<Rate>,
}

impl Rates {
    /// Without any limit.
    pub const OFF: Self = Self { messages: None, changes: None, registrations: None, rooms: None };

    /// Applies `--limit` of the command line.
    pub fn set(&mut self, setting: Setting) {
        let Setting { name, rate } = setting;
        match name {
            Name::Messages => self.messages = rate,
            Name::Changes => self.changes = rate,
            Name::Registrations => self.registrations = rate,
            Name::Rooms => self.rooms = rate,
            Name::All => *self = Self { messages: rate, changes: rate, registrations: rate, rooms: rate },
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        const HOUR: Duration = Duration::from_secs(60 * 60);
        Self {
            messages: Some(Rate::new(20, SECOND, 100)),
            changes: Some(Rate::new(20, SECOND, 100)),
            registrations: Some(Rate::new(20, HOUR, 20)),
            rooms: Some(Rate::new(30, HOUR, 30)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Messages,
    Changes,
    Registrations,
    Rooms,
    All,
}

/// One limit and its rate, as on the command line: `NAME=RATE` or `NAME=off`. `all=off` switches every limit off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    name: Name,
    rate: Option<Rate>,
}

/// The text is no limit. Says how one is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseSettingError {
    /// There is no limit of this name.
    Name,
    /// The limit has another form of rate.
    Rate(ParseRateError),
}

impl fmt::Display for ParseSettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str(
                "write NAME=RATE or NAME=off, where NAME is messages, changes, registrations or rooms; all=off switches \
                 every limit off",
            ),
            Self::Rate(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ParseSettingError {}

impl FromStr for Setting {
    type Err = ParseSettingError;

    fn from_str(text: &str) -> Result<Self, ParseSettingError> {
        let (name, rate) = text.split_once('=').ok_or(ParseSettingError::Name)?;
        let name = match name {
            "messages" => Name::Messages,
            "changes" => Name::Changes,
            "registrations" => Name::Registrations,
            "rooms" => Name::Rooms,
            "all" if rate == "off" => Name::All, // a message and a registration have no rate in common
            _ => return Err(ParseSettingError::Name),
        };
        let rate = match rate {
            "off" => None,
            rate => Some(rate.parse().map_err(ParseSettingError::Rate)?),
        };
        Ok(Self { name, rate })
    }
}

/// One limit; without a rate it lets everything pass.
pub(crate) struct RateLimit<K> {
    limit: Limit,
    buckets: Option<Buckets<K>>,
}

impl<K: Eq + Hash + Copy> RateLimit<K> {
    fn new(limit: Limit, rate: Option<Rate>) -> Self {
        Self { limit, buckets: rate.map(Buckets::new) }
    }

    /// Counts one. `now` is [`crate::clock::Clock::elapsed`].
    ///
    /// # Errors
    /// [`Error::RateLimited`]: that was too many. It does not count.
    pub(crate) fn take(&self, key: K, now: Duration) -> domain::Result<()> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        buckets.take(key, now).map_err(|retry_after| Error::RateLimited { limit: self.limit, retry_after })
    }

    /// Undoes one [`RateLimit::take`]: what was counted did not happen.
    pub(crate) fn give_back(&self, key: K) {
        if let Some(buckets) = &self.buckets {
            buckets.give_back(key);
        }
    }
}

/// The limits of a running server.
pub(crate) struct RateLimits {
    pub(crate) messages: RateLimit<UserId>,
    pub(crate) changes: RateLimit<UserId>,
    pub(crate) rooms: RateLimit<UserId>,
    /// By [`network`].
    pub(crate) registrations: RateLimit<IpAddr>,
}

impl RateLimits {
    pub(crate) fn new(rates: &Rates) -> Self {
        Self {
            messages: RateLimit::new(Limit::Messages, rates.messages),
            changes: RateLimit::new(Limit::Changes, rates.changes),
            rooms: RateLimit::new(Limit::Rooms, rates.rooms),
            registrations: RateLimit::new(Limit::Registrations, rates.registrations),
        }
    }
}

/// The key of an address: one person can be expected to have every address of a network.
pub(crate) fn key(address: IpAddr) -> IpAddr {
    network(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_set_by_its_name() {
        let mut rates = Rates::default();
        let mut set = |text: &str| {
            rates.set(text.parse().unwrap());
            rates
        };
        assert_eq!(set("messages=2/s").messages, Some(Rate::new(2, Duration::from_secs(1), 10)));
        assert_eq!(set("rooms=off").rooms, None);
        assert_eq!(set("all=off"), Rates::OFF);
        assert_eq!(set("changes=1/h").changes, Some(Rate::new(1, Duration::from_secs(3600), 1)));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for text in ["", "messages", "message=1/s", "hooks=off", "all=1/s", "=off", "Messages=off"] {
            assert_eq!(text.parse::<Setting>(), Err(ParseSettingError::Name), "{text:?}");
        }
        for text in ["messages=", "messages=many", "rooms=1"] {
            assert_eq!(text.parse::<Setting>(), Err(ParseSettingError::Rate(ParseRateError)), "{text:?}");
        }
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let limits =
            RateLimits::new(&Rates { registrations: Some(Rate::new(1, Duration::from_secs(1), 1)), ..Rates::OFF });
        let take = |text: &str| limits.registrations.take(key(text.parse().unwrap()), Duration::ZERO);
        take("2001:db8::1").unwrap();
        assert!(take("2001:db8::ffff:2").is_err());
        take("2001:db8:0:1::1").unwrap();
        take("10.0.0.1").unwrap();
        assert!(take("::ffff:10.0.0.1").is_err());
    }
}
