//! Builders against real engines: a Docker engine, buildx with a BuildKit, and buildah.

#[cfg(test)]
mod absent;
#[cfg(test)]
mod buildah;
#[cfg(test)]
mod buildx;
#[cfg(test)]
mod classic;
#[cfg(test)]
mod support;
