//! Notifications of what happens to releases.
