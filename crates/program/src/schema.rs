//! The JSON Schema of program files, for editors. It comes from the same types that files are read into.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::file::{EFFECTS, MEASURES, ProgramFile, REWARDS};

/// Maps of which exactly one of some keys is needed; a type alone cannot say it.
const EXACTLY_ONE: &[(&str, &[&str])] = &[
    ("EffectFile", EFFECTS),
    ("BundleFile", &["price", "percent_off", "amount_off"]),
    ("NthUnitFile", REWARDS),
    ("GetFile", REWARDS),
    ("StepFile", MEASURES),
    ("StepFile", &["save", "percent_off"]),
    ("MeasureFile", MEASURES),
    ("ShippingReducedFile", &["percent_off", "amount_off", "price"]),
    ("PointsEffectFile", &["times", "extra"]),
    ("QualifyFile", &["any_of", "all_of", "spend", "purchases", "activity"]),
    ("NamedCodesFile", &["generic", "unique"]),
];
/// Maps of which at most one of some keys makes sense.
const AT_MOST_ONE: &[(&str, &[&str])] = &[("BuyFile", MEASURES), ("GiftFile", MEASURES)];

/// The JSON Schema (draft 7, which editors know best) of one file of a program. `docs/program.schema.json` holds it.
#[must_use]
pub fn schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<ProgramFile>().to_value();
    tidy(&mut schema);
    let definitions = |schema: &mut Value, name: &str, condition: Value| {
        if let Some(Value::Object(definition)) = schema.pointer_mut(&format!("/definitions/{name}")) {
            require(definition, condition);
        }
    };
    for (name, keys) in EXACTLY_ONE {
        definitions(&mut schema, name, json!({ "oneOf": alternatives(keys) }));
    }
    for (name, keys) in AT_MOST_ONE {
        let mut some = alternatives(keys);
        some.push(json!({ "not": { "anyOf": alternatives(keys) } }));
        definitions(&mut schema, name, json!({ "oneOf": some }));
    }
    let follows_another =
        json!({ "properties": { "effect": { "required": ["match"] } }, "required": ["effect"] });
    definitions(&mut schema, "CouponFile", json!({ "anyOf": [{ "required": ["codes"] }, follows_another] }));
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), json!("Suanpan program"));
        // One file of a folder leaves to another what stands once.
        root.remove("required");
        let whole = json!({ "required": ["program", "currency"] });
        let part = json!({ "not": { "anyOf": alternatives(&["program", "currency"]) } });
        require(root, json!({ "anyOf": [whole, part] }));
    }
    schema
}

fn alternatives(keys: &[&str]) -> Vec<Value> {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

/// Adds a condition to a definition, beside those that it has.
fn require(definition: &mut Map<String, Value>, condition: Value) {
    if let Value::Array(all) = definition.entry("allOf").or_insert_with(|| json!([])) {
        all.push(condition);
    }
}

/// Takes out what describes the types of Rust rather than the files: a missing key is not written as `null`, and
/// every map may hold notes.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                any.retain(|part| *part != json!({ "type": "null" }));
                if let [Value::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    only.into_iter().for_each(|(key, value)| {
                        map.entry(key).or_insert(value);
                    });
                }
            }
            if map.get("additionalProperties") == Some(&json!(false)) {
                map.insert("patternProperties".to_owned(), json!({ "^x-": {} }));
            }
            map.values_mut().for_each(tidy);
        }
        _ => {}
    }
}
