//! A whole process that maps a compiled component, asks it one question and prints the answer: the least that
//! `plimsoll policy eval` could do. `minimal-host COMPILED SETTINGS`

#![expect(clippy::print_stdout, reason = "a program for the benchmarks")]

use std::{env, error::Error, path::Path};

use plimsoll_benches::minimal::Minimal;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let compiled = arguments.next().ok_or("the first argument is a compiled component")?;
    let settings = arguments.next().ok_or("the second argument is the policy's settings")?;
    let minimal = Minimal::map(Path::new(&compiled))?;
    println!("{:?}", minimal.decide(&settings.to_string_lossy())?);
    Ok(())
}
