//! `plimsoll schema`

use crate::{
    arguments::SchemaOf,
    failure::{Ending, Failure},
    output,
};

pub(crate) fn run(of: SchemaOf) -> Result<Ending, Failure> {
    match of {
        SchemaOf::Configuration => output::json(&plimsoll_app::configuration::schema())?,
        SchemaOf::Request => output::json(&plimsoll_harness::view::request_schema())?,
        SchemaOf::Capabilities => output::json(&plimsoll_harness::view::capabilities_schema())?,
        SchemaOf::Cases => output::json(&plimsoll_harness::cases::schema())?,
    }
    Ok(Ending::Done)
}
