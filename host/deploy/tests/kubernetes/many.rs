//! Many objects.

use plimsoll_support::{Requirement, require};

use crate::site::{Site, web};

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_objects_are_deployed_and_pruned() {
    require!(Requirement::Cluster);
    let site = Site::new("many");
    site.write("web.yaml", &web(""));
    let of = |number: usize| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\ndata: {{number: '{number}'}}\n"
        )
    };
    site.write("many.yaml", &(0..500).map(of).collect::<String>());
    site.deploy(1, None).await;
    site.deploy(1, None).await;
    let count = |site: &Site| {
        let selector = "--selector=plimsoll.dev/environment=production";
        site.kubectl(&["get", "configmaps", selector, "--output=name"]).lines().count()
    };
    assert_eq!(count(&site), 500);
    site.write("many.yaml", &(0..10).map(of).collect::<String>());
    site.deploy(2, Some(1)).await;
    assert_eq!(count(&site), 10);
}
