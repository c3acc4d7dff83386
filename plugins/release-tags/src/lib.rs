//! Stock policy release-tags.
