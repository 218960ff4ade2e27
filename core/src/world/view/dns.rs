//! The CoreDNS processes from within: their server blocks, the plugins of each in the order in which questions pass them,
//! and what their caches hold.

use crate::base::Text;
use crate::dns::plugins::Plugin;
use crate::dns::server::Block;
use crate::trace::Place;
use crate::world::World;

/// A CoreDNS process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServer {
    /// Where it runs.
    pub place: Place,
    /// Its server blocks.
    pub blocks: Vec<ServerBlock>,
}

/// A server block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerBlock {
    /// Its zones, with their ports.
    pub zones: Vec<String>,
    /// Its plugins in order, and whether each is only kept: named in the Corefile and without a part in answering here.
    pub plugins: Vec<(&'static str, bool)>,
    /// What its cache holds.
    pub cache: Vec<Kept>,
}

/// An answer in a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The name.
    pub name: Text,
    /// The type.
    pub rtype: String,
    /// Whether it says that there is no such name or no such data.
    pub denial: bool,
    /// The seconds that are left.
    pub left: u64,
}

impl World {
    /// All CoreDNS processes, oldest first.
    pub fn name_servers(&self) -> Vec<NameServer> {
        let now = self.now();
        let servers = self.rooms.kernel.iter().filter_map(|(_, process)| {
            let server = process.program.as_coredns()?;
            let place = self.rooms.net.get(process.host)?.place.clone();
            Some(NameServer { place, blocks: server.blocks.iter().map(|block| view(block, now)).collect() })
        });
        servers.collect()
    }
}

fn view(block: &Block, now: crate::base::Instant) -> ServerBlock {
    let zones = block.listens.iter().map(|(zone, port)| format!("{zone}:{port}")).collect();
    // Those that tell over HTTP or listen have their part outside of the chain; `bind` is heeded.
    let kept = |name: &&'static str| block.kept.contains(name) && *name != "bind";
    let plugins = block.names().map(|name| (name, kept(&name))).collect();
    let caches = block.plugins.iter().filter_map(|(_, plugin)| match plugin {
        Plugin::Cache(cache) => Some(cache),
        _ => None,
    });
    let kept = caches.flat_map(|cache| cache.entries(now)).map(|(name, rtype, denial, left)| Kept {
        name: name.clone(),
        rtype: rtype.to_string(),
        denial,
        left,
    });
    let mut cache: Vec<Kept> = kept.collect();
    crate::base::order::sort_by(&mut cache, |a, b| (&a.name, &a.rtype).cmp(&(&b.name, &b.rtype)));
    ServerBlock { zones, plugins, cache }
}
