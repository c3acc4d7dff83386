//! One look at how everything is.

use std::collections::HashMap;

use kube::{Client, Error, api::ListParams, core::DynamicObject};

use super::{
    RolloutOptions, Watched,
    groups::{Group, groups},
    status::{self, Status},
    text,
};

/// What is not healthy now, a sentence each. One request for all objects of a kind in a namespace.
///
/// # Errors
/// The cluster does not answer, or does not let this user look.
pub(crate) async fn health(
    client: &Client,
    watched: &[Watched],
    options: &RolloutOptions,
) -> Result<Vec<String>, Error> {
    let mut unhealthy = Vec::new();
    for group in groups(watched, &options.ready_when) {
        let seen = look(client, &group, watched).await?;
        for place in &group.members {
            let one = &watched[*place];
            let problem = match seen.get(&one.name) {
                None => Some("it is not there".to_owned()),
                Some(object) => match status::of(object, &one.kind, one.generation, &options.ready_when) {
                    Status::Progressing(text) | Status::Failed(text) => Some(text),
                    Status::Done(_) => None,
                },
            };
            unhealthy.extend(problem.map(|problem| format!("{one}: {}", text::line(&problem))));
        }
    }
    Ok(unhealthy)
}

/// The objects of a group, and others of their kind, by name.
async fn look(
    client: &Client,
    group: &Group,
    watched: &[Watched],
) -> Result<HashMap<String, DynamicObject>, Error> {
    let api = group.api(client);
    let mut parameters = ListParams::default().limit(500);
    parameters.field_selector = group.selector(watched);
    let mut seen = HashMap::new();
    loop {
        let list = api.list(&parameters).await?;
        seen.extend(
            list.items.into_iter().filter_map(|object| Some((object.metadata.name.clone()?, object))),
        );
        parameters.continue_token = list.metadata.continue_.filter(|token| !token.is_empty());
        if parameters.continue_token.is_none() {
            return Ok(seen);
        }
    }
}
