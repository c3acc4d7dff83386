//! Configuration to a running host; the only wiring.
