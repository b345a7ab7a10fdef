//! An attack with somebody near it: whatever the attacker does, the bystanders must not notice.

use super::pair::create;
use super::{Daemon, Env, NO_LIMITS, Pair, Raw, Shim, json};

/// A home with a daemon and a pair of agents that share it with the attacker.
pub(crate) struct Scene {
    pub(crate) env: Env,
    pub(crate) daemon: Daemon,
    pub(crate) bystander: Pair,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let env = Env::with_config(NO_LIMITS);
        let daemon = Daemon::start(&env);
        let bystander = Pair::new(&env);
        Self { env, daemon, bystander }
    }

    /// Everybody else is as well as before.
    #[track_caller]
    pub(crate) fn is_unharmed(&mut self) {
        let id = self.bystander.send("still here");
        assert!(self.bystander.fetch().iter().any(|message| message["id"] == id));
        create(&mut Shim::connect(&self.env));
        assert_eq!(self.env.processes("bridged"), [self.daemon.pid()], "the same daemon");
    }

    /// The attacker's own connection goes on too.
    #[track_caller]
    pub(crate) fn serves(&mut self, shim: &mut Shim) {
        assert_eq!(shim.request("ping", json!({}))["result"], json!({}));
        create(shim);
        shim.call("send_to_partner", json!({"message": "and works"})).ok();
        self.is_unharmed();
    }

    /// The same without a shim.
    #[track_caller]
    pub(crate) fn serves_raw(&mut self, raw: &mut Raw) {
        assert_eq!(raw.request("ping", json!({}))["result"], json!({}));
        raw.call("create_conversation", json!({"my_role": "backend", "partner_role": "frontend"})).ok();
        self.is_unharmed();
    }
}

/// Kibibytes of memory that a process holds.
pub(crate) fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
