//! Whom a certificate is for, to be shown beside what its holder sends.
//!
//! Nothing is decided by it: that the certificate is to be trusted is known
//! before. webpki has the names that certificates should use; of the subject,
//! which older ones use, it has the bytes only (X.501 in DER).

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The attribute type of a common name, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// UTF8String, PrintableString, TeletexString (as Latin-1), IA5String.
const TEXTS: [u8; 4] = [0x0c, 0x13, 0x14, 0x16];

/// So many characters of a name are shown.
const LONGEST: usize = 255;

pub(super) fn peer_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let name = match certificate.valid_dns_names().next() {
        Some(name) => name.to_owned(),
        None => match certificate.valid_uri_names().next() {
            Some(name) => name.to_owned(),
            None => common_name(certificate.subject())?,
        },
    };
    let safe = printable(&name);
    (!safe.is_empty()).then_some(safe)
}

/// The last, which is the nearest, common name of a subject.
fn common_name(subject: &[u8]) -> Option<String> {
    let mut found = None;
    let mut names = subject;
    while let Some((SET, mut attributes)) = element(&mut names) {
        while let Some((SEQUENCE, mut attribute)) = element(&mut attributes) {
            let kind = element(&mut attribute);
            let value = element(&mut attribute);
            if let (Some((OBJECT_IDENTIFIER, COMMON_NAME)), Some((tag, text))) = (kind, value)
                && TEXTS.contains(&tag)
            {
                found = Some(match std::str::from_utf8(text) {
                    Ok(text) => text.to_owned(),
                    Err(_) => text.iter().map(|byte| char::from(*byte)).collect(),
                });
            }
        }
    }
    found
}

/// Takes one element off: its tag, and its content.
fn element<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[tag, short], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        // No name is so long, and DER has no other lengths.
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some((tag, content))
}

/// Text that can't break out of wherever it is shown.
fn printable(name: &str) -> String {
    let mut text = String::new();
    for ch in name.chars().take(LONGEST) {
        if ch.is_alphanumeric() || " -._:/@+*=,".contains(ch) {
            text.push(ch);
        } else {
            text.extend(ch.escape_unicode());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair, SanType};

    fn name_of(change: impl FnOnce(&mut CertificateParams)) -> Option<String> {
        let mut params = CertificateParams::default();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        peer_name(params.self_signed(&key).unwrap().der())
    }

    fn common(params: &mut CertificateParams, name: impl Into<DnValue>) {
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Example");
        params.distinguished_name.push(DnType::CommonName, name);
    }

    #[test]
    fn the_name_that_is_meant() {
        let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
        let uri = |name: &str| SanType::URI(name.try_into().unwrap());
        let told = name_of(|params| {
            common(params, "subject");
            params.subject_alt_names = vec![
                uri("spiffe://example/web"),
                dns("web.example"),
                dns("other.example"),
            ];
        });
        assert_eq!(told.as_deref(), Some("web.example"));
        let told = name_of(|params| {
            common(params, "subject");
            params.subject_alt_names = vec![uri("spiffe://example/web")];
        });
        assert_eq!(told.as_deref(), Some("spiffe://example/web"));
        let told = name_of(|params| common(params, "Jürgen, Halle 2"));
        assert_eq!(told.as_deref(), Some("Jürgen, Halle 2"));
        let printable = DnValue::PrintableString("gate 7".try_into().unwrap());
        let told = name_of(|params| common(params, printable));
        assert_eq!(told.as_deref(), Some("gate 7"));
        let told = name_of(|params| common(params, "x".repeat(300)));
        assert_eq!(told.unwrap().len(), LONGEST);
        let told = name_of(|params| {
            params.distinguished_name = rcgen::DistinguishedName::new();
        });
        assert_eq!(told, None);
    }

    #[test]
    fn nothing_in_a_name_can_forge_a_line() {
        let told = name_of(|params| common(params, "a\n<0>b\u{202e}\u{1b}[2Jc\\"));
        assert_eq!(
            told.as_deref(),
            Some(r"a\u{a}\u{3c}0\u{3e}b\u{202e}\u{1b}\u{5b}2Jc\u{5c}")
        );
    }

    proptest! {
        /// Damaged subjects are no name, and no panic.
        #[test]
        fn no_bytes_are_too_odd(
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
            at in any::<prop::sample::Index>(),
            byte: u8,
        ) {
            common_name(&bytes);
            let mut subject = b"\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03web".to_vec();
            prop_assert_eq!(common_name(&subject), Some("web".to_owned()));
            let at = at.index(subject.len());
            subject[at] = byte;
            common_name(&subject);
            common_name(&subject[..at]);
        }
    }
}
