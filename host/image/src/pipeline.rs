//! Reading, hashing and compressing on all processors, with an output that never depends on how many there are: workers
//! read segments and compress each for itself; two more threads hash what was read, and write what was compressed, in
//! the archive's order.

use std::{
    io::{self, Write},
    num::NonZero,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use plimsoll_core::{digest::Digest, ports::Compression};
use sha2::{Digest as _, Sha256};

use crate::{
    error::ImageError,
    layer_format::Packer,
    segment::{LARGEST, Segment},
    segment_cache::{KnownSegments, Packed},
};

/// The most threads that compress.
const MOST_WORKERS: usize = 16;

/// What is known of a compressed archive.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Digest of the uncompressed archive.
    pub(crate) diff_id: Digest,
    /// Its compressed segments, in their order, where a cache is kept.
    pub(crate) segments: Vec<Packed>,
}

/// A segment to work on, and where the results are awaited.
struct Job {
    segment: Segment,
    raw: SyncSender<Result<Arc<Vec<u8>>, ImageError>>,
    piece: SyncSender<io::Result<Piece>>,
}

/// A compressed segment.
struct Piece {
    bytes: Vec<u8>,
    packed: Option<Packed>,
}

/// Results that are awaited in their order.
type Ordered<T> = Receiver<Receiver<T>>;

/// Compresses the segments that `produce` hands on into `sink`; answers both. Segments that are known are not compressed
/// again.
///
/// # Errors
/// `produce` failed, a file could not be read, or the sink failed.
pub(crate) fn compress<S: Write + Send>(
    mut sink: S,
    known: &KnownSegments,
    produce: impl FnOnce(&mut dyn FnMut(Segment) -> Result<(), ImageError>) -> Result<(), ImageError>,
) -> Result<(Summary, S), ImageError> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_WORKERS);
    let (jobs, job_queue) = sync_channel::<Job>(workers);
    // These bound the memory: what waits here, and what the workers have.
    let (raw_order, raws) = sync_channel(workers);
    let (piece_order, pieces) = sync_channel(2 * workers);
    let job_queue = &Mutex::new(job_queue);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(move || work(job_queue, known));
        }
        let hasher = scope.spawn(move || hash(&raws));
        let writer = scope.spawn(move || write(&mut sink, &pieces).map(|segments| (segments, sink)));
        let produced = produce(&mut |segment| {
            let (raw, raw_result) = sync_channel(1);
            let (piece, piece_result) = sync_channel(1);
            raw_order.send(raw_result).map_err(gone)?;
            piece_order.send(piece_result).map_err(gone)?;
            jobs.send(Job { segment, raw, piece }).map_err(gone)
        });
        drop((jobs, raw_order, piece_order));
        let hashed = hasher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // A file that cannot be read comes first, then the sink: either is why the others found nobody to work for.
        let diff_id = hashed?;
        let (segments, sink) = written.map_err(ImageError::Write)?;
        produced?;
        Ok((Summary { diff_id, segments }, sink))
    })
}

/// As [`compress`], for an archive that comes as a stream.
pub(crate) fn compress_stream<S: Write + Send, T>(
    sink: S,
    compression: Compression,
    produce: impl FnOnce(&mut dyn Write) -> Result<T, ImageError>,
) -> Result<(T, S), ImageError> {
    let mut value = None;
    let (_, sink) = compress(sink, &KnownSegments::none(compression), |emit| {
        let mut blocks = Blocks { buffer: Vec::new(), is_empty: true, emit };
        value = Some(produce(&mut blocks)?);
        // Nothing at all is a segment, too: no segment is no stream.
        if blocks.is_empty || !blocks.buffer.is_empty() { blocks.submit() } else { Ok(()) }
    })?;
    let value = value.expect("what was produced without an error is there");
    Ok((value, sink))
}

fn gone<T>(_: T) -> ImageError {
    ImageError::Write(io::Error::new(io::ErrorKind::BrokenPipe, "the layer can no longer be written"))
}

/// Cuts a stream into segments.
struct Blocks<'a> {
    buffer: Vec<u8>,
    /// Whether no segment was handed on yet.
    is_empty: bool,
    emit: &'a mut dyn FnMut(Segment) -> Result<(), ImageError>,
}

impl Blocks<'_> {
    fn submit(&mut self) -> Result<(), ImageError> {
        self.is_empty = false;
        (self.emit)(Segment::of(std::mem::take(&mut self.buffer)))
    }
}

impl Write for Blocks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.reserve_exact(LARGEST - self.buffer.len());
        let taken = bytes.len().min(LARGEST - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == LARGEST {
            self.submit().map_err(io::Error::other)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, known: &KnownSegments) {
    let mut packer = Packer::new(known.compression());
    loop {
        // Nothing panics while it holds this lock; the lock ends with the statement.
        let job = jobs.lock().map(|queue| queue.recv());
        let Ok(Ok(Job { segment, raw, piece })) = job else { return };
        // Nobody waits for results when a thread that they are for has failed.
        match segment.read().map(Arc::new) {
            Ok(bytes) => {
                let _ = raw.send(Ok(Arc::clone(&bytes)));
                let packed = match &mut packer {
                    Ok(packer) => pack(packer, &bytes, known),
                    Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
                };
                let _ = piece.send(packed);
            }
            Err(error) => drop(raw.send(Err(error))),
        }
    }
}

fn pack(packer: &mut Packer, raw: &[u8], known: &KnownSegments) -> io::Result<Piece> {
    if !known.is_kept() {
        return Ok(Piece { bytes: packer.segment(raw)?, packed: None });
    }
    let identity = Digest::of(raw);
    let (packed, bytes) = match known.find(&identity) {
        Some(found) => found,
        None => {
            let bytes = packer.segment(raw)?;
            (Packed { identity, check: Digest::of(&bytes), size: bytes.len() as u64 }, bytes)
        }
    };
    Ok(Piece { bytes, packed: Some(packed) })
}

fn hash(raws: &Ordered<Result<Arc<Vec<u8>>, ImageError>>) -> Result<Digest, ImageError> {
    let mut hash = Sha256::new();
    for raw in raws {
        // Nobody worked on it: the writer failed, and says why.
        let Ok(raw) = raw.recv() else { break };
        hash.update(raw?.as_slice());
    }
    Ok(Digest::from_bytes(hash.finalize().into()))
}

fn write(sink: &mut impl Write, pieces: &Ordered<io::Result<Piece>>) -> io::Result<Vec<Packed>> {
    let mut segments = Vec::new();
    for piece in pieces {
        let piece = piece.recv().map_err(io::Error::other)??;
        sink.write_all(&piece.bytes)?;
        segments.extend(piece.packed);
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn round_trip(data: &[u8]) -> Vec<u8> {
        let ((), compressed) = compress_stream(Vec::new(), Compression::Gzip, |out| {
            out.write_all(data).map_err(ImageError::Write)
        })
        .unwrap();
        let mut back = Vec::new();
        // A decoder for one member: what it reads must be everything.
        flate2::read::MultiGzDecoder::new(compressed.as_slice()).read_to_end(&mut back).unwrap();
        assert_eq!(back, data);
        compressed
    }

    #[test]
    fn data_of_any_size_comes_back() {
        for size in [0, 1, LARGEST - 1, LARGEST, LARGEST + 1, 3 * LARGEST + 17] {
            let mut state = 1_u32;
            let noise: Vec<u8> = (0..size)
                .map(|index| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Half noise, half repetition.
                    if index / 4096 % 2 == 0 { (state >> 24) as u8 } else { b'a' }
                })
                .collect();
            assert_eq!(round_trip(&noise), round_trip(&noise));
        }
    }

    #[test]
    fn the_pieces_do_not_depend_on_how_they_are_written() {
        let data = b"plimsoll ".repeat(200_000);
        let whole = round_trip(&data);
        let ((), chunked) = compress_stream(Vec::new(), Compression::Gzip, |out| {
            data.chunks(777).try_for_each(|chunk| out.write_all(chunk)).map_err(ImageError::Write)
        })
        .unwrap();
        assert_eq!(whole, chunked);
    }

    #[test]
    fn zstd_comes_back_too() {
        let data = b"plimsoll ".repeat(300_000);
        let compress = || {
            let ((), compressed) = compress_stream(Vec::new(), Compression::Zstd, |out| {
                out.write_all(&data).map_err(ImageError::Write)
            })
            .unwrap();
            compressed
        };
        assert_eq!(zstd::decode_all(compress().as_slice()).unwrap(), data);
        assert_eq!(compress(), compress());
    }

    #[test]
    fn a_full_disk_is_told() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let result = compress_stream(Full, Compression::Gzip, |out| {
            (0..64).try_for_each(|_| out.write_all(&vec![0; LARGEST])).map_err(ImageError::Write)
        });
        let Err(ImageError::Write(error)) = result else { panic!("the disk was full") };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
