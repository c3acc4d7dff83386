//! Build contexts of two sizes: a gigabyte in two thousand files, and eighty megabytes in twenty thousand.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Files of one size, below `data/` of a folder.
#[derive(Debug, Clone, Copy)]
pub struct DataFiles {
    /// How many.
    pub count: usize,
    /// Bytes in each.
    pub size: usize,
}

impl DataFiles {
    /// A gigabyte in 2,000 files.
    pub const GIGABYTE: Self = Self { count: 2000, size: 1 << 19 };
    /// Eighty megabytes in 20,000 files.
    pub const MANY: Self = Self { count: 20_000, size: 1 << 12 };

    /// The Dockerfile of an image that holds these files and nothing else.
    pub const DOCKERFILE: &'static str = "FROM scratch\nCOPY data/ /data/\n";

    /// Writes all of them.
    ///
    /// # Panics
    /// There is no room for them.
    pub fn write(self, folder: &Path) {
        for number in 0..self.count {
            let path = self.path(folder, number);
            fs::create_dir_all(path.parent().expect("it is in a folder"))
                .expect("there is room for a folder");
            self.write_one(folder, number, number as u64);
        }
    }

    /// Writes one of them, with content of its own for each seed.
    ///
    /// # Panics
    /// There is no room for it.
    pub fn write_one(self, folder: &Path, number: usize, seed: u64) {
        fs::write(self.path(folder, number), content(seed, self.size)).expect("there is room for a file");
    }

    /// The path of one of them.
    #[must_use]
    pub fn path(self, folder: &Path, number: usize) -> PathBuf {
        folder.join(format!("data/{:02}/{number:05}.bin", number % 50))
    }
}

/// Half noise, half text, as a page with its pictures would be.
fn content(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 4096);
    while bytes.len() < size {
        for _ in 0..256 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.extend_from_slice(&state.to_be_bytes()[..4]);
        }
        for line in 0..16_u64 {
            let text =
                format!("Ship {} left berth {} with cargo for {seed}.\n", state >> 50, line + (state >> 60));
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes.truncate(size);
    bytes
}
