//! Corefiles and questions that nobody would write: an answer or a refusal in words, never a panic, never a stall.

use super::bench::Bench;
use proptest::prelude::*;

/// What Corefiles are made of, and what they should not be.
const PIECES: &[&str] = &[
    ".:53 {\n",
    "}\n",
    "{\n",
    " {",
    "}",
    "\n",
    " ",
    "\"",
    "\\",
    "#",
    "(snip) {\n",
    "import snip\n",
    "import *\n",
    "import\n",
    "{$HOME}",
    "{%X%}",
    "{$",
    "cluster.local",
    "10.0.0.0/8",
    "in-addr.arpa",
    "example.org:1053",
    "://",
    ",",
    "errors\n",
    "log . {combined}\n",
    "health :0\n",
    "ready\n",
    "kubernetes cluster.local {\n pods insecure\n ttl 30\n}\n",
    "kubernetes\n",
    "cache 30\n",
    "cache {\n success 0\n}\n",
    "cache -1\n",
    "forward . 192.0.2.1\n",
    "forward . /etc/resolv.conf {\n policy x\n}\n",
    "forward\n",
    "rewrite name exact a b\n",
    "rewrite name regex (a|b)*c {1}\n",
    "rewrite\n",
    "rewrite stop {\n name suffix .a .b answer auto\n}\n",
    "template IN A . {\n answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n}\n",
    "template\n",
    "hosts {\n 192.0.2.1 a b\n fallthrough\n}\n",
    "loop\n",
    "reload 2s 1s\n",
    "loadbalance weighted x\n",
    "acl {\n block net 10.0.0.0/8\n}\n",
    "header {\n response set ra aa\n}\n",
    "bufsize 99999\n",
    "bind 127.0.0.1\n",
    "view v {\n expr true\n}\n",
    "autopath @kubernetes\n",
    "whoami\n",
    "any\n",
    "chaos\n",
    "minimal\n",
    "nosuch\n",
    "é",
];

const NAMES: &[&str] = &[
    "web.shop.svc.cluster.local.",
    "a.",
    ".",
    "b.a.",
    "_http._tcp.web.shop.svc.cluster.local.",
    "1.0.96.10.in-addr.arpa.",
    "x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.cluster.local.",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn any_corefile_is_taken_or_refused_in_words(pieces in proptest::collection::vec(0..PIECES.len(), 0..30)) {
        let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
        match Bench::new(&text) {
            Err(words) => prop_assert!(!words.trim().is_empty()),
            Ok(mut bench) => for name in NAMES {
                let _ = bench.ask(&format!("{name} A"));
            },
        }
    }

    #[test]
    fn any_bytes_get_an_answer_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut bench = Bench::new(".:53 {\n errors\n cache\n kubernetes cluster.local\n forward . 192.0.2.1\n}\n").expect("a Corefile");
        let _ = bench.answer(&bytes);
    }
}
