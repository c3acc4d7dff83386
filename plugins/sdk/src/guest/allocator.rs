//! An allocator for instances that live for one decision: it hands out memory in one direction and frees nothing but
//! what was handed out last. All of the memory is dropped with the instance.
//!
//! Compared with the standard library's allocator it touches fewer pages, and an ordinary decision never grows the
//! memory; together that halves the time of a decision.

/// The memory that is still free: from `next` up to `end`, addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Free {
    next: usize,
    end: usize,
}

/// Where an allocation goes: its address, and the address after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    start: usize,
    end: usize,
}

impl Free {
    /// The next place of this size at this alignment, a power of two. It may lie beyond `end`: then the memory must
    /// grow first. `None`: there is no such address.
    fn place(self, size: usize, align: usize) -> Option<Place> {
        let start = self.next.checked_next_multiple_of(align)?;
        Some(Place { start, end: start.checked_add(size)? })
    }

    /// Whether the allocation at `start` is the one that was handed out last.
    fn is_last(self, start: usize, size: usize) -> bool {
        start.checked_add(size) == Some(self.next)
    }
}

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "a global allocator cannot be written without it")]
mod global {
    use std::{
        alloc::{GlobalAlloc, Layout},
        arch::wasm32::{memory_grow, memory_size},
        ptr,
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use super::Free;

    /// Size of a page of linear memory, bytes (WebAssembly core specification, "Memory Instances").
    const PAGE: usize = 65_536;

    unsafe extern "C" {
        /// The linker's mark for the end of stack and data: everything after it is free.
        static __heap_base: u8;
    }

    /// The free memory. There are no threads: the atomics are plain memory accesses.
    struct Bump {
        /// Zero until the first allocation.
        next: AtomicUsize,
        end: AtomicUsize,
    }

    #[global_allocator]
    static ALLOCATOR: Bump = Bump { next: AtomicUsize::new(0), end: AtomicUsize::new(0) };

    impl Bump {
        fn free(&self) -> Free {
            let next = self.next.load(Relaxed);
            if next == 0 {
                return Free { next: (&raw const __heap_base).addr(), end: memory_size::<0>() * PAGE };
            }
            Free { next, end: self.end.load(Relaxed) }
        }

        /// Hands out the memory up to `to`, growing it where it must. False: the limit of the host is reached.
        fn take(&self, free: Free, to: usize) -> bool {
            let mut end = free.end;
            if to > end {
                let pages = (to - end).div_ceil(PAGE);
                if memory_grow::<0>(pages) == usize::MAX {
                    return false;
                }
                end += pages * PAGE;
            }
            self.next.store(to, Relaxed);
            self.end.store(end, Relaxed);
            true
        }
    }

    // SAFETY: places never overlap, as each begins at or after the end of the one before, are aligned by `place`, and
    // lie inside the memory, as `take` grew it. A place is handed out again only after it was freed as the last one.
    unsafe impl GlobalAlloc for Bump {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let free = self.free();
            match free.place(layout.size(), layout.align()) {
                Some(place) if self.take(free, place.end) => ptr::with_exposed_provenance_mut(place.start),
                _ => ptr::null_mut(),
            }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            let start = pointer.addr();
            if self.free().is_last(start, layout.size()) {
                self.next.store(start, Relaxed);
            }
        }

        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            let (free, start) = (self.free(), pointer.addr());
            if free.is_last(start, layout.size()) {
                let grown = start.checked_add(new_size).is_some_and(|end| self.take(free, end));
                return if grown { pointer } else { ptr::null_mut() };
            }
            if new_size <= layout.size() {
                return pointer;
            }
            // SAFETY: the caller vouches that the new size does not overflow at this alignment.
            let new = unsafe { self.alloc(Layout::from_size_align_unchecked(new_size, layout.align())) };
            if !new.is_null() {
                // SAFETY: both places are valid for the old size, the smaller of the two, and do not overlap.
                unsafe { ptr::copy_nonoverlapping(pointer, new, layout.size()) };
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_aligned_and_never_overlap(
            requests in proptest::collection::vec((0usize..5000, 0u32..8), 1..100),
        ) {
            let mut free = Free { next: 16_411, end: 65_536 };
            for (size, shift) in requests {
                let place = free.place(size, 1 << shift).unwrap();
                prop_assert!(place.start >= free.next);
                prop_assert_eq!(place.start % (1 << shift), 0);
                prop_assert_eq!(place.end - place.start, size);
                free.next = place.end;
                prop_assert!(free.is_last(place.start, size));
            }
        }
    }

    #[test]
    fn an_impossible_size_has_no_place() {
        let free = Free { next: 1024, end: 65_536 };
        assert_eq!(free.place(usize::MAX, 1), None);
        assert_eq!(Free { next: usize::MAX, end: 65_536 }.place(1, 8), None);
    }

    #[test]
    fn only_the_last_place_is_last() {
        let free = Free { next: 300, end: 65_536 };
        assert!(free.is_last(200, 100));
        assert!(!free.is_last(100, 100));
    }
}
