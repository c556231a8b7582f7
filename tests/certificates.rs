//! What a client's certificate says and whether it is believed, by verifiers as a configuration makes them.

use std::sync::Arc;
use std::time::Duration;

use portcullis::http1::{Field, RequestHead, Version};
use portcullis::limits::LocalLimits;
use portcullis::policy::authenticate::{CredentialFault, NoWitness};
use portcullis::policy::certificate::{CertificateFault, ClientCertificate, distinguished_name, next_update, validity};
use portcullis::policy::connection::{Connection, TlsVersion};
use portcullis::policy::decide::decide;
use portcullis::policy::rejection::Rejection;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose,
    IsCa, SanType, SerialNumber, date_time_ymd, string::BmpString, string::Ia5String,
};
use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::support::authority::Authority;
use crate::support::config::Written;

/// 2026-06-01
const NOW: Timestamp = Timestamp::from_seconds(1_780_272_000);

/// One that believes what `authority` signed and did not revoke.
fn verifier(authority: &Authority, revoked: &[u64]) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der.clone()).expect("it is an authority");
    let list = CertificateRevocationListDer::from_pem_slice(authority.revoking(revoked).as_bytes());
    let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::new(default_provider()));
    let builder = builder.with_crls([list.expect("it is a list")]).allow_unknown_revocation_status();
    builder.build().expect("it has a root")
}

fn judged(authority: &Authority, der: &[u8]) -> ClientCertificate {
    let chain = [CertificateDer::from(der.to_vec())];
    ClientCertificate::judged(&chain, &*verifier(authority, &[7]), NOW).expect("one was shown")
}

fn certified(authority: &Authority, change: impl FnOnce(&mut CertificateParams)) -> ClientCertificate {
    judged(authority, &authority.certify_as("acme.test", change).der)
}

#[test]
fn each_certificate_gets_the_verdict_that_it_deserves() {
    let partners = Authority::named("Partners");
    assert_eq!(ClientCertificate::judged(&[], &*verifier(&partners, &[]), NOW), None);
    let verdict = |change: fn(&mut CertificateParams)| certified(&partners, change).verdict;
    assert_eq!(verdict(|_| {}), Ok(()));
    let foreign = |authority: Authority| judged(&partners, &authority.certify("acme.test").der).verdict;
    assert_eq!(foreign(Authority::named("Others")), Err(CertificateFault::UnknownIssuer));
    assert_eq!(foreign(Authority::named("Partners")), Err(CertificateFault::UnknownIssuer), "its name is not enough");
    assert_eq!(verdict(|params| params.not_after = date_time_ymd(2026, 5, 1)), Err(CertificateFault::Expired));
    assert_eq!(verdict(|params| params.not_before = date_time_ymd(2026, 7, 1)), Err(CertificateFault::NotYet));
    let revoked = |params: &mut CertificateParams| params.serial_number = Some(SerialNumber::from(7));
    assert_eq!(verdict(revoked), Err(CertificateFault::Revoked));
    let servers = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    };
    assert_eq!(verdict(servers), Err(CertificateFault::Purpose));
    let authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(verdict(authority), Err(CertificateFault::Purpose));
    // An extension that nobody knows, and that says it has to be understood.
    let critical = |params: &mut CertificateParams| {
        let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        unknown.set_criticality(true);
        params.custom_extensions = vec![unknown];
    };
    assert_eq!(verdict(critical), Err(CertificateFault::Unacceptable));
    assert_eq!(judged(&partners, b"no certificate").verdict, Err(CertificateFault::Malformed));
}

#[test]
fn what_it_says_is_read() {
    let partners = Authority::named("Partners");
    let read = certified(&partners, |params| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "DE");
        params.distinguished_name.push(DnType::OrganizationName, "Acme, \"Sons\" + Co.");
        params.distinguished_name.push(DnType::CommonName, " #1 acme ");
        params.serial_number = Some(SerialNumber::from(0x80ff));
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        let text = |text: &str| Ia5String::try_from(text).expect("it is ASCII");
        params.subject_alt_names.extend([
            SanType::Rfc822Name(text("ops@acme.test")),
            SanType::URI(text("spiffe://acme.test/api")),
            SanType::IpAddress([127, 0, 0, 1].into()),
        ]);
    });
    assert_eq!(read.verdict, Ok(()));
    assert_eq!(read.subject, r#"CN=\ #1 acme\ ,O=Acme\, \"Sons\" \+ Co.,C=DE"#);
    assert_eq!((read.common_name.as_deref(), &*read.issuer), (Some(" #1 acme "), "CN=Partners"));
    assert_eq!(
        (&read.dns_names[..], &read.email_addresses[..]),
        (&["acme.test".into()][..], &["ops@acme.test".into()][..])
    );
    assert_eq!(read.uris, ["spiffe://acme.test/api"]);
    assert_eq!((&*read.serial, read.not_before.seconds()), ("80ff", 1_577_836_800));
    assert_eq!(read.not_after.seconds(), 1_798_761_600);
}

#[test]
fn names_that_do_not_print_are_no_names() {
    let partners = Authority::named("Partners");
    let named = |name: &str| certified(&partners, |params| params.distinguished_name.push(DnType::CommonName, name));
    let good = named("acme");
    assert_eq!((&*good.subject, good.common_name.as_deref()), ("CN=acme", Some("acme")));
    for odd in ["acme\0.evil", "ac\nme", "acme\u{202e}", "ac\u{200b}me", "\u{7f}", ""] {
        let read = named(odd);
        assert_eq!(read.common_name, None, "{odd:?}");
        assert!(["", "CN="].contains(&&*read.subject), "{odd:?}: {}", read.subject);
        assert_eq!(read.verdict, Ok(()), "{odd:?}");
    }
    // Characters of two bytes are characters; what is no text is written as it is encoded.
    let wide = certified(&partners, |params| {
        let name = BmpString::try_from("Ümläut").expect("it is in the plane");
        params.distinguished_name.push(DnType::CommonName, DnValue::BmpString(name));
        params.distinguished_name.push(DnType::CustomDnType(vec![1, 2, 3, 4]), "x");
    });
    assert_eq!(wide.common_name.as_deref(), Some("Ümläut"));
    assert_eq!(wide.subject, "1.2.3.4=#0c0178,CN=Ümläut");
    let odd = certified(&partners, |params| {
        let text = |text: &str| Ia5String::try_from(text).expect("it is ASCII");
        params.subject_alt_names = vec![
            SanType::DnsName(text("acme.test\0.evil.test")),
            SanType::Rfc822Name(text("a b@acme.test")),
            SanType::URI(text("spiffe://acme.test\r\nX: y")),
            SanType::DnsName(text("good.test")),
        ];
    });
    assert_eq!((&odd.dns_names[..], odd.verdict), (&["good.test".into()][..], Ok(())));
    assert!(odd.email_addresses.is_empty() && odd.uris.is_empty());
}

#[test]
fn names_are_what_openssl_makes_of_them() {
    // `openssl x509 -issuer -nameopt RFC2253` over one by `openssl req -x509 -utf8`.
    const WRITTEN: &str = include_str!("certificates/odd_name.pem");
    let (first, pem) = WRITTEN.split_once('\n').expect("its issuer, and then the certificate");
    let issuer = first.strip_prefix("issuer=").expect("it begins so");
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
    let read = judged(&Authority::named("Partners"), &der);
    assert!(issuer.contains(r#"O=Acme\, \"Sons\" \+ Co.\; \<x\>\\y,ST=\ Berlin\ "#), "{issuer}");
    assert_eq!(distinguished_name(issuer).as_deref(), Ok(&*read.issuer));
    assert!(read.issuer.contains("GN=Zoë,DC=example,OU=b+UID=u1,"), "{}", read.issuer);
    assert_eq!(distinguished_name(&read.issuer).as_deref(), Ok(&*read.issuer));
}

#[test]
fn a_certificate_ends_while_its_connection_lives() {
    let (gates, partners) = (Authority::named("Gates"), Authority::named("Partners"));
    let gate = gates.certify("gate.test");
    let config = r#"
        [listener.public]
        address = "127.0.0.1:0"
        tls = { certificate = "cert.pem", private_key = "key.pem", client_ca = "ca.pem", client_auth = "optional" }
        [upstream.api]
        peers = ["http://{upstream}"]
        [authenticator.partners]
        kind = "mtls"
        [endpoint."/".GET]
        upstream = "api"
        auth = "partners"
        quotas = []
    "#;
    let files = [("cert.pem", gate.pem), ("key.pem", gate.key_pem), ("ca.pem", partners.pem.clone())];
    let files = files.map(|(name, content)| (name.to_owned(), content)).into();
    let gateway = Written { config: config.to_owned(), files }.compile("127.0.0.1:1").expect("it is sound");
    let trust = gateway.listeners[0].tls.as_ref().and_then(|tls| tls.clients.as_ref()).expect("it asks");
    let identity = partners.certify_as("acme.test", |params| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "acme");
        params.not_after = date_time_ymd(2026, 7, 1);
    });
    // Judged as the connection begins, and kept.
    let certificate = ClientCertificate::judged(&[identity.der], &*trust.verifier, NOW).expect("one was shown");
    let fields = [Field { name: b"host", value: b"gate.test" }];
    let request = RequestHead { method: b"GET", target: b"/", version: Version::Http11, fields: &fields, ended: true };
    let plain = Connection::plain(0, [127, 0, 0, 1].into());
    let connection = Connection { tls: Some(TlsVersion::V1_3), certificate: Some(&certificate), ..plain };
    let end = Timestamp::from_seconds(1_782_864_000);
    for (now, good) in [(NOW, true), (end, true), (end + Duration::from_secs(1), false)] {
        let mut trail = Trail::default();
        let limits = LocalLimits::default();
        let decided = decide(&gateway, connection, &request, b"", &limits, &NoWitness, now, &mut trail);
        match decided {
            Ok(forward) => assert!(good && forward.caller().is_some_and(|caller| caller.name() == "acme"), "{now:?}"),
            Err(Rejection::Unauthenticated { fault, .. }) => {
                assert!(!good, "{now:?}");
                assert_eq!(fault, Some(CredentialFault::Certificate(CertificateFault::Expired)));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn alternative_names_that_can_not_be_read_are_no_reason_to_believe() {
    let partners = Authority::named("Partners");
    // RFC 5280 §4.2.1.6: a sequence, which neither of these is; and one whose host's name is no text.
    for garbage in [&[1, 2, 3][..], &[0x30, 0x05, 0x82], &[0x30, 0x04, 0x82, 0x02, 0xff, 0xfe]] {
        let read = certified(&partners, |params| {
            params.subject_alt_names.clear();
            params.distinguished_name.push(DnType::CommonName, "acme");
            params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], garbage.to_vec())];
        });
        assert!(read.verdict.is_err(), "{garbage:?}");
        assert!(read.dns_names.is_empty(), "{garbage:?}: {:?}", read.dns_names);
    }
}

#[test]
fn when_things_end_is_read_and_no_byte_can_make_it_fall() {
    let partners = Authority::named("Partners");
    let der = partners.certify_as("a", |params| params.not_after = date_time_ymd(2027, 1, 1)).der;
    assert_eq!(validity(&der).map(|(_, end)| end.seconds()), Some(1_798_761_600));
    let list = CertificateRevocationListDer::from_pem_slice(partners.revoking(&[7]).as_bytes()).expect("a list");
    assert_eq!(next_update(&list).map(Timestamp::seconds), Some(4_891_363_200));
    // Cut off before its end, the outermost element is not whole.
    (0..der.len()).for_each(|length| assert_eq!(validity(&der[..length]), None, "{length}"));
    for at in 0..der.len() {
        let mut other = der.to_vec();
        other[at] ^= 0xff;
        let _ = (validity(&other), next_update(&other));
        assert!(judged(&partners, &other).verdict.is_err(), "{at}: it was signed otherwise");
    }
}
