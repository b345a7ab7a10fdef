//! `metrics`: counts and the daemon's state for a monitoring system.
//!
//! The text is valid both as OpenMetrics 1.0 and as Prometheus' text format 0.0.4, so that it can be written into the
//! directory of node_exporter's textfile collector. Everything is a gauge: what `cleanup` removes is counted no more.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use bridge_proto::admin::stats::StatsReport;
use bridge_proto::admin::{Request, Response, StatusReport};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::stats;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::{Source, unexpected};
use crate::text::safe_text;

type Labels = [(&'static str, String); 1];
type Count = Gauge<u64, AtomicU64>;

pub(super) fn run(screen: &mut Screen) -> Result<Done, Failure> {
    let mut source = Source::open()?;
    let counts = stats::fetch(&mut source)?;
    let status = if source.is_live() {
        match source.ask(&Request::Status)? {
            Response::Status(status) => Some(*status),
            other => return Err(unexpected(&other)),
        }
    } else {
        None
    };
    screen.print(&render(&counts, status.as_ref())?)?;
    Ok(Done::Well)
}

fn render(counts: &StatsReport, status: Option<&StatusReport>) -> Result<String, Failure> {
    let mut page = Page(Registry::with_prefix("bridged"));
    page.one("up", "Whether the daemon answers", u64::from(status.is_some()));
    page.by("conversations", "Conversations in the database", "state", &counts.conversations);
    page.one("messages", "Messages in the database", counts.messages);
    page.by("deliveries", "Deliveries in the database", "state", &counts.deliveries);
    let last_hour = counts.sends_per_hour.last().copied().unwrap_or(0);
    page.one("sends_last_hour", "Messages sent in the last hour", last_hour);
    page.one("redactions", "Secrets replaced in stored messages", counts.redactions);
    page.by("refusals", "Refused calls on record", "cause", &counts.refusals);
    page.by("commands", "Proposed commands in the database", "state", &counts.commands);
    page.one("audit_rows", "Rows of the audit trail", counts.audit_rows);
    page.one("database_bytes", "Bytes of the database and its WAL", counts.database_bytes);
    if let Some(status) = status {
        page.one("connected_agents", "Connected shims", status.connected);
        page.one("redaction_rules", "Redaction rules in force", status.rules as u64);
        if let Ok(started) = status.started_at.parse::<jiff::Timestamp>() {
            let seconds = started.as_second().unsigned_abs();
            page.one("start_time_seconds", "When the daemon started, in seconds since the epoch", seconds);
        }
        // Prometheus' own format knows no type for facts.
        let version = BTreeMap::from([(status.version.clone(), 1)]);
        page.by("build_info", "The running daemon", "version", &version);
    }
    let mut text = String::new();
    encode(&mut text, &page.0).map_err(|error| Failure::failed("writing the metrics", error))?;
    Ok(text)
}

struct Page(Registry);

impl Page {
    fn one(&mut self, name: &str, help: &str, value: u64) {
        let gauge = Count::default();
        gauge.set(value);
        self.0.register(name, help, gauge);
    }

    fn by(&mut self, name: &str, help: &str, label: &'static str, counts: &BTreeMap<String, u64>) {
        let family = Family::<Labels, Count>::default();
        for (word, count) in counts {
            family.get_or_create(&[(label, safe_text(word).into_owned())]).set(*count);
        }
        self.0.register(name, help, family);
    }
}

#[cfg(test)]
mod tests {
    use super::super::stats::tests::report;
    use super::*;

    /// Families hold their members in no order.
    fn lines(text: &str) -> Vec<&str> {
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn every_count_is_a_sample() {
        let text = render(&report(), None).unwrap();
        for line in [
            "bridged_up 0",
            "bridged_messages 130",
            "bridged_sends_last_hour 9",
            r#"bridged_conversations{state="running"} 2"#,
            r#"bridged_deliveries{state="stored"} 2"#,
            r#"bridged_refusals{cause="rate_limited"} 4"#,
            r#"bridged_refusals{cause="wrong\\u{202e}token"} 1"#,
            "bridged_audit_rows 301",
        ] {
            assert!(lines(&text).contains(&line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("connected_agents") && text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_running_daemon_adds_its_state() {
        let status: StatusReport = serde_json::from_value(serde_json::json!({
            "pid": 1, "version": "0.1.0", "protocol": 1, "started_at": "2026-11-21T06:00:00.000Z", "socket": "",
            "database": "", "database_bytes": 1, "connected": 7, "agents": [], "conversations": 1, "rules": 250,
            "audit_rows": 1, "audit_head": "",
        }))
        .unwrap();
        let text = render(&report(), Some(&status)).unwrap();
        for line in [
            "bridged_up 1",
            "bridged_connected_agents 7",
            "bridged_redaction_rules 250",
            "bridged_start_time_seconds 1795240800",
            r#"bridged_build_info{version="0.1.0"} 1"#,
        ] {
            assert!(lines(&text).contains(&line), "{line} is not in\n{text}");
        }
        let mut types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        assert!(types.all(|line| line.ends_with(" gauge")), "{text}");
    }
}
