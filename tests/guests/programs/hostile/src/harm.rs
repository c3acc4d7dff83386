//! The harm that is the same in both questions: running away, crashing, and saying too much.

use std::hint::black_box;

use crate::{
    bindings::plimsoll::policy::types::{Failure, Finding, RuleOutcome},
    finding,
};

/// Does a harm; most end in something other than findings.
pub fn findings(harm: &str) -> Result<Vec<Finding>, Failure> {
    match harm {
        "endless-loop" => endless_loop(),
        "error" => Err(Failure { message: "no answer on Mondays".to_owned() }),
        "huge-error" => Err(Failure { message: "x".repeat(100_000) }),
        "huge-output" => Ok(vec![Finding { message: "x".repeat(32 << 20), ..finding(RuleOutcome::Failed) }]),
        "memory-bomb" => memory_bomb(),
        "million-findings" => Ok((0..1_000_000).map(|_| nothing()).collect()),
        "no-finding" => Ok(vec![]),
        "recursion" => Err(Failure { message: recursion(black_box(1)).to_string() }),
        "recursion-with-frames" => Err(Failure { message: with_frames(black_box(1)).to_string() }),
        _ => panic!("asked to"),
    }
}

/// Never ends.
pub fn endless_loop() -> ! {
    let mut rounds = 0_u64;
    loop {
        rounds = black_box(rounds + 1);
    }
}

/// Takes memory until there is none.
fn memory_bomb() -> ! {
    loop {
        black_box(Vec::<u8>::with_capacity(1 << 20).leak());
    }
}

/// Calls itself for ever, with all it knows in locals: the engine's own stack ends.
#[inline(never)]
fn recursion(depth: u64) -> u64 {
    if depth == 0 { 0 } else { recursion(depth.wrapping_mul(3) | 1).rotate_left(3) ^ depth }
}

/// Calls itself for ever, with something in memory at each turn: the stack in linear memory ends.
#[inline(never)]
fn with_frames(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == 0 {
        0
    } else {
        with_frames(depth.wrapping_mul(3) | 1).rotate_left(3) ^ frame[depth as usize % 64]
    }
}

/// The smallest finding, so that a million fit into memory.
fn nothing() -> Finding {
    Finding { rule: String::new(), outcome: RuleOutcome::Passed, message: String::new() }
}
