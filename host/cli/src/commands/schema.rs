//! `plimsoll schema`

use crate::{
    failure::{Ending, Failure},
    output,
};

pub(crate) fn run() -> Result<Ending, Failure> {
    output::json(&plimsoll_app::configuration::schema())?;
    Ok(Ending::Done)
}
