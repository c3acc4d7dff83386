//! Dockerfile to OCI image layout.
