//! The stock policies, built as components and embedded.
