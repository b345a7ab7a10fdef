//! `[limits]`: how often what may be called.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::bucket::Rates;

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct LimitsConfig {
    /// Sends and other writes, of each session.
    #[serde(deserialize_with = "write_rates")]
    pub write: RateConfig,
    /// Checks and waits, of each session.
    #[serde(deserialize_with = "read_rates")]
    pub read: RateConfig,
    /// New conversations, of each process that connects.
    #[serde(deserialize_with = "create_rates")]
    pub create: RateConfig,
    /// Wrong tokens and invite codes, of each process that connects.
    #[serde(deserialize_with = "failed_auth_rates")]
    pub failed_auth: RateConfig,
}

/// One limit class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RateConfig {
    /// Calls a minute.
    pub per_minute: u32,
    /// Calls an hour.
    pub per_hour: u32,
    /// Calls a day.
    pub per_day: u32,
}

const WRITE: RateConfig = RateConfig { per_minute: 10, per_hour: 100, per_day: 500 };
const READ: RateConfig = RateConfig { per_minute: 120, per_hour: 3_600, per_day: 40_000 };
const CREATE: RateConfig = RateConfig { per_minute: 60, per_hour: 600, per_day: 2_000 };
const FAILED_AUTH: RateConfig = RateConfig { per_minute: 10, per_hour: 60, per_day: 300 };

/// A limit class of which some windows may be left as they are by default.
#[derive(Deserialize)]
struct PartialRate {
    per_minute: Option<u32>,
    per_hour: Option<u32>,
    per_day: Option<u32>,
}

macro_rules! rates_with_defaults {
    ($($name:ident = $defaults:ident;)*) => {$(
        fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RateConfig, D::Error> {
            let given = PartialRate::deserialize(deserializer)?;
            Ok(RateConfig {
                per_minute: given.per_minute.unwrap_or($defaults.per_minute),
                per_hour: given.per_hour.unwrap_or($defaults.per_hour),
                per_day: given.per_day.unwrap_or($defaults.per_day),
            })
        }
    )*};
}
rates_with_defaults! {
    write_rates = WRITE;
    read_rates = READ;
    create_rates = CREATE;
    failed_auth_rates = FAILED_AUTH;
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { write: WRITE, read: READ, create: CREATE, failed_auth: FAILED_AUTH }
    }
}

impl RateConfig {
    /// The same as the bucket's rates.
    #[must_use]
    pub fn rates(&self) -> Rates {
        Rates([self.per_minute, self.per_hour, self.per_day])
    }
}
