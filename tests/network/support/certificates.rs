//! Certificates of an authority that the test makes up.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

/// Files in PEM form, in one folder.
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// `ca`: an authority. `good`: for localhost and 127.0.0.1, signed by it.
    /// `elsewhere`: for another host. `old`: expired. `client`: for a client.
    /// `stranger`: for localhost, signed by an authority `unknown`.
    pub fn new(folder: &Path) -> Certificates {
        let certificates = Certificates {
            folder: folder.join("certificates"),
        };
        std::fs::create_dir_all(&certificates.folder).expect("a folder");
        let ca = certificates.authority("ca");
        let local = ["localhost", "127.0.0.1"];
        certificates.leaf("good", &local, &ca, |_| {});
        certificates.leaf("elsewhere", &["elsewhere.example"], &ca, |_| {});
        certificates.leaf("old", &local, &ca, |params| {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        });
        certificates.leaf("client", &["client.example"], &ca, |_| {});
        let unknown = certificates.authority("unknown");
        certificates.leaf("stranger", &local, &unknown, |_| {});
        certificates
    }

    /// The certificate's file.
    pub fn cert(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pem"))
    }

    /// Its private key's.
    pub fn key(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    fn authority(&self, name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
        std::fs::write(self.cert(name), issuer.pem()).expect("a file");
        issuer
    }

    fn leaf(
        &self,
        name: &str,
        hosts: &[&str],
        issuer: &CertifiedIssuer<'static, KeyPair>,
        change: impl FnOnce(&mut CertificateParams),
    ) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).expect("host names");
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, issuer).expect("a certificate");
        std::fs::write(self.cert(name), certificate.pem()).expect("a file");
        std::fs::write(self.key(name), key.serialize_pem()).expect("a file");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(self.key(name), private).expect("a mode");
    }
}
