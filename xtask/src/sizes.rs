//! The sizes of what a first visit loads, raw and compressed, against the budget.

use crate::shell::{output, root};
use std::fs;

/// The most that wasm, JavaScript and CSS before first use may have, gzipped, in bytes. The aim is 700,000 when everything
/// is in; this is just above what is reached, so that nothing grows unseen. Flat maps and one sort took 300,000 away, and
/// kube-proxy's other modes, managed fields, OpenAPI and workloads brought 200,000; `kubectl edit` and `port-forward`, probes
/// and names of pods 30,000; CoreDNS whole, kube-dns, node-cache, ExternalDNS and servers outside 110,000. The largest parts are
/// kubectl and Python.
const BUDGET: u64 = 1_780_000;
/// What is loaded later, by the start of its name.
const LATER: &[&str] = &["editor", "sw"];

/// Compresses a file as a server would and prints the three sizes.
const MEASURE: &str = "const z=require('zlib'),b=require('fs').readFileSync(process.argv[1]);\
    console.log(b.length,z.gzipSync(b,{level:9}).length,z.brotliCompressSync(b).length)";

/// Prints each file and checks the sum.
pub fn run(_: &[String]) -> Result<(), String> {
    let dist = root().join("dist");
    let entries =
        fs::read_dir(&dist).map_err(|_| "dist/ is not there: run cargo xtask build first".to_string())?;
    let mut files: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    let mut first = 0;
    println!("{:>10} {:>10} {:>10}  file", "raw", "gzip", "brotli");
    for path in files {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let counts = [".wasm", ".js", ".css"].iter().any(|end| name.ends_with(end));
        if !counts {
            continue;
        }
        let printed = output("node", &["-e", MEASURE, &path.to_string_lossy()]).unwrap_or_default();
        let sizes: Vec<u64> = printed.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [raw, gzip, brotli] = sizes[..] else { return Err(format!("cannot measure {name}")) };
        let later = LATER.iter().any(|start| name.starts_with(start));
        println!("{raw:>10} {gzip:>10} {brotli:>10}  {name}{}", if later { " (later)" } else { "" });
        if !later {
            first += gzip;
        }
    }
    println!("{first} bytes gzipped before first use; the budget is {BUDGET}");
    if first > BUDGET { Err("the page is over its budget".into()) } else { Ok(()) }
}
