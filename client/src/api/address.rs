//! An address as people type it: with a scheme, or without one. Without one, TLS is tried first.

use std::fmt;

use super::Origin;

/// The address of a server, and whether it says how to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `http://…` or `https://…`: connect in this way only.
    Exact(Origin),
    /// Without a scheme; the origin is the encrypted one.
    Open(Origin),
}

impl Address {
    /// Parses what [`Origin::parse`] parses.
    ///
    /// # Errors
    /// One sentence that says what to change.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let origin = Origin::parse(typed)?;
        Ok(if typed.contains("://") { Self::Exact(origin) } else { Self::Open(origin.encrypted()) })
    }

    /// The same host and port without the scheme, if it was `http` to another machine; else the address as it is.
    ///
    /// For addresses that an early version remembered: it knew no encryption, so the user did not choose `http`.
    #[must_use]
    pub fn reopened(self) -> Self {
        match self {
            Self::Exact(origin) if origin.is_exposed() => Self::Open(origin.encrypted()),
            address => address,
        }
    }

    /// Where to connect first.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Exact(origin) | Self::Open(origin) => origin,
        }
    }

    /// Whether it asks for a connection that others on the network can read.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.origin().is_exposed()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(origin) => origin.fmt(f),
            Self::Open(origin) => f.write_str(&origin.authority()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_scheme_is_encrypted_first_and_has_the_usual_port() {
        for (typed, origin, shown) in [
            ("Chat.example.org", "https://chat.example.org:7878", "chat.example.org:7878"),
            ("::1", "https://[::1]:7878", "[::1]:7878"),
            ("http://10.0.0.7", "http://10.0.0.7:7878", "http://10.0.0.7:7878"),
            ("https://a.b", "https://a.b:443", "https://a.b:443"),
        ] {
            let address = Address::parse(typed).unwrap();
            assert_eq!((&*address.origin().to_string(), &*address.to_string()), (origin, shown));
            assert_eq!(Address::parse(shown), Ok(address), "{shown}");
        }
    }

    #[test]
    fn a_remembered_http_address_is_tried_with_tls_except_on_this_machine() {
        for (remembered, shown) in [
            ("http://10.0.0.7:7878", "10.0.0.7:7878"),
            ("http://localhost:7878", "http://localhost:7878"),
            ("https://a.b:443", "https://a.b:443"),
        ] {
            assert_eq!(Address::parse(remembered).unwrap().reopened().to_string(), shown);
        }
    }
}
