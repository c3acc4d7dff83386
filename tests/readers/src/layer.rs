//! A layer of a base image.

use crate::{LARGEST, build::build};

/// What is done on top of the layer: everything that looks into it.
const DOCKERFILE: &str = "\
FROM base AS first
WORKDIR work/deep
COPY --chown=www-data:www-data a.txt /etc/new/
FROM base
COPY --from=first / /all/
COPY --from=first /etc/passwd* /usr/ /bin/
COPY site /lib/
";

/// Builds on a base image whose layer is these bytes. Promises: it is refused, or what comes out is a whole image, the
/// same every time.
pub fn layer(bytes: &[u8]) {
    if bytes.len() <= LARGEST {
        build(DOCKERFILE, bytes);
    }
}
