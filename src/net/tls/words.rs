//! What is wrong with a certificate, in words for whoever has to mend it.

use rustls::CertificateError;

/// Why a certificate of the other side is refused; follows on "refused: ".
pub(super) fn certificate_problem(why: &CertificateError) -> String {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not in force yet; or this machine's clock is wrong".to_owned()
        }
        CertificateError::UnknownIssuer => "none that is trusted here has signed it".to_owned(),
        // An authority that was made anew under its old name, most of all.
        CertificateError::BadSignature => {
            "the trusted one that it names has not signed it".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let text = why.to_string();
            text.replacen("certificate not", "it is not", 1)
                .replacen("certificate is", "it is", 1)
        }
        // The usual self-signed certificate: openssl req -x509 marks it as a CA.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is a CA's own, which may only sign others".to_owned()
        }
        other => other.to_string(),
    }
}
