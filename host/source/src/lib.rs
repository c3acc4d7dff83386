//! Sources: what a git repository or a CI event says was released.
