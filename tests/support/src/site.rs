//! A web site of forty files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::text::write;

/// How many pages the site has besides its front page.
const PAGES: usize = 24;

/// How many pictures the site has.
const PICTURES: usize = 11;

/// A web site as a team would keep it: forty files under `site/`, a Dockerfile that copies them into nginx, a
/// `.dockerignore`, and Kubernetes manifests under `k8s/`.
#[derive(Debug)]
pub struct Site {
    folder: PathBuf,
}

impl Site {
    /// Writes the site into a folder. `base` is what its Dockerfile starts from, `image` what its manifests name.
    ///
    /// # Panics
    /// It could not be written.
    #[must_use]
    #[track_caller]
    pub fn write(folder: &Path, base: &str, image: &str) -> Self {
        let site = Self { folder: folder.to_owned() };
        site.pages();
        for number in 1..=PICTURES {
            write(&folder.join(format!("site/pictures/{number:02}.svg")), picture(number));
        }
        write(&folder.join("site/style.css"), STYLE);
        write(&folder.join("site/script.js"), SCRIPT);
        write(&folder.join("site/robots.txt"), "User-agent: *\nAllow: /\n");
        write(&folder.join("site/font.bin"), noise(48 * 1024));
        write(
            &folder.join("Dockerfile"),
            format!("FROM {base}\nCOPY site/ /usr/share/nginx/html/\nEXPOSE 80\n"),
        );
        write(&folder.join(".dockerignore"), ".git\n.plimsoll\ndeploy\n");
        write(&folder.join("k8s/deployment.yaml"), deployment(image));
        write(&folder.join("k8s/service.yaml"), SERVICE);
        site
    }

    /// The bytes of a file under `site/`, to compare with what a server sends.
    ///
    /// # Panics
    /// There is no such file.
    #[must_use]
    #[track_caller]
    pub fn file(&self, path: &str) -> Vec<u8> {
        match fs::read(self.folder.join("site").join(path)) {
            Ok(bytes) => bytes,
            Err(error) => panic!("site/{path}: {error}"),
        }
    }

    /// Changes the front page, so that the next image is another one.
    ///
    /// # Panics
    /// It could not be written.
    #[track_caller]
    pub fn edit(&self, headline: &str) {
        write(&self.folder.join("site/index.html"), page(headline, &links()));
    }

    #[track_caller]
    fn pages(&self) {
        self.edit("Harbour news");
        for number in 1..=PAGES {
            let text = format!("<p>{}</p>\n", "Ships come and ships go. ".repeat(number * 7));
            write(
                &self.folder.join(format!("site/pages/{number:02}.html")),
                page(&format!("Page {number}"), &text),
            );
        }
    }
}

fn links() -> String {
    let link = |number| format!("<li><a href=\"pages/{number:02}.html\">Page {number}</a></li>\n");
    format!("<ul>\n{}</ul>\n", (1..=PAGES).map(link).collect::<String>())
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

fn picture(number: usize) -> String {
    let circle = |place: usize| {
        format!("<circle cx=\"{}\" cy=\"{}\" r=\"{number}\"/>\n", place * 9 % 97, place * 31 % 89)
    };
    let circles: String = (0..number * 40).map(circle).collect();
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">\n{circles}</svg>\n")
}

/// Bytes that do not compress, the same every time: a linear congruential generator's upper halves.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect()
}

fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: website
spec:
  replicas: 2
  selector:
    matchLabels: {{ app: website }}
  template:
    metadata:
      labels: {{ app: website }}
    spec:
      containers:
        - name: website
          image: {image}
          ports:
            - containerPort: 80
"
    )
}

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: website
spec:
  selector: { app: website }
  ports:
    - port: 80
      targetPort: 80
";

const STYLE: &str =
    "body { font: 1rem/1.6 sans-serif; margin: 2rem auto; max-width: 42rem; }\nh1 { color: #123c5a; }\n";

const SCRIPT: &str = "document.documentElement.dataset.script = \"on\";\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn count(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).expect("the folder is there");
        let paths = entries.map(|entry| entry.expect("the entry is there").path());
        paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }

    #[test]
    fn the_site_has_forty_files_and_can_be_edited() {
        let folder = crate::text::temporary_folder("site");
        let site = Site::write(folder.path(), "nginx:1.22", "registry.invalid/website");
        assert_eq!(count(&folder.path().join("site")), 40);
        let before = site.file("index.html");
        site.edit("Another day");
        assert_ne!(site.file("index.html"), before);
    }
}
