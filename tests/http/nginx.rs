//! nginx: TLS, passwords, and what it answers by itself.

use std::process::{Child, Command, Stdio};

#[path = "../network/support/certificates.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod certificates;

use crate::port::free_address;
use crate::server::lines;
use crate::support::{Folder, peer, until};
use certificates::Certificates;

struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts one with these locations, on a port with TLS and on one without.
fn start(folder: &Folder, certificates: &Certificates, locations: &str) -> (Nginx, u16, u16) {
    let (plain, tls) = (free_address().port(), free_address().port());
    folder.mkdir("temp");
    let work = folder.path(".").display().to_string();
    let config = format!(
        "daemon off; master_process off; pid {work}/pid; error_log {work}/errors;\n\
         events {{}}\n\
         http {{ access_log {work}/access; client_body_temp_path {work}/temp; proxy_temp_path {work}/temp;\n\
         fastcgi_temp_path {work}/temp; uwsgi_temp_path {work}/temp; scgi_temp_path {work}/temp;\n\
         server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl;\n\
         ssl_certificate {}; ssl_certificate_key {};\n{locations}\n}} }}\n",
        certificates.cert("good").display(),
        certificates.key("good").display(),
    );
    folder.write("nginx.conf", config);
    let mut path = std::env::var("PATH").unwrap_or_default();
    path.push_str(":/usr/sbin");
    let child = Command::new("nginx")
        .env("PATH", path)
        .args(["-p", &work, "-c", "nginx.conf", "-e", "errors"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let nginx = Nginx(child.expect("nginx starts"));
    until("nginx listens", || {
        std::net::TcpStream::connect(("127.0.0.1", tls)).is_ok()
    });
    (nginx, plain, tls)
}

fn installed() -> bool {
    std::path::Path::new("/usr/sbin/nginx").exists() || peer("nginx")
}

#[test]
fn a_password_over_tls() {
    if !installed() {
        return;
    }
    let folder = Folder::new();
    let certificates = Certificates::new(&folder.path("."));
    // lh:s3cret, in the form {PLAIN}.
    folder.write("users", "lh:{PLAIN}s3cret\n");
    let users = folder.path("users").display().to_string();
    // (`return` would come before the password is looked at.)
    let upstream = crate::server::Server::new(|_, _| crate::server::status(200));
    let location = format!(
        "location / {{ auth_basic x; auth_basic_user_file {users}; proxy_pass http://{}; }}",
        upstream.address
    );
    let (nginx, _, tls) = start(&folder, &certificates, &location);
    let ca = certificates.cert("ca").display().to_string();
    for (name, text) in [("pw", "s3cret"), ("wrong", "other")] {
        folder.write(name, text);
        folder.chmod(name, 0o600);
    }
    let send = |options: &str, host: &str| {
        let words = format!(
            "http --body ndjson --retry-start 1h --drain-timeout 1s {options} https://{host}:{tls}/"
        );
        folder.lh(&words).with(lines(0..100))
    };
    let good = format!("--user lh --password-file pw --ca {ca}");
    send(&good, "localhost").ok();
    let wrong = format!("--user lh --password-file wrong --ca {ca}");
    send(&wrong, "localhost")
        .code(1)
        .said("401")
        .said("credentials");
    // Trial 49: nothing is sent to somebody else.
    send("--user lh --password-file pw", "localhost")
        .code(1)
        .said("certificate");
    let elsewhere = format!("{good} --server-name elsewhere.example");
    send(&elsewhere, "localhost").code(1).said("certificate");
    send("--user lh --password-file pw --insecure", "localhost")
        .code(0)
        .said("nobody checks");
    drop(nginx);
    let access = folder.text("access");
    assert_eq!(access.lines().count(), 3, "{access}");
}

/// Trial 15, with answers of nginx's own.
#[test]
fn what_nginx_answers_by_itself() {
    if !installed() {
        return;
    }
    let folder = Folder::new();
    let certificates = Certificates::new(&folder.path("."));
    let locations = "location /ok { return 204; }\n\
        location /small { client_max_body_size 1k; proxy_pass http://127.0.0.1:1; }\n\
        location /busy { add_header Retry-After 1 always; return 429; }\n\
        location /none { return 503; }\n\
        location /moved { return 307 http://127.0.0.1:1/; }\n\
        location /gone { return 444; }";
    let (nginx, plain, _) = start(&folder, &certificates, locations);
    let send = |path: &str| {
        let words = format!(
            "http --body ndjson --retry-start 10ms --drain-timeout 1500ms http://127.0.0.1:{plain}{path}"
        );
        folder.lh(&words).with(lines(0..3))
    };
    send("/ok").ok();
    for (path, said) in [
        ("/busy", "429"),
        ("/none", "503"),
        ("/moved", "is not followed"),
        ("/gone", "trying again"),
        ("/nowhere", "404"),
    ] {
        send(path)
            .code(1)
            .said(said)
            .said("3 records were not delivered");
    }
    drop(nginx);
    let access = folder.text("access");
    let asked = |path: &str| access.matches(&format!("POST {path} ")).count();
    // Not more often than it asked for.
    assert!((2..=3).contains(&asked("/busy")), "{access}");
    // The back-off is exponential, and none of it a storm.
    assert!((3..40).contains(&asked("/none")), "{access}");
    assert_eq!(asked("/nowhere"), 1, "{access}");
}

/// A batch that is too large is halved until it fits.
#[test]
fn a_body_that_is_too_large_is_halved() {
    if !installed() {
        return;
    }
    let folder = Folder::new();
    let certificates = Certificates::new(&folder.path("."));
    let upstream = crate::server::Server::new(|_, _| crate::server::status(200));
    let location = format!(
        "location / {{ client_max_body_size 1k; proxy_pass http://{}; }}",
        upstream.address
    );
    let (nginx, plain, _) = start(&folder, &certificates, &location);
    let words = format!("http --body ndjson http://127.0.0.1:{plain}/");
    folder.lh(&words).with(lines(0..100)).ok();
    drop(nginx);
    let count: usize = upstream
        .seen()
        .iter()
        .map(|request| request.lines().len())
        .sum();
    assert_eq!(count, 100);
}
