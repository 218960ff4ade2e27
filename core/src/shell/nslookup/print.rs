//! How nslookup prints records.

use crate::base::Text;
use crate::dns::message::text::rdata;
use crate::dns::message::{Rdata, Record, RecordType};
use std::fmt::Write;

/// How names in data end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dots {
    /// With their final dot, as BIND prints them.
    Final,
    /// Without, as busybox does.
    Without,
}

/// The records of an answer.
pub fn answers(records: &[Record], dots: Dots) -> String {
    records.iter().map(|record| answer(record, dots)).collect()
}

fn answer(record: &Record, dots: Dots) -> String {
    let name = record.name.trim_end_matches('.');
    let mut data = rdata(&record.data);
    if dots == Dots::Without {
        data.truncate(data.trim_end_matches('.').len());
    }
    match (&record.data, record.rtype()) {
        (Rdata::A(_) | Rdata::Aaaa(_), _) => format!("Name:\t{name}\nAddress: {data}\n"),
        (Rdata::Cname(_), _) => format!("{name}\tcanonical name = {data}\n"),
        (Rdata::Ptr(_), _) => format!("{name}\tname = {data}\n"),
        (Rdata::Ns(_), _) => format!("{name}\tnameserver = {data}\n"),
        (Rdata::Mx(..), _) => format!("{name}\tmail exchanger = {data}\n"),
        (Rdata::Srv(..), _) => format!("{name}\tservice = {data}\n"),
        (Rdata::Txt(_), _) => format!("{name}\ttext = {data}\n"),
        (Rdata::Soa(soa), _) => {
            let mut out = format!("{name}\n");
            let (origin, mail) = (soa.mname.trim_end_matches('.'), soa.rname.trim_end_matches('.'));
            let _ = write!(out, "\torigin = {origin}\n\tmail addr = {mail}\n\tserial = {}\n", soa.serial);
            let _ = write!(out, "\trefresh = {}\n\tretry = {}\n", soa.refresh, soa.retry);
            let _ = write!(out, "\texpire = {}\n\tminimum = {}\n", soa.expire, soa.minimum);
            out
        }
        (_, RecordType::OPT) => String::new(),
        _ if dots == Dots::Without => String::new(),
        (_, rtype) => format!("{name}\trdata_{} = {data}\n", rtype.0),
    }
}

/// Where aliases lead.
pub fn end_of_aliases(name: &Text, records: &[Record]) -> Text {
    records.iter().fold(name.clone(), |at, record| match &record.data {
        Rdata::Cname(target) if record.name.eq_ignore_ascii_case(&at) => target.clone(),
        _ => at,
    })
}
