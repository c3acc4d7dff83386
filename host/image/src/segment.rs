//! Where an archive is cut into segments, each of which is compressed for itself. The cuts depend on nothing but the
//! names and sizes of the entries around them, so that behind a change they soon fall where they fell before, and what an
//! earlier build compressed fits again.

use std::{
    fs::File,
    io::ErrorKind,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use flate2::Crc;

use crate::{error::ImageError, files::Stat};

/// Bytes that a segment has before it may end between two entries. Smaller ones compress worse.
const SMALLEST: usize = 256 << 10;
/// Bytes with which it ends even within a file. Larger ones take more memory, and a change costs more.
pub(crate) const LARGEST: usize = 1 << 20;
/// Beyond its smallest size, a segment ends on average after so many bytes more.
const SPREAD: u64 = 256 << 10;

/// A piece of an archive whose contents are still to be read.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    parts: Vec<Part>,
    size: usize,
}

#[derive(Debug)]
enum Part {
    Bytes(Vec<u8>),
    File { source: Source, from: u64, size: usize },
}

/// A file on disk, with the state in which its content is wanted if others may change it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) state: Option<Stat>,
}

impl Segment {
    /// A segment of these bytes.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len(), parts: vec![Part::Bytes(bytes)] }
    }

    /// Brings all of it into memory.
    pub(crate) fn read(&self) -> Result<Vec<u8>, ImageError> {
        let mut all = vec![0; self.size];
        let mut rest = all.as_mut_slice();
        for part in &self.parts {
            let (place, after) = rest.split_at_mut(part.size());
            match part {
                Part::Bytes(bytes) => place.copy_from_slice(bytes),
                Part::File { source, from, .. } => source.read(*from, place)?,
            }
            rest = after;
        }
        Ok(all)
    }
}

impl Part {
    fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File { size, .. } => *size,
        }
    }
}

impl Source {
    fn read(&self, from: u64, place: &mut [u8]) -> Result<(), ImageError> {
        let file = File::open(&self.path).map_err(ImageError::io("read", &self.path))?;
        match file.read_exact_at(place, from) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(ImageError::Changed(self.path.clone()));
            }
            result => result.map_err(ImageError::io("read", &self.path))?,
        }
        // Its change time tells of any change since the build first looked at it, so one look afterwards is enough.
        match &self.state {
            Some(state) => check_unchanged(&file, &self.path, state),
            None => Ok(()),
        }
    }
}

/// Cuts what is put in, and hands on each segment that is complete.
pub(crate) struct Cutter<'a> {
    segment: Segment,
    emit: &'a mut dyn FnMut(Segment) -> Result<(), ImageError>,
}

impl<'a> Cutter<'a> {
    pub(crate) fn new(emit: &'a mut dyn FnMut(Segment) -> Result<(), ImageError>) -> Self {
        Self { segment: Segment::default(), emit }
    }

    /// An entry of so many bytes comes next. One that does not fit begins a segment, so that what is cut within it is
    /// always cut at the same places.
    pub(crate) fn begin(&mut self, entry: u64) -> Result<(), ImageError> {
        if self.segment.size as u64 + entry > LARGEST as u64 { self.cut() } else { Ok(()) }
    }

    /// An entry of this name and so many bytes is complete. Whether the segment ends with it is up to the name, and the
    /// likelier the larger the entry is.
    pub(crate) fn end(&mut self, name: &[u8], entry: u64) -> Result<(), ImageError> {
        let mut sum = Crc::new();
        sum.update(name);
        let ends = u128::from(sum.sum()) * u128::from(SPREAD) < u128::from(entry) << 32;
        if self.segment.size >= SMALLEST && ends { self.cut() } else { Ok(()) }
    }

    /// Puts in bytes.
    pub(crate) fn bytes(&mut self, mut bytes: &[u8]) -> Result<(), ImageError> {
        while !bytes.is_empty() {
            let taken = bytes.len().min(LARGEST - self.segment.size);
            match self.segment.parts.last_mut() {
                Some(Part::Bytes(before)) => before.extend_from_slice(&bytes[..taken]),
                _ => self.segment.parts.push(Part::Bytes(bytes[..taken].to_vec())),
            }
            self.grow(taken)?;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Puts in the content of a file. That of a large one shares no segment with its header: another commit gives every
    /// header another time, and leaves the content as it was.
    pub(crate) fn file(&mut self, source: &Source, size: u64) -> Result<(), ImageError> {
        let is_large = size >= SMALLEST as u64;
        if is_large {
            self.cut()?;
        }
        let mut from = 0;
        while from < size {
            let room = LARGEST - self.segment.size;
            let taken = usize::try_from(size - from).map_or(room, |left| left.min(room));
            self.segment.parts.push(Part::File { source: source.clone(), from, size: taken });
            self.grow(taken)?;
            from += taken as u64;
        }
        if is_large { self.cut() } else { Ok(()) }
    }

    fn grow(&mut self, by: usize) -> Result<(), ImageError> {
        self.segment.size += by;
        if self.segment.size == LARGEST { self.cut() } else { Ok(()) }
    }

    /// Ends the segment.
    pub(crate) fn cut(&mut self) -> Result<(), ImageError> {
        match self.segment.size {
            0 => Ok(()),
            _ => (self.emit)(std::mem::take(&mut self.segment)),
        }
    }
}

/// The file must be the very one, in the very state, that the entry's header was made from.
fn check_unchanged(file: &File, path: &Path, expected: &Stat) -> Result<(), ImageError> {
    let metadata = file.metadata().map_err(ImageError::io("read", path))?;
    if Stat::of(&metadata) == *expected { Ok(()) } else { Err(ImageError::Changed(path.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The segments that entries of these sizes are cut into, as sizes.
    fn cuts(entries: &[(String, usize)]) -> Vec<usize> {
        let mut sizes = Vec::new();
        let mut emit = |segment: Segment| {
            sizes.push(segment.size);
            assert_eq!(segment.read()?.len(), segment.size);
            Ok(())
        };
        let mut cutter = Cutter::new(&mut emit);
        for (name, size) in entries {
            cutter.begin(*size as u64).unwrap();
            cutter.bytes(&vec![1; *size]).unwrap();
            cutter.end(name.as_bytes(), *size as u64).unwrap();
        }
        cutter.cut().unwrap();
        sizes
    }

    fn small(count: usize) -> Vec<(String, usize)> {
        (0..count).map(|number| (format!("file-{number}"), 4096 + number % 7 * 512)).collect()
    }

    #[test]
    fn everything_is_in_a_segment_and_none_is_too_large() {
        for entries in [vec![], small(1), small(5000), vec![("large".to_owned(), 5 * LARGEST + 3)]] {
            let total: usize = entries.iter().map(|(_, size)| size).sum();
            let sizes = cuts(&entries);
            assert_eq!(sizes.iter().sum::<usize>(), total);
            assert!(sizes.iter().all(|size| (1..=LARGEST).contains(size)), "{sizes:?}");
        }
    }

    #[test]
    fn behind_a_change_the_cuts_fall_where_they_fell() {
        let before = small(5000);
        let mut after = before.clone();
        after.insert(1000, ("something new".to_owned(), 100_000));
        after.remove(3000);
        after[3500].1 += 10_000;
        let (before, after) = (cuts(&before), cuts(&after));
        assert!(before.len() > 30, "{before:?}");
        let kept = after.iter().filter(|size| before.contains(size)).count();
        // Three places changed; each may take the segments around it along.
        assert!(kept + 9 >= after.len(), "{kept} of {}", after.len());
    }

    #[test]
    fn the_content_of_a_large_file_is_by_itself() {
        let content = 2 * LARGEST as u64 + 5;
        let mut sizes = Vec::new();
        let mut emit = |segment: Segment| {
            sizes.push(segment.size);
            Ok(())
        };
        let mut cutter = Cutter::new(&mut emit);
        cutter.bytes(&[1; 512]).unwrap();
        cutter.file(&Source { path: "large".into(), state: None }, content).unwrap();
        cutter.bytes(&[0; 507]).unwrap();
        cutter.cut().unwrap();
        assert_eq!(sizes, [512, LARGEST, LARGEST, 5, 507]);
    }
}
