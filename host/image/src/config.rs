//! The configuration of an image (OCI image specification 1.1, "Image Configuration"), edited in place: what a base image
//! says stays, also where it is unknown here.

use plimsoll_core::{digest::Digest, ports::Platform};
use serde_json::{Map, Value, json};

/// The search path that BuildKit gives to images that have none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image's configuration.
#[derive(Debug, Clone)]
pub(crate) struct ImageConfig {
    document: Map<String, Value>,
}

impl ImageConfig {
    /// Of an image that starts from nothing.
    pub(crate) fn scratch(platform: &Platform) -> Self {
        let mut config = Self { document: Map::new() };
        config.set_platform(platform);
        config.set_top("config", json!({ "WorkingDir": "/" }));
        config.set_top("rootfs", json!({ "type": "layers", "diff_ids": [] }));
        config.set_top("history", json!([]));
        config.ensure_path();
        config
    }

    /// Sets the search path unless there is one.
    pub(crate) fn ensure_path(&mut self) {
        if self.env("PATH").is_none() {
            self.set_env("PATH", DEFAULT_PATH);
        }
    }

    /// Of a base image; `None` when the document is no configuration with as many layers as the manifest.
    pub(crate) fn of_base(document: &[u8], layers: usize) -> Option<Self> {
        let Ok(Value::Object(document)) = serde_json::from_slice(document) else { return None };
        let diff_ids = document.get("rootfs")?.get("diff_ids")?.as_array()?.len();
        (diff_ids == layers).then_some(Self { document })
    }

    /// The document.
    pub(crate) fn to_json(&self) -> Value {
        Value::Object(self.document.clone())
    }

    /// The platform that it says the image is for; `None` when it says none.
    pub(crate) fn platform(&self) -> Option<Platform> {
        let text =
            |name: &str| self.document.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        Some(Platform::new(text("os")?, text("architecture")?, text("variant")))
    }

    /// Says which platform the image is for. A variant of the base's own stays where nothing else is said (as BuildKit
    /// has it, `finalizeResultImage`).
    pub(crate) fn set_platform(&mut self, platform: &Platform) {
        let before = self.platform();
        let same = before.is_some_and(|before| {
            (before.os(), before.architecture()) == (platform.os(), platform.architecture())
        });
        self.set_top("architecture", platform.architecture().into());
        self.set_top("os", platform.os().into());
        match platform.variant() {
            Some(variant) => self.set_top("variant", variant.into()),
            None if same => {}
            None => drop(self.document.shift_remove("variant")),
        }
    }

    fn set_top(&mut self, name: &str, value: Value) {
        self.document.insert(name.to_owned(), value);
    }

    /// The object that says how containers run, made when missing.
    fn execution(&mut self) -> &mut Map<String, Value> {
        let value = self.document.entry("config").or_insert_with(|| json!({}));
        object(value)
    }

    /// One of its members.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.document.get("config")?.get(name)
    }

    /// One of its members that is a text; empty when missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// One of its members that is a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let list = self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Sets one of its members.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.execution().insert(name.to_owned(), value);
    }

    /// Removes one of its members.
    pub(crate) fn remove(&mut self, name: &str) {
        self.execution().shift_remove(name);
    }

    /// Adds a key to one of its members that is an object: a label, a port, a volume.
    pub(crate) fn add(&mut self, name: &str, key: &str, value: Value) {
        let member = self.execution().entry(name).or_insert_with(|| json!({}));
        object(member).insert(key.to_owned(), value);
    }

    /// Sets an environment variable, in its place when it is there already.
    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        let mut list = self.texts("Env");
        let entry = format!("{name}={value}");
        let has_name = |old: &String| old.split('=').next() == Some(name);
        match list.iter_mut().find(|old| has_name(old)) {
            Some(old) => *old = entry,
            None => list.push(entry),
        }
        self.set("Env", list.into());
    }

    /// The value of an environment variable.
    pub(crate) fn env(&self, name: &str) -> Option<String> {
        let list = self.get("Env")?.as_array()?;
        let split = |entry: &Value| {
            let (key, value) = entry.as_str()?.split_once('=')?;
            (key == name).then(|| value.to_owned())
        };
        list.iter().find_map(split)
    }

    /// Sets the author.
    pub(crate) fn set_author(&mut self, author: &str) {
        self.set_top("author", author.into());
    }

    /// Sets the time of creation, RFC 3339.
    pub(crate) fn set_created(&mut self, created: &str) {
        self.set_top("created", created.into());
    }

    /// Adds a layer.
    pub(crate) fn add_layer(&mut self, diff_id: &Digest) {
        let rootfs = self.document.entry("rootfs").or_insert_with(|| json!({ "type": "layers" }));
        let diff_ids = object(rootfs).entry("diff_ids").or_insert_with(|| json!([]));
        if let Value::Array(list) = diff_ids {
            list.push(diff_id.to_string().into());
        }
    }

    /// Adds an entry to the history.
    pub(crate) fn add_history(&mut self, created: &str, instruction: &str, has_layer: bool) {
        let mut entry = json!({ "created": created, "created_by": instruction });
        if !has_layer {
            object(&mut entry).insert("empty_layer".to_owned(), true.into());
        }
        let history = self.document.entry("history").or_insert_with(|| json!([]));
        if !history.is_array() {
            *history = json!([]);
        }
        if let Value::Array(list) = history {
            list.push(entry);
        }
    }
}

/// The value as an object; what is there and is none is replaced, as `null` often is.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("the value was made an object above")
}
