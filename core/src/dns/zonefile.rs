//! One record from a line as in zone files. Knows no `$ORIGIN` and no lines that go on.

use crate::base::Text;
use crate::dns::message::{Class, Rdata, Record, RecordType, Soa};
use crate::dns::name::qualified;
use std::sync::Arc;

/// `name [ttl] [class] type data`.
pub fn record(line: &str) -> Result<Record, String> {
    let bad = || format!("dns: not a record: {line:?}");
    let words = words(line);
    let mut words = words.iter().map(String::as_str).peekable();
    let name: Text = qualified(words.next().ok_or_else(bad)?).into();
    let (mut ttl, mut class) = (3600, Class::IN);
    while let Some(word) = words.peek() {
        if let Ok(number) = word.parse() {
            ttl = number;
        } else if let Some(found) = Class::of_word(word).filter(|class| *class != Class::ANY) {
            class = found;
        } else {
            break;
        }
        words.next();
    }
    let rtype = words.next().and_then(RecordType::of_word).ok_or_else(bad)?;
    let rest: Vec<&str> = words.collect();
    let data = data(rtype, &rest).ok_or_else(bad)?;
    Ok(Record { name, class, ttl, data })
}

fn data(rtype: RecordType, words: &[&str]) -> Option<Rdata> {
    let name = |n: usize| words.get(n).map(|word| Text::from(qualified(word)));
    let number = |n: usize| words.get(n)?.parse::<u32>().ok();
    let short = |n: usize| words.get(n)?.parse::<u16>().ok();
    Some(match rtype {
        RecordType::A => Rdata::A(words.first()?.parse().ok()?),
        RecordType::AAAA => Rdata::Aaaa(words.first()?.parse().ok()?),
        RecordType::CNAME => Rdata::Cname(name(0)?),
        RecordType::NS => Rdata::Ns(name(0)?),
        RecordType::PTR => Rdata::Ptr(name(0)?),
        RecordType::MX => Rdata::Mx(short(0)?, name(1)?),
        RecordType::SRV => Rdata::Srv(short(0)?, short(1)?, short(2)?, name(3)?),
        RecordType::TXT => Rdata::Txt(words.iter().map(|word| word.as_bytes().to_vec().into()).collect()),
        RecordType::SOA => Rdata::Soa(Arc::new(Soa {
            mname: name(0)?,
            rname: name(1)?,
            serial: number(2)?,
            refresh: number(3)?,
            retry: number(4)?,
            expire: number(5)?,
            minimum: number(6)?,
        })),
        _ => return None,
    })
}

/// Words; quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut open) = (String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                open = true;
            }
            c if c.is_whitespace() && !quoted => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            c => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}
