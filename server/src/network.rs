//! Groups addresses that one person can be expected to have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of an address, for counting work: an IPv4 address, or the first 64 bits of an IPv6 address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

/// The origin of a password attempt: as [`network`], but all loopback addresses are one origin, because a local program
/// can bind millions of them.
pub(crate) fn origin(address: IpAddr) -> IpAddr {
    if address.to_canonical().is_loopback() { Ipv4Addr::LOCALHOST.into() } else { network(address) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_network_is_64_bits_of_ipv6() {
        let network = |text: &str| super::network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:10.0.0.1"), "10.0.0.1");
        assert_ne!(network("127.0.0.1"), network("127.0.0.2"));
    }

    #[test]
    fn all_loopback_addresses_are_one_origin() {
        let origin = |text: &str| super::origin(text.parse().unwrap()).to_string();
        for own in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.9"] {
            assert_eq!(origin(own), "127.0.0.1", "{own}");
        }
        assert_eq!(origin("10.0.0.1"), "10.0.0.1");
        assert_eq!(origin("2001:db8::9"), "2001:db8::");
    }
}
