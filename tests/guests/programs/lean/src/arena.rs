//! An allocator that only moves forward: an instance lives for one question, and all its memory goes with it.

use std::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32,
    cell::Cell,
    ptr,
};

/// Size of a WebAssembly page, bytes.
const PAGE: usize = 64 * 1024;

#[global_allocator]
static ARENA: Arena = Arena { next: Cell::new(0) };

unsafe extern "C" {
    /// Where the linker's static data ends and free memory begins.
    static __heap_base: u8;
}

struct Arena {
    /// The next free address, 0 before the first allocation.
    next: Cell<usize>,
}

// SAFETY: the module is built without threads, so that nothing is shared.
unsafe impl Sync for Arena {}

// SAFETY: every block lies behind the one before it, inside memory that the instance has, and is never handed out again.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let free = match self.next.get() {
            0 => &raw const __heap_base as usize,
            next => next,
        };
        let start = free.next_multiple_of(layout.align());
        let Some(end) = start.checked_add(layout.size()) else { return ptr::null_mut() };
        let have = wasm32::memory_size(0) * PAGE;
        if end > have && wasm32::memory_grow(0, (end - have).div_ceil(PAGE)) == usize::MAX {
            return ptr::null_mut();
        }
        self.next.set(end);
        start as *mut u8
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The newest block grows where it is.
        if block as usize + layout.size() == self.next.get() && size >= layout.size() {
            self.next.set(block as usize);
            // SAFETY: the caller vouches for size and alignment.
            let grown = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
            if grown.is_null() {
                self.next.set(block as usize + layout.size());
            }
            return grown;
        }
        // SAFETY: the caller vouches for the old block; the new one is another and at least as long as what is copied.
        unsafe {
            let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !fresh.is_null() {
                ptr::copy_nonoverlapping(block, fresh, layout.size().min(size));
            }
            fresh
        }
    }
}
