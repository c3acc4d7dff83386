//! The tags of a repository (OCI distribution specification 1.1, "Listing Tags").

use std::collections::HashSet;

use serde::Deserialize;

use crate::{error::RegistryError, repository::RegistryRepository};

/// Tags per page, and the most pages that are read.
const PAGE: usize = 1000;
const MOST_PAGES: usize = 1000;
/// The largest page that is read, bytes.
const LARGEST_PAGE: u64 = 16 << 20;

/// What the registry answers.
#[derive(Deserialize)]
struct Page {
    tags: Option<Vec<String>>,
}

impl RegistryRepository {
    /// All tags. Not every registry says whether there is another page, so the end is a page with nothing new.
    pub(crate) async fn list(&self) -> Result<Vec<String>, RegistryError> {
        let connection = &self.connection;
        let what = format!("tags of {}", self.name.path());
        let (mut tags, mut known) = (Vec::new(), HashSet::new());
        for _ in 0..MOST_PAGES {
            let page = connection.retrying(|| self.page(&what, tags.last())).await;
            // A repository that nothing was pushed to is not there yet.
            let Some(page) = RegistryError::optional(page)? else { return Ok(tags) };
            let new: Vec<_> = page.into_iter().filter(|tag| known.insert(tag.clone())).collect();
            if new.is_empty() {
                return Ok(tags);
            }
            tags.extend(new);
        }
        Err(connection.nonsense(&what, format!("more than {MOST_PAGES} pages")))
    }

    /// The tags after `last`.
    async fn page(&self, what: &str, last: Option<&String>) -> Result<Vec<String>, RegistryError> {
        let connection = &self.connection;
        let mut url = connection.url(&format!("{}/tags/list", self.name.path())).await?;
        url.query_pairs_mut()
            .append_pair("n", &PAGE.to_string())
            .extend_pairs(last.map(|last| ("last", last)));
        let mut answer = connection.request(&self.pulling(what), |http| http.get(url.clone())).await?;
        let bytes = connection.read(&mut answer, LARGEST_PAGE).await?;
        let page = bytes.and_then(|bytes| serde_json::from_slice::<Page>(&bytes).ok());
        let no_list = || connection.nonsense(what, "something that is no list of tags".to_owned());
        Ok(page.ok_or_else(no_list)?.tags.unwrap_or_default())
    }
}
