//! Asks a stock policy what it is, and writes that into its component, as `plimsoll policy build` does for all others
//! (`host/policy/src/description.rs`). The sandbox compares both when it loads the policy, so a mistake here is found at once.

use std::error::Error;

use plimsoll_componentize::Component;
use serde_json::json;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmi::{Engine, ExternType, Linker, Module, Store};

/// The fields of `about.description` in their order in the contract, all of them texts.
const FIELDS: [&str; 4] = ["name", "version", "summary", "settings-schema"];

/// The component with its description.
pub(crate) fn described(component: &Component) -> Result<Vec<u8>, Box<dyn Error>> {
    let [name, version, summary, settings_schema] = describe(&component.module)?;
    let description = json!({
        "name": name, "version": version, "summary": summary, "settings-schema": settings_schema,
    });
    let mut bytes = component.bytes.clone();
    let sections =
        [("plimsoll:about", description.to_string()), ("version", version), ("description", summary)];
    for (name, text) in sections {
        CustomSection { name: name.into(), data: text.as_bytes().into() }.append_to_component(&mut bytes);
    }
    Ok(bytes)
}

/// Calls `about.describe` of a core module. Whatever the module imports traps.
fn describe(module: &[u8]) -> Result<[String; FIELDS.len()], Box<dyn Error>> {
    let engine = Engine::default();
    let module = Module::new(&engine, module)?;
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::<()>::new(&engine);
    for import in module.imports() {
        if let ExternType::Func(kind) = import.ty() {
            let refuse = |_: wasmi::Caller<'_, ()>, _: &[wasmi::Val], _: &mut [wasmi::Val]| {
                Err(wasmi::Error::new("a policy that describes itself has no capabilities"))
            };
            linker.func_new(import.module(), import.name(), kind.clone(), refuse)?;
        }
    }
    let is_describe = |name: &&str| name.starts_with("plimsoll:policy/about@") && name.ends_with("#describe");
    let export = module.exports().map(|export| export.name()).find(is_describe);
    let export = export.ok_or("it does not describe itself")?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let call = instance.get_typed_func::<(), u32>(&store, export)?;
    let answer = call.call(&mut store, ())?;
    let memory = instance.get_memory(&store, "memory").ok_or("it exports no memory")?;
    let memory = memory.data(&store);
    let mut texts = [const { String::new() }; FIELDS.len()];
    // A record of texts is a row of pointers and lengths (component model, "Canonical ABI").
    for (index, text) in texts.iter_mut().enumerate() {
        let field = usize::try_from(answer)? + 8 * index;
        let (start, length) = (number(memory, field)?, number(memory, field + 4)?);
        let bytes = memory.get(start..start + length).ok_or("its description lies outside its memory")?;
        *text = std::str::from_utf8(bytes)?.to_owned();
    }
    Ok(texts)
}

fn number(memory: &[u8], at: usize) -> Result<usize, Box<dyn Error>> {
    let bytes = memory.get(at..at + 4).ok_or("its description lies outside its memory")?;
    Ok(usize::try_from(u32::from_le_bytes(bytes.try_into()?))?)
}
