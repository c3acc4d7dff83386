//! Stock policy always.
