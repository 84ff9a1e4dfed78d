//! From the options of `lh http` to its handler.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::CommonArgs;
use super::http::{BatchArg, HttpArgs, MethodArg, PresetArg};
use super::remote::{DRAIN, TlsArgs};
use crate::diag::{Diag, plain};
use crate::handler::Stage;
use crate::handler::http::{
    Auth, AuthScheme, Batch, Endpoint, Header, HttpOptions, Method, Proxy, Reading, http,
};
use crate::handler::stage::Rendering;
use crate::net::tls::{TlsClient, TlsOptions};
use crate::net::{Address, Backoff, BackoffOptions};
use crate::now::Now;
use crate::sys;
use crate::text::Formatter;
use crate::text::guard::Escape;
use crate::wire::Encode;
use crate::wire::body::Assembly;
use crate::wire::body_template::BodyTemplate;
use crate::wire::form::FormEncoder;
use crate::wire::lh::SenderId;
use crate::wire::presets::datadog::DatadogEncoder;
use crate::wire::presets::elasticsearch::{self, ElasticsearchEncoder};
use crate::wire::presets::loki::{self, LokiEncoder};
use crate::wire::presets::otlp::{OtlpEncoder, Resource};
use crate::wire::presets::slack::SlackEncoder;
use crate::wire::presets::splunk::SplunkEncoder;

/// No file of a URL, of headers or of a secret is longer.
const LONGEST_FILE: u64 = 64 << 10;

/// How records become bodies.
struct Form {
    /// In words, for the spool.
    name: String,
    encoder: Box<dyn Encode>,
    assembly: Assembly,
    content_type: &'static str,
    reading: Reading,
    /// A request has one record.
    alone: bool,
    escape: Escape,
}

/// The stage with its handler; nothing is opened yet but files that hold
/// secrets.
pub fn stage(args: HttpArgs, diag: &Diag) -> Result<Stage, String> {
    let endpoint = endpoint(&args, diag)?;
    let form = form(&args)?;
    let (headers, given) = headers(&args, diag)?;
    let auth = auth(&args);
    let secret_url = args.preset == Some(PresetArg::Slack);
    if !endpoint.is_https() && !args.insecure_auth {
        let what = match (&auth, given, secret_url) {
            (Some(_), ..) | (_, true, _) => "credentials would be sent",
            (_, _, true) => "a webhook's URL is a secret, and would be sent",
            _ => "",
        };
        if !what.is_empty() {
            return Err(format!(
                "{what} in clear: use https://, or --insecure-auth if everybody on the way may \
                 read them"
            ));
        }
    }
    if let Some(auth) = &auth {
        warn_of(auth.file(), diag);
    }
    let tls = tls(&args, &endpoint, diag)?;
    let batch = batch(&args, &form)?;
    let method = match args.method {
        Some(MethodArg::Get) => {
            diag.warn(format_args!(
                "--method GET: records are a part of the URL, which servers and proxies write \
                 into their logs"
            ));
            Method::Get
        }
        _ => Method::Post,
    };
    if method == Method::Get && (args.gzip || args.body.as_deref().is_some_and(|b| b != "form")) {
        let text = "--method GET has no body: --body and --gzip are for POST";
        return Err(text.to_owned());
    }
    let proxy = Proxy::of(&endpoint, |name| std::env::var(name).ok())?;
    let sender = SenderId::random();
    let (start, factor, max) = args.retry.waits();
    let options = HttpOptions {
        keeps: args.queueing.has_spool(),
        diag: diag.clone(),
        method,
        assembly: form.assembly,
        content_type: form.content_type,
        reading: form.reading,
        headers,
        tls,
        proxy,
        timeout: args.timeout.unwrap_or(Duration::from_secs(10)),
        batch,
        gzip: args.gzip,
        sender: sender.map_err(|error| format!("the system gives no random numbers: {error}"))?,
        backoff: Backoff::seeded(BackoffOptions { start, factor, max }),
        endpoint,
        auth: auth.clone(),
    };
    let handler = http(options).map_err(|error| {
        let file = auth.as_ref().map(|auth| auth.file().display().to_string());
        let file = file.unwrap_or_default();
        format!("{file}: cannot read the secret: {}", plain(&error))
    })?;
    let rendering = Rendering {
        encoder: Some(form.encoder),
        escape: form.escape,
        ..Rendering::default()
    };
    let queue = args.queueing.options(&form.name, Some(DRAIN))?;
    args.common
        .remote_stage(Box::new(handler), rendering, queue, diag)
}

fn read(path: &str) -> Result<String, String> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text))
        .map_err(|error| format!("{path}: cannot read: {}", plain(&error)))?;
    Ok(text)
}

fn warn_of(path: &Path, diag: &Diag) {
    if sys::socket::is_world_readable(path) {
        let path = path.display();
        diag.warn(format_args!(
            "{path}: others can read this secret: chmod go= would keep it"
        ));
    }
}

fn endpoint(args: &HttpArgs, diag: &Diag) -> Result<Endpoint, String> {
    let endpoint = match args.url.strip_prefix('@') {
        None => Endpoint::parse(&args.url)?,
        Some(path) => {
            warn_of(Path::new(path), diag);
            let text = read(path)?;
            Endpoint::parse(text.trim())
                .map_err(|error| format!("{path}: {error}"))?
                .secret()
        }
    };
    Ok(match args.preset {
        None => endpoint,
        Some(PresetArg::Loki) => endpoint.or_path("/loki/api/v1/push"),
        Some(PresetArg::Elasticsearch) => endpoint
            .or_path("/logs-generic-default")
            .with_last("/_bulk")
            .with_query(elasticsearch::FILTER),
        Some(PresetArg::Splunk) => endpoint.or_path("/services/collector/event"),
        Some(PresetArg::Otlp) => endpoint.or_path("/v1/logs"),
        Some(PresetArg::Datadog) => endpoint.or_path("/api/v2/logs"),
        Some(PresetArg::Slack) => endpoint.secret(),
    })
}

/// The headers that are given, and whether one of them proves who sends it.
fn headers(args: &HttpArgs, diag: &Diag) -> Result<(Vec<Header>, bool), String> {
    let mut headers = Vec::new();
    for text in &args.header {
        let Some(path) = text.strip_prefix('@') else {
            let header = Header::parse(text).map_err(|error| format!("--header: {error}"))?;
            if header.is_credential() {
                diag.warn(format_args!(
                    "--header {}: everybody can see it who lists processes: put it into a file, \
                     and write --header @FILE",
                    header.name()
                ));
            }
            headers.push(header);
            continue;
        };
        warn_of(Path::new(path), diag);
        let lines = read(path)?;
        let lines = lines.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            headers.push(Header::parse(line).map_err(|error| format!("{path}: {error}"))?);
        }
    }
    let given = headers.iter().any(Header::is_credential);
    Ok((headers, given))
}

fn auth(args: &HttpArgs) -> Option<Auth> {
    if let (Some(user), Some(file)) = (&args.user, &args.password_file) {
        return Some(Auth::new(AuthScheme::Basic(user.clone()), file.clone()));
    }
    let scheme = match args.preset {
        Some(PresetArg::Splunk) => AuthScheme::Splunk,
        Some(PresetArg::Datadog) => AuthScheme::Header("dd-api-key"),
        _ => AuthScheme::Bearer,
    };
    let file = args.bearer_file.as_ref()?;
    Some(Auth::new(scheme, file.clone()))
}

fn tls(args: &HttpArgs, endpoint: &Endpoint, diag: &Diag) -> Result<Option<TlsClient>, String> {
    if !endpoint.is_https() {
        let given = args.tls.given().or(args.insecure.then_some("--insecure"));
        return match given {
            None => Ok(None),
            Some(option) => Err(format!("{option} has no effect on a URL of http://")),
        };
    }
    let TlsArgs {
        ca,
        cert,
        key,
        server_name,
    } = args.tls.clone();
    let options = TlsOptions {
        ca,
        cert,
        key,
        server_name,
    };
    let (host, port) = endpoint.host();
    let address = Address::Inet {
        host: host.to_owned(),
        port,
    };
    let client = TlsClient::new(options, &address).map_err(|error| error.to_string())?;
    for warning in client.warnings() {
        diag.warn(format_args!("{warning}"));
    }
    if !args.insecure {
        return Ok(Some(client));
    }
    diag.warn(format_args!(
        "--insecure: nobody checks who answers at {host}: whoever it is can read everything"
    ));
    Ok(Some(client.without_checks()))
}

fn batch(args: &HttpArgs, form: &Form) -> Result<Batch, String> {
    let mut batch = Batch {
        records: 1000,
        bytes: 1 << 20,
        wait: Duration::from_secs(1),
    };
    for bound in &args.batch {
        match bound {
            BatchArg::Count(count) => batch.records = *count,
            BatchArg::Size(size) => batch.bytes = *size,
            BatchArg::Wait(wait) => batch.wait = *wait,
        }
    }
    if form.alone {
        if !args.batch.is_empty() && batch.records != 1 {
            return Err(format!(
                "--batch: a request holds one record of {}: use --body ndjson, json or a preset",
                form.name
            ));
        }
        batch.records = 1;
    }
    if args.preset == Some(PresetArg::Datadog) && batch.records > 1000 {
        return Err("--batch: datadog takes 1000 records at most".to_owned());
    }
    Ok(batch)
}

fn json(common: &CommonArgs) -> Result<Box<dyn Encode>, String> {
    let json = Formatter::parse("json", None, common.utc);
    Ok(Box::new(json.map_err(|error| error.to_string())?))
}

fn form(args: &HttpArgs) -> Result<Form, String> {
    let common = &args.common;
    if let Some(preset) = args.preset {
        return preset_form(preset, common);
    }
    let body = args.body.as_deref().unwrap_or("form");
    match body {
        "form" | "json" | "ndjson" => {
            common.refuse_format("the body carries whole records; --body takes a template")?;
        }
        _ => common.refuse_template("the template is that of --body")?,
    }
    let of = |name: &str, encoder, assembly, content_type, alone| Form {
        name: format!("http {name}"),
        encoder,
        assembly,
        content_type,
        reading: Reading::Status,
        alone,
        escape: Escape::None,
    };
    let form: &'static str = "application/x-www-form-urlencoded";
    Ok(match body {
        "form" => {
            let encoder = Box::new(FormEncoder::new(Now::read().wall));
            of("form", encoder, Assembly::Alone, form, true)
        }
        "json" => match args.batch.as_slice() {
            [] | [BatchArg::Count(1)] => of(
                "json",
                json(common)?,
                Assembly::Alone,
                "application/json",
                true,
            ),
            _ => of(
                "json",
                json(common)?,
                Assembly::Array,
                "application/json",
                false,
            ),
        },
        "ndjson" => of(
            "json",
            json(common)?,
            Assembly::Lines,
            "application/x-ndjson",
            false,
        ),
        template => {
            let body = BodyTemplate::parse(template, common.datefmt()?, common.utc);
            let body = body.map_err(|error| format!("--body: {error}"))?;
            if common.datefmt()?.is_some() && !body.shows_asctime() {
                let text = "--datefmt has no effect: nothing in --body is {asctime}";
                return Err(text.to_owned());
            }
            let (content_type, escape) = match body.is_json() {
                true => ("application/json", Escape::None),
                false => ("text/plain; charset=utf-8", common.escape()),
            };
            let form = of("body", Box::new(body), Assembly::Alone, content_type, true);
            Form { escape, ..form }
        }
    })
}

fn preset_form(preset: PresetArg, common: &CommonArgs) -> Result<Form, String> {
    if !matches!(preset, PresetArg::Loki | PresetArg::Slack) {
        common.refuse_format("this receiver gets whole records")?;
    }
    let host = common.host(sys::host_name());
    let mut form = Form {
        name: format!("http {}", preset.name()),
        encoder: Box::new(OtlpEncoder::default()),
        assembly: Assembly::Array,
        content_type: "application/json",
        reading: Reading::Status,
        alone: false,
        escape: Escape::None,
    };
    match preset {
        PresetArg::Loki => {
            let line = line_formatter(common)?;
            form.encoder = Box::new(LokiEncoder::new(host, line));
            form.assembly = Assembly::Groups {
                start: b"{\"streams\":[".to_vec(),
                mark: loki::MARK,
                end: b"]}",
            };
        }
        PresetArg::Elasticsearch => {
            form.encoder = Box::new(ElasticsearchEncoder::default());
            form.assembly = Assembly::Bulk;
            form.content_type = "application/x-ndjson";
            form.reading = Reading::Items;
        }
        PresetArg::Splunk => {
            form.encoder = Box::new(SplunkEncoder::new(host));
            form.assembly = Assembly::Row;
            form.reading = Reading::Code;
        }
        PresetArg::Otlp => {
            let variable = |name| std::env::var(name).ok();
            let service = variable("OTEL_SERVICE_NAME");
            let attributes = variable("OTEL_RESOURCE_ATTRIBUTES");
            let resource = Resource::new(host, service.as_deref(), attributes.as_deref());
            form.assembly = Assembly::Resources {
                usual: resource.usual(),
            };
            form.encoder = Box::new(OtlpEncoder::new(resource));
            form.reading = Reading::Partial;
        }
        PresetArg::Datadog => form.encoder = Box::new(DatadogEncoder::new(host)),
        PresetArg::Slack => {
            let text = line_formatter(common)?;
            let usual = || Formatter::parse("{levelname} {name}: {message}", None, common.utc);
            let text = text
                .map_or_else(usual, Ok)
                .map_err(|error| error.to_string())?;
            form.encoder = Box::new(SlackEncoder::new(text));
            form.assembly = Assembly::Alone;
            form.alone = true;
        }
    }
    Ok(form)
}

/// The format of a text of which the handler makes a message, with the text of an
/// exception; `None` is the handler's own.
fn line_formatter(common: &CommonArgs) -> Result<Option<Formatter>, String> {
    match common.message_formatter()? {
        None => Ok(None),
        Some(_) => common.formatter(),
    }
}
