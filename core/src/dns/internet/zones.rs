//! The zones of the network outside, as zone files of one record a line.

/// The root, and the zone in which its server's name is.
pub const ROOT: &[&str] = &[
    "\
. 86400 SOA a.root-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 86400
. 518400 NS a.root-servers.net.
a.root-servers.net. 518400 A 198.51.100.101
com. 172800 NS a.gtld-servers.net.
net. 172800 NS a.gtld-servers.net.
org. 172800 NS a.gtld-servers.net.
example. 172800 NS a.gtld-servers.net.
test. 172800 NS a.gtld-servers.net.
in-addr.arpa. 172800 NS a.gtld-servers.net.
a.gtld-servers.net. 172800 A 198.51.100.102
",
    "\
root-servers.net. 86400 SOA a.root-servers.net. nstld.verisign-grs.com. 2026010100 14400 7200 1209600 86400
root-servers.net. 518400 NS a.root-servers.net.
a.root-servers.net. 518400 A 198.51.100.101
",
];

/// Top-level domains, all on one server.
pub const TOP: &[&str] = &[
    "\
com. 900 SOA a.gtld-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 900
com. 172800 NS a.gtld-servers.net.
example.com. 172800 NS ns.example.com.
ns.example.com. 172800 A 203.0.113.53
",
    "\
net. 900 SOA a.gtld-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 900
net. 172800 NS a.gtld-servers.net.
a.gtld-servers.net. 172800 A 198.51.100.102
root-servers.net. 172800 NS a.root-servers.net.
a.root-servers.net. 172800 A 198.51.100.101
example.net. 172800 NS ns.example.com.
",
    "\
org. 900 SOA a.gtld-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 900
org. 172800 NS a.gtld-servers.net.
example.org. 172800 NS ns.example.com.
",
    "\
example. 900 SOA a.gtld-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 900
example. 172800 NS a.gtld-servers.net.
slow.example. 172800 NS ns.slow.example.
ns.slow.example. 172800 A 203.0.113.54
broken.example. 172800 NS ns.broken.example.
ns.broken.example. 172800 A 203.0.113.55
tidepool.example. 172800 NS ns.tidepool.example.
ns.tidepool.example. 172800 A 203.0.113.60
long.example. 172800 NS ns.example.com.
big.example. 172800 NS ns.example.com.
",
    "\
test. 900 SOA a.gtld-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 900
test. 172800 NS a.gtld-servers.net.
example.test. 172800 NS ns.example.test.
ns.example.test. 172800 A 203.0.113.53
",
    "\
in-addr.arpa. 3600 SOA a.gtld-servers.net. nstld.verisign-grs.com. 2026010100 1800 900 604800 3600
in-addr.arpa. 172800 NS a.gtld-servers.net.
113.0.203.in-addr.arpa. 172800 NS ns.example.com.
",
];

/// What ns.example.com serves.
pub const EXAMPLES: &[&str] = &[
    "\
example.com. 900 SOA ns.example.com. hostmaster.example.com. 2026010100 7200 1800 1209600 900
example.com. 86400 NS ns.example.com.
example.com. 300 A 203.0.113.10
example.com. 300 AAAA 2001:db8::10
example.com. 300 MX 10 mail.example.com.
example.com. 300 TXT \"v=spf1 -all\"
ns.example.com. 86400 A 203.0.113.53
mail.example.com. 300 A 203.0.113.25
www.example.com. 300 CNAME example.com.
api.example.com. 60 A 203.0.113.20
api.example.com. 60 A 203.0.113.21
db.example.com. 300 A 203.0.113.30
",
    "\
example.net. 900 SOA ns.example.com. hostmaster.example.com. 2026010100 7200 1800 1209600 900
example.net. 86400 NS ns.example.com.
example.net. 300 A 203.0.113.11
www.example.net. 300 CNAME example.net.
",
    "\
example.org. 900 SOA ns.example.com. hostmaster.example.com. 2026010100 7200 1800 1209600 900
example.org. 86400 NS ns.example.com.
example.org. 300 A 203.0.113.12
www.example.org. 300 CNAME example.org.
",
    "\
113.0.203.in-addr.arpa. 900 SOA ns.example.com. hostmaster.example.com. 2026010100 7200 1800 1209600 900
113.0.203.in-addr.arpa. 86400 NS ns.example.com.
10.113.0.203.in-addr.arpa. 3600 PTR example.com.
11.113.0.203.in-addr.arpa. 3600 PTR example.net.
12.113.0.203.in-addr.arpa. 3600 PTR example.org.
20.113.0.203.in-addr.arpa. 3600 PTR api.example.com.
",
    "\
example.test. 3600 SOA ns.example.test. admin.example.test. 1 7200 900 1209600 60
example.test. 86400 NS ns.example.test.
ns.example.test. 86400 A 203.0.113.53
www.example.test. 300 A 203.0.113.80
",
    "\
long.example. 86400 SOA ns.long.example. hostmaster.long.example. 2026010100 7200 1800 1209600 86400
long.example. 86400 NS ns.example.com.
www.long.example. 86400 A 203.0.113.91
",
    BIG,
];

/// A name with more addresses than a datagram without EDNS holds; the server adds them.
const BIG: &str = "\
big.example. 900 SOA ns.big.example. hostmaster.big.example. 2026010100 7200 1800 1209600 900
big.example. 86400 NS ns.example.com.
";
/// That name, and how many addresses it has.
pub const MANY: (&str, u8) = ("many.big.example.", 60);

/// A slow zone. Nothing of it may be kept, so that it is slow each time.
pub const SLOW: &str = "\
slow.example. 0 SOA ns.slow.example. hostmaster.slow.example. 2026010100 7200 1800 1209600 0
slow.example. 86400 NS ns.slow.example.
ns.slow.example. 86400 A 203.0.113.54
www.slow.example. 0 A 203.0.113.90
";

/// The zone that takes updates, for ExternalDNS.
pub const DYNAMIC: &str = "\
tidepool.example. 60 SOA ns.tidepool.example. hostmaster.tidepool.example. 2026010100 7200 1800 1209600 60
tidepool.example. 86400 NS ns.tidepool.example.
ns.tidepool.example. 86400 A 203.0.113.60
www.tidepool.example. 300 A 203.0.113.61
";
