//! Tests of whole builds, against folders on disk and base images from memory.

#[cfg(test)]
mod adding;
#[cfg(test)]
mod build;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod copy_flags;
#[cfg(test)]
mod on_build;
#[cfg(test)]
mod platforms;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod support;
#[cfg(test)]
mod zstd_layers;
