//! The images that get the tags: the entries of `images`.

use crate::{
    csv,
    entries::{self, Pair, problem},
    error::MetadataError,
};

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its name, in small letters.
    pub name: String,
    /// Whether it gets the tags.
    pub enabled: bool,
}

/// Reads a list. One entry alone may name several images, with commas between them.
///
/// # Errors
/// Everything that is wrong with the list: the place of an entry, and what.
pub fn read(list: &[String]) -> Result<Vec<Image>, Vec<(usize, MetadataError)>> {
    let given: Vec<(usize, &str)> = entries::of(list).collect();
    if let [(place, entry)] = given.as_slice() {
        let fields = csv::fields(entry)
            .map_err(|source| vec![(*place, MetadataError::Csv { entry: (*entry).to_owned(), source })])?;
        if !fields.iter().any(|field| field.contains('=')) {
            let named =
                |field: &String| Image { name: crate::javascript::trim(field).to_lowercase(), enabled: true };
            return Ok(fields.iter().map(named).collect());
        }
    }
    let (mut images, mut problems) = (Vec::new(), Vec::new());
    for (place, entry) in given {
        match image(entry) {
            Ok(image) => images.push(image),
            Err(error) => problems.push((place, error)),
        }
    }
    if problems.is_empty() { Ok(images) } else { Err(problems) }
}

fn image(entry: &str) -> Result<Image, MetadataError> {
    let mut image = Image { name: String::new(), enabled: true };
    for Pair { key, value } in entries::pairs_between(entry)? {
        match key.as_deref() {
            None | Some("name") => image.name = value.to_lowercase(),
            Some("enable") => {
                image.enabled = match value.as_str() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(problem(entry, "`enable` must be `true` or `false`")),
                }
            }
            Some(other) => return Err(problem(entry, format!("there is no `{other}`"))),
        }
    }
    if image.name.is_empty() {
        return Err(problem(entry, "the image has no name"));
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<(String, bool)> {
        let list: Vec<String> = list.iter().map(|&entry| entry.to_owned()).collect();
        read(&list).unwrap().into_iter().map(|image| (image.name, image.enabled)).collect()
    }

    #[test]
    fn images_are_named_in_three_ways() {
        let on = |name: &str| (name.to_owned(), true);
        assert_eq!(names(&["Name/App,ghcr.io/name/app"]), [on("name/app"), on("ghcr.io/name/app")]);
        assert_eq!(names(&["name/app", "name=ghcr.io/name/App"]), [on("name/app"), on("ghcr.io/name/app")]);
        assert_eq!(names(&["name=a=b,enable=false"]), [("a".to_owned(), false)]);
        assert_eq!(names(&[]), []);
        for entry in ["name=a,enable=yes", "enable=true", "name=a,tag=b"] {
            assert!(read(&[entry.to_owned()]).is_err(), "{entry}");
        }
    }
}
