//! Compression on all processors whose output never depends on how many there are: the data is cut into blocks of one
//! size, each is compressed for itself, and the pieces make one gzip member (RFC 1952) in their order.

use std::{
    io::{self, Write},
    num::NonZero,
    sync::{
        Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use crate::error::ImageError;

/// Bytes in a block. Smaller ones compress worse, larger ones take more memory: two for each thread are in flight.
const BLOCK: usize = 1 << 20;
/// The compression level; fixed, since it is part of what a digest depends on.
const LEVEL: u32 = 4;
/// The most threads that compress.
const MOST_WORKERS: usize = 16;
/// A gzip header that says nothing about time, name or system (RFC 1952, section 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block of raw deflate (RFC 1951, section 3.2.6).
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// A block to compress, and where the result is awaited.
struct Job {
    data: Vec<u8>,
    done: SyncSender<io::Result<Piece>>,
}

/// A compressed block.
struct Piece {
    bytes: Vec<u8>,
    sum: Crc,
}

/// Compresses what `produce` writes into `sink`, and answers both.
///
/// # Errors
/// `produce` failed, or the sink did.
pub(crate) fn compress<S, T>(
    mut sink: S,
    produce: impl FnOnce(&mut dyn Write) -> Result<T, ImageError>,
) -> Result<(T, S), ImageError>
where
    S: Write + Send,
{
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_WORKERS);
    let (jobs, job_queue) = sync_channel::<Job>(workers);
    let (order, pieces) = sync_channel(2 * workers);
    let job_queue = &Mutex::new(job_queue);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(move || work(job_queue));
        }
        let writer = scope.spawn(move || write_pieces(&mut sink, &pieces).map(|()| sink));
        let mut blocks = Blocks { buffer: Vec::with_capacity(BLOCK), jobs, order };
        let produced = produce(&mut blocks);
        let rest = if produced.is_ok() { blocks.submit() } else { Ok(()) };
        drop(blocks);
        // The writer's error comes first: it is why the producer found nobody to write to.
        let sink = match writer.join() {
            Ok(written) => written.map_err(ImageError::Write)?,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        let produced = produced?;
        rest.map_err(ImageError::Write)?;
        Ok((produced, sink))
    })
}

/// Cuts what is written into blocks.
struct Blocks {
    buffer: Vec<u8>,
    jobs: SyncSender<Job>,
    order: SyncSender<Receiver<io::Result<Piece>>>,
}

impl Blocks {
    fn submit(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the layer can no longer be written");
        let data = std::mem::replace(&mut self.buffer, Vec::with_capacity(BLOCK));
        let (done, piece) = sync_channel(1);
        self.order.send(piece).map_err(|_| gone())?;
        self.jobs.send(Job { data, done }).map_err(|_| gone())
    }
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == BLOCK {
            self.submit()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    let mut deflate = Compress::new(Compression::new(LEVEL), false);
    loop {
        // Nothing panics while it holds this lock; the lock ends with the statement.
        let job = jobs.lock().map(|queue| queue.recv());
        let Ok(Ok(job)) = job else { return };
        // Nobody waits for the piece when the writer has failed.
        let _ = job.done.send(deflate_block(&mut deflate, &job.data));
    }
}

fn deflate_block(deflate: &mut Compress, data: &[u8]) -> io::Result<Piece> {
    deflate.reset();
    let mut bytes = Vec::with_capacity(data.len() / 2 + 1024);
    loop {
        let consumed = usize::try_from(deflate.total_in()).map_err(io::Error::other)?;
        let status = deflate
            .compress_vec(&data[consumed..], &mut bytes, FlushCompress::Sync)
            .map_err(io::Error::other)?;
        // A flush is complete when it leaves room (zlib's manual, `deflate`).
        let done = deflate.total_in() == data.len() as u64 && bytes.len() < bytes.capacity();
        if done && matches!(status, Status::Ok | Status::BufError) {
            break;
        }
        bytes.reserve(data.len() / 4 + 1024);
    }
    let mut sum = Crc::new();
    sum.update(data);
    Ok(Piece { bytes, sum })
}

fn write_pieces(sink: &mut impl Write, pieces: &Receiver<Receiver<io::Result<Piece>>>) -> io::Result<()> {
    sink.write_all(&HEADER)?;
    let mut sum = Crc::new();
    for piece in pieces {
        let piece = piece.recv().map_err(io::Error::other)??;
        sink.write_all(&piece.bytes)?;
        sum.combine(&piece.sum);
    }
    sink.write_all(&LAST_BLOCK)?;
    sink.write_all(&sum.sum().to_le_bytes())?;
    sink.write_all(&sum.amount().to_le_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn round_trip(data: &[u8]) -> Vec<u8> {
        let ((), compressed) =
            compress(Vec::new(), |out| out.write_all(data).map_err(ImageError::Write)).unwrap();
        let mut back = Vec::new();
        // A decoder for one member: what it reads must be everything.
        flate2::read::GzDecoder::new(compressed.as_slice()).read_to_end(&mut back).unwrap();
        assert_eq!(back, data);
        compressed
    }

    #[test]
    fn data_of_any_size_comes_back() {
        for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17] {
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
        let ((), chunked) = compress(Vec::new(), |out| {
            data.chunks(777).try_for_each(|chunk| out.write_all(chunk)).map_err(ImageError::Write)
        })
        .unwrap();
        assert_eq!(whole, chunked);
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
        let result = compress(Full, |out| {
            (0..64).try_for_each(|_| out.write_all(&vec![0; BLOCK])).map_err(ImageError::Write)
        });
        let Err(ImageError::Write(error)) = result else { panic!("the disk was full") };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
