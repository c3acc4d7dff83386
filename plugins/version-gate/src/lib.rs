//! Stock policy version-gate.
