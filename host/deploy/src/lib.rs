//! Targets: how an environment is deployed to.
