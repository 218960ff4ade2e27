//! The canonical encoding that digests are taken over: little-endian integers, lengths as u64, declared variant
//! numbers, no floats. Never `derive(Hash)` or `Debug`, which differ between native and wasm.

use super::{Duration, Instant, Text};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A value with one canonical byte form, equal on every target.
pub trait Canon {
    /// Appends the value's bytes.
    fn canon(&self, out: &mut Encoder);
}

/// Collects canonical bytes.
#[derive(Debug, Clone, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// Appends raw bytes without a length.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a declared variant number.
    pub fn variant(&mut self, number: u8) {
        self.bytes.push(number);
    }

    /// What was collected.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Empties the buffer and keeps its room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// A running 128-bit digest over canonical bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Digest(SipHasher13);

impl Digest {
    /// Takes in one encoded value.
    pub fn absorb(&mut self, encoder: &Encoder) {
        self.0.write(encoder.bytes());
    }

    /// The digest so far, as 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:032x}", self.0.finish128().as_u128())
    }
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl Canon for $int {
            fn canon(&self, out: &mut Encoder) {
                out.raw(&self.to_le_bytes());
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i32, i64);

impl Canon for bool {
    fn canon(&self, out: &mut Encoder) {
        out.variant(u8::from(*self));
    }
}

impl Canon for str {
    fn canon(&self, out: &mut Encoder) {
        (self.len() as u64).canon(out);
        out.raw(self.as_bytes());
    }
}

impl Canon for Text {
    fn canon(&self, out: &mut Encoder) {
        (**self).canon(out);
    }
}

impl Canon for String {
    fn canon(&self, out: &mut Encoder) {
        (**self).canon(out);
    }
}

impl Canon for bytes::Bytes {
    fn canon(&self, out: &mut Encoder) {
        (self.len() as u64).canon(out);
        out.raw(self);
    }
}

impl Canon for Instant {
    fn canon(&self, out: &mut Encoder) {
        self.0.canon(out);
    }
}

impl Canon for Duration {
    fn canon(&self, out: &mut Encoder) {
        self.0.canon(out);
    }
}

impl Canon for IpAddr {
    fn canon(&self, out: &mut Encoder) {
        match self {
            IpAddr::V4(ip) => {
                out.variant(4);
                out.raw(&ip.octets());
            }
            IpAddr::V6(ip) => {
                out.variant(6);
                out.raw(&ip.octets());
            }
        }
    }
}

impl Canon for SocketAddr {
    fn canon(&self, out: &mut Encoder) {
        self.ip().canon(out);
        self.port().canon(out);
    }
}

impl<T: Canon> Canon for Option<T> {
    fn canon(&self, out: &mut Encoder) {
        match self {
            None => out.variant(0),
            Some(value) => {
                out.variant(1);
                value.canon(out);
            }
        }
    }
}

impl<T: Canon> Canon for [T] {
    fn canon(&self, out: &mut Encoder) {
        (self.len() as u64).canon(out);
        self.iter().for_each(|item| item.canon(out));
    }
}

impl<T: Canon> Canon for Vec<T> {
    fn canon(&self, out: &mut Encoder) {
        (**self).canon(out);
    }
}

impl<T: Canon> Canon for Arc<[T]> {
    fn canon(&self, out: &mut Encoder) {
        (**self).canon(out);
    }
}

impl<A: Canon, B: Canon> Canon for (A, B) {
    fn canon(&self, out: &mut Encoder) {
        self.0.canon(out);
        self.1.canon(out);
    }
}

/// Implements [`Canon`] for a struct: its fields in the order given.
#[macro_export]
macro_rules! canon_struct {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::base::Canon for $name {
            fn canon(&self, out: &mut $crate::base::Encoder) {
                $($crate::base::Canon::canon(&self.$field, out);)*
            }
        }
    };
}

/// Implements [`Canon`] for an enum: `number => Variant`, `number => Variant(a)` or `number => Variant { a, b }`.
/// A number is declared once and never changed or reused.
#[macro_export]
macro_rules! canon_enum {
    ($name:ident { $($number:literal => $variant:ident $(($($tuple:ident),*))? $({$($field:ident),* $(,)?})?),* $(,)? }) => {
        impl $crate::base::Canon for $name {
            fn canon(&self, out: &mut $crate::base::Encoder) {
                match self {
                    $($name::$variant $(($($tuple),*))? $({$($field),*})? => {
                        out.variant($number);
                        $($($crate::base::Canon::canon($tuple, out);)*)?
                        $($($crate::base::Canon::canon($field, out);)*)?
                    })*
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_fixed() {
        let mut encoder = Encoder::default();
        ("ab".to_string(), Some(258u16)).canon(&mut encoder);
        assert_eq!(encoder.bytes(), [2, 0, 0, 0, 0, 0, 0, 0, b'a', b'b', 1, 2, 1]);
    }

    #[test]
    fn the_digest_does_not_depend_on_how_the_bytes_were_cut() {
        let (mut whole, mut parts) = (Digest::default(), Digest::default());
        let mut encoder = Encoder::default();
        (1u64, 2u64).canon(&mut encoder);
        whole.absorb(&encoder);
        for n in [1u64, 2] {
            encoder.clear();
            n.canon(&mut encoder);
            parts.absorb(&encoder);
        }
        assert_eq!(whole.hex(), parts.hex());
    }
}
