//! OCI registries: resolve, pull, push, verify.
