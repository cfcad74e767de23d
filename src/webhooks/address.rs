//! Which addresses may be called. Whoever adds an endpoint chooses a URL that this service calls from the
//! inside of its network: so only addresses of the public internet are called, unless the configuration
//! allows more.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;

/// Which URLs and addresses may be called.
#[derive(Clone, Debug)]
pub struct Networks {
    /// Whether a URL may be http.
    pub(super) allow_http: bool,
    /// Networks that may be called whatever they are.
    pub(super) allowed: Arc<[IpNet]>,
}

/// An address may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("address not allowed")]
pub struct NotAllowed;

/// Networks that are not of the public internet: the IANA special-purpose address registries, multicast, and
/// what is reserved.
static SPECIAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let networks = [
        "0.0.0.0/8",       // this network
        "10.0.0.0/8",      // private
        "100.64.0.0/10",   // carriers' own
        "127.0.0.0/8",     // loopback
        "169.254.0.0/16",  // link-local; clouds' metadata
        "172.16.0.0/12",   // private
        "192.0.0.0/24",    // protocol assignments
        "192.0.2.0/24",    // documentation
        "192.31.196.0/24", // AS112
        "192.52.193.0/24", // automatic multicast tunneling
        "192.88.99.0/24",  // 6to4 relays
        "192.168.0.0/16",  // private
        "192.175.48.0/24", // AS112
        "198.18.0.0/15",   // benchmarks
        "198.51.100.0/24", // documentation
        "203.0.113.0/24",  // documentation
        "224.0.0.0/4",     // multicast
        "240.0.0.0/4",     // reserved, broadcast
    ];
    networks.iter().map(|network| network.parse().expect("a network")).collect()
});

/// What is assigned to the public internet in IPv6; all else is special.
static GLOBAL: LazyLock<IpNet> = LazyLock::new(|| "2000::/3".parse().expect("a network"));

/// What is special within that.
static SPECIAL_IN_GLOBAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let networks = [
        "2001::/23",         // protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",     // documentation
        "2002::/16",         // 6to4
        "2620:4f:8000::/48", // AS112
        "3fff::/20",         // documentation
    ];
    networks.iter().map(|network| network.parse().expect("a network")).collect()
});

impl Networks {
    /// The rules of this configuration.
    pub fn new(allow_http: bool, allow_networks: Vec<IpNet>) -> Self {
        Self { allow_http, allowed: allow_networks.into() }
    }

    /// Judges an address.
    ///
    /// # Errors
    /// If it is special and not allowed by the configuration.
    pub fn judge(&self, address: IpAddr) -> Result<(), NotAllowed> {
        // The address itself, and the IPv4 address that is meant by it.
        let meant = meant(address);
        let is_allowed = |address: &IpAddr| self.allowed.iter().any(|net| net.contains(address));
        if is_allowed(&address) || is_allowed(&meant) || is_public(meant) {
            Ok(())
        } else {
            Err(NotAllowed)
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !SPECIAL.iter().any(|net| net.contains(&address)),
        IpAddr::V6(_) => {
            GLOBAL.contains(&address) && !SPECIAL_IN_GLOBAL.iter().any(|net| net.contains(&address))
        }
    }
}

/// IPv4 in IPv6: mapped (`::ffff:0:0/96`), compatible (`::/96`), or translated (`64:ff9b::/96`).
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let embedded = || {
        let [high @ .., a, b] = v6.segments();
        let is_translated = high == [0x64, 0xff9b, 0, 0, 0, 0];
        let is_compatible = high == [0; 6] && v6 != Ipv6Addr::LOCALHOST;
        (is_translated || is_compatible)
            .then(|| Ipv4Addr::from_bits(u32::from(a) << 16 | u32::from(b)))
    };
    v6.to_ipv4_mapped().or_else(embedded).map_or(address, IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(address: &str, networks: &[&str]) -> bool {
        let allowed: Vec<IpNet> =
            networks.iter().map(|network| network.parse().expect("a network")).collect();
        let networks = Networks::new(false, allowed);
        networks.judge(address.parse().expect("an address")).is_ok()
    }

    #[test]
    fn only_addresses_of_the_public_internet_are_called() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "172.15.255.255",
            "172.32.0.0",
            "100.128.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(is_allowed(public, &[]), "{public}");
        }
        for special in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "100::1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::1",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!is_allowed(special, &[]), "{special}");
        }
    }

    #[test]
    fn a_network_may_be_allowed() {
        assert!(is_allowed("127.0.0.1", &["127.0.0.0/8"]));
        assert!(is_allowed("::ffff:127.0.0.1", &["127.0.0.0/8"]));
        assert!(!is_allowed("10.0.0.1", &["127.0.0.0/8"]) && !is_allowed("::1", &["127.0.0.0/8"]));
        assert!(is_allowed("fd12::1", &["10.0.0.0/8", "fd00::/8"]));
    }
}
