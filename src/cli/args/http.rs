//! `lh http`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::queueing::QueueingArgs;
use super::remote::{RetryArgs, TlsArgs};
use super::{CommonArgs, IntoStage, http_sender};
use crate::diag::Diag;
use crate::handler::Stage;
use crate::units;

/// Send in the bodies of HTTP requests, one record or many in each (HTTPHandler).
///
/// A record counts as delivered when the server has answered 2xx. On 429, 5xx
/// and redirects, which are not followed, and on 408, 421 and 425, which are
/// about the moment, it is sent again, later each time, or when the server says.
/// A batch that is answered by 400, 413, 414, 422 or 431 is halved, until the
/// record stands alone that the server does not want: that one is given up. So
/// are all of a request that is answered by 401, 403, 404, 409 and the like; with
/// --spool they are kept until that is mended.
/// Every request has an Idempotency-Key, the same when it is sent again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  myapp | lh -i json http --body ndjson --gzip --spool /var/spool/myapp \\
      https://logs.example/in
  myapp | lh http --preset loki http://loki:3100
  myapp | lh http --preset elasticsearch --user lh --password-file pw \\
      https://es:9200/logs-myapp-default
  backup.sh 2>&1 | lh --detect-level http --min-level error --preset slack \\
      @webhook-url
  myapp | lh http --body '{\"text\": \"{levelname}: {message}\"}' \\
      http://localhost:8080/alerts

Proxies are those of http_proxy, https_proxy, all_proxy and no_proxy in the environment. \
With --preset otlp, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say what sends.")]
pub struct HttpArgs {
    /// http:// or https://, or @FILE for a file that holds it
    ///
    /// Where a preset is given and the URL has no path, it gets the one that the
    /// receiver has.
    #[arg(value_name = "URL")]
    pub(super) url: String,

    /// How requests are made [default: POST].
    ///
    /// GET: the fields of a form are in the query, which servers write into
    /// their own logs.
    #[arg(long, value_enum, value_name = "METHOD", help_heading = "Requests")]
    #[arg(ignore_case = true)]
    pub(super) method: Option<MethodArg>,

    /// form, json, ndjson, or a template [default: form].
    ///
    /// form: all attributes of Python's LogRecord, URL-encoded, as HTTPHandler
    /// sends them. json: an object, or an array of them where --batch is given.
    /// ndjson: a line for each record. A template that begins as JSON does,
    /// '{"text": "{message}"}', has its fields escaped for JSON; any other one
    /// is plain text.
    #[arg(long, value_name = "BODY", help_heading = "Requests")]
    #[arg(allow_hyphen_values = true)]
    pub(super) body: Option<String>,

    /// What a well-known receiver asks for.
    #[arg(long, value_enum, value_name = "RECEIVER", help_heading = "Requests")]
    #[arg(conflicts_with_all = ["body", "method"])]
    pub(super) preset: Option<PresetArg>,

    /// A header of every request, or @FILE for a file that holds some.
    ///
    /// NAME: VALUE, in a file one a line. Those that prove who sends, such as
    /// Authorization, stand in a file.
    #[arg(long, value_name = "HEADER", help_heading = "Requests")]
    pub(super) header: Vec<String>,

    /// When records are sent together: a count, a size or a duration, or several.
    ///
    /// At so many records (1000), so many bytes (1M), or when the first has
    /// waited so long (1s, 500ms), and at the end. Without it, form, json,
    /// templates and slack send each record by itself; for all others it is
    /// 1000,1M,1s.
    #[arg(long, value_name = "COUNT|SIZE|DURATION", value_delimiter = ',')]
    #[arg(value_parser = batch, help_heading = "Requests")]
    pub(super) batch: Vec<BatchArg>,

    /// Compress bodies.
    #[arg(long, help_heading = "Requests")]
    pub(super) gzip: bool,

    /// How long each phase of a request may take [default: 10s].
    ///
    /// To connect; to take what is sent, counted from when it last took
    /// something; and to answer.
    #[arg(long, value_name = "DURATION", value_parser = timeout, help_heading = "Requests")]
    pub(super) timeout: Option<Duration>,

    /// The user's name, for a server that wants a password.
    #[arg(long, value_name = "NAME", help_heading = "Credentials")]
    #[arg(requires = "password_file", conflicts_with = "bearer_file")]
    pub(super) user: Option<String>,

    /// A file that holds the password.
    ///
    /// It is read anew at SIGHUP, and when it is refused: what it holds by then is
    /// tried before a record is given up.
    #[arg(
        long,
        value_name = "FILE",
        requires = "user",
        help_heading = "Credentials"
    )]
    pub(super) password_file: Option<PathBuf>,

    /// A file that holds a token: of splunk and datadog, their own.
    ///
    /// It is read anew at SIGHUP, and when it is refused: what it holds by then is
    /// tried before a record is given up.
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    pub(super) bearer_file: Option<PathBuf>,

    /// Send credentials over http, too, where everybody on the way can read them.
    #[arg(long, help_heading = "Credentials")]
    pub(super) insecure_auth: bool,

    #[command(flatten)]
    pub(super) tls: TlsArgs,

    /// Do not check whose certificate it is: whoever answers can read everything.
    #[arg(long, help_heading = "TLS", conflicts_with_all = ["ca", "server_name"])]
    pub(super) insecure: bool,

    #[command(flatten)]
    pub(super) retry: RetryArgs,
    #[command(flatten)]
    pub queueing: QueueingArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MethodArg {
    #[value(name = "GET")]
    Get,
    #[value(name = "POST")]
    Post,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PresetArg {
    /// Grafana Loki: /loki/api/v1/push
    Loki,
    /// Elasticsearch, OpenSearch: /logs-generic-default/_bulk
    Elasticsearch,
    /// Splunk's HTTP Event Collector: /services/collector/event
    Splunk,
    /// OpenTelemetry, OTLP/HTTP with JSON: /v1/logs
    Otlp,
    /// Datadog's log intake: /api/v2/logs
    Datadog,
    /// An incoming webhook of Slack
    Slack,
}

impl PresetArg {
    /// Its name on the command line.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// One bound of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchArg {
    Count(u64),
    Size(u64),
    Wait(Duration),
}

fn batch(text: &str) -> Result<BatchArg, String> {
    let error = || format!("{text:?} is no batch: write 1000 (records), 1M (bytes) or 1s");
    let unit = text.trim_start_matches(|ch: char| ch.is_ascii_digit() || ch == '.');
    let arg = match unit {
        "" => BatchArg::Count(text.parse().map_err(|_| error())?),
        // In small letters, so that 5m is minutes as everywhere.
        "ms" | "s" | "m" | "min" | "h" | "d" | "w" => {
            BatchArg::Wait(units::duration(text).map_err(|_| error())?)
        }
        _ => BatchArg::Size(units::size(text).map_err(|_| error())?),
    };
    match arg {
        BatchArg::Count(0) | BatchArg::Size(0) => Err(error()),
        // What waits is held in memory.
        BatchArg::Size(size) if size > 64 << 20 => {
            Err(format!("{text:?}: a batch has 64M at most"))
        }
        BatchArg::Count(count) if count > 100_000 => {
            Err(format!("{text:?}: a batch has 100000 records at most"))
        }
        arg => Ok(arg),
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    match units::duration(text)? {
        Duration::ZERO => Err("it has to be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

impl IntoStage for HttpArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        http_sender::stage(self, diag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_a_batch() {
        let second = Duration::from_secs(1);
        for (text, want) in [
            ("1000", BatchArg::Count(1000)),
            ("1M", BatchArg::Size(1 << 20)),
            ("512KB", BatchArg::Size(512_000)),
            ("7B", BatchArg::Size(7)),
            ("1s", BatchArg::Wait(second)),
            ("500ms", BatchArg::Wait(second / 2)),
            ("5m", BatchArg::Wait(second * 300)),
        ] {
            assert_eq!(batch(text), Ok(want), "{text}");
        }
        for text in ["", "0", "0K", "x", "-1", "1x", "1.5", "1T", "9999999"] {
            assert!(batch(text).is_err(), "{text}");
        }
    }
}
