//! The format of `cases/dns/rules.txt`: questions, and what is prescribed. The tests of real clients read it too.

const SOA: &str =
    "~ cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. <serial> 7200 1800 86400 30";

/// Questions with the lines of their answers, sorted within.
pub fn questions(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut section = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        // What stands behind several blanks is a rule's number.
        let bare = line.split("  ").next().unwrap_or_default();
        if let Some(name) = line.strip_prefix("## ") {
            section = name;
        } else if section == "rules" {
            break;
        } else if let Some(question) = bare.strip_prefix("? ") {
            found.push((question.into(), vec!["NOERROR qr aa rd".into()]));
        } else if section == "answers" {
            found.last_mut().expect("a question").1.push(line.into());
        } else {
            // The owner of the SOA is the zone in the question's own case.
            let zone = bare.split(' ').next().unwrap_or_default();
            let zone = &zone[zone.len().saturating_sub("cluster.local.".len())..];
            let soa = SOA.replacen("cluster.local.", zone, 1);
            let lines = match section {
                "NODATA" => vec!["NOERROR qr aa rd".into(), cased(&soa, zone)],
                "NXDOMAIN" => vec!["NXDOMAIN qr aa rd".into(), cased(&soa, zone)],
                "SERVFAIL" => vec!["SERVFAIL qr rd".into()],
                other => panic!("no such section: {other}"),
            };
            found.push((bare.into(), lines));
        }
    }
    found.iter_mut().for_each(|(_, lines)| lines[1..].sort());
    found
}

fn cased(soa: &str, zone: &str) -> String {
    soa.replace("dns.cluster.local.", &format!("dns.{zone}"))
        .replace("master.cluster.local.", &format!("master.{zone}"))
}
