//! Configuration to a running host; the only wiring.

pub mod absent_journal;
pub mod application;
mod builders;
pub mod capabilities;
pub mod clock;
pub mod commit_files;
pub mod configuration;
pub mod events;
pub mod evidence;
pub mod host;
mod host_error;
mod journals;
pub mod notifications;
pub mod policies;
pub mod provenance;
pub mod recorded;
mod registry_access;
pub mod release;
pub mod report;
mod settings_files;
pub mod sharing;
mod targets;
pub mod variables;
pub mod views;
mod ways;
