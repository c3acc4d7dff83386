//! Ten hosts, a thousand releases.
