//! The wire format only grows: what a release once sent, every later one understands.

use std::collections::BTreeSet;
use std::{env, fs, path::PathBuf};

use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::Type,
};

/// Set to record what was added.
const BLESS: &str = "SUANPAN_BLESS_WIRE_FORMAT";

fn committed_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire_format.txt")
}

/// One line for each field, enum value and method: everything that two releases must agree on.
fn rendered() -> Vec<String> {
    let set = FileDescriptorSet::decode(suanpan_rpc::v1::FILE_DESCRIPTOR_SET).unwrap();
    let mut lines = Vec::new();
    for file in &set.file {
        let package = file.package();
        for message in &file.message_type {
            render_message(package, message, &mut lines);
        }
        for enumeration in &file.enum_type {
            render_enum(package, enumeration, &mut lines);
        }
        for service in &file.service {
            for method in &service.method {
                let stream = |streams: bool| if streams { "stream " } else { "" };
                lines.push(format!(
                    "rpc {package}.{}/{} ({}{}) returns ({}{})",
                    service.name(),
                    method.name(),
                    stream(method.client_streaming()),
                    method.input_type(),
                    stream(method.server_streaming()),
                    method.output_type(),
                ));
            }
        }
    }
    lines
}

fn render_message(scope: &str, message: &DescriptorProto, lines: &mut Vec<String>) {
    let name = format!("{scope}.{}", message.name());
    for field in &message.field {
        lines.push(format!(
            "{name} {} = {} {}{}{} json={}",
            field.number(),
            field.name(),
            label(field),
            type_name(field),
            oneof(message, field),
            field.json_name(),
        ));
    }
    for nested in &message.nested_type {
        render_message(&name, nested, lines);
    }
    for enumeration in &message.enum_type {
        render_enum(&name, enumeration, lines);
    }
}

fn label(field: &FieldDescriptorProto) -> &'static str {
    match (field.label(), field.proto3_optional()) {
        (prost_types::field_descriptor_proto::Label::Repeated, _) => "repeated ",
        (_, true) => "optional ",
        _ => "",
    }
}

fn type_name(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => field.type_name().to_owned(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    }
}

fn oneof(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    match field.oneof_index {
        Some(index) if !field.proto3_optional() => {
            format!(" oneof {}", message.oneof_decl[usize::try_from(index).unwrap()].name())
        }
        _ => String::new(),
    }
}

fn render_enum(scope: &str, enumeration: &EnumDescriptorProto, lines: &mut Vec<String>) {
    for value in &enumeration.value {
        lines.push(format!("enum {scope}.{} {} = {}", enumeration.name(), value.number(), value.name()));
    }
}

#[test]
fn fields_are_added_and_never_changed() {
    let committed = fs::read_to_string(committed_path()).unwrap_or_default();
    let now = rendered();
    let now_set: BTreeSet<&str> = now.iter().map(String::as_str).collect();
    let gone: Vec<&str> = committed.lines().filter(|line| !now_set.contains(line)).collect();
    assert!(
        gone.is_empty(),
        "the wire format of the last release changed or lost:\n{}\nKeep it, or add a new field beside it.",
        gone.join("\n")
    );
    let known: BTreeSet<&str> = committed.lines().collect();
    let added: Vec<&str> = now.iter().map(String::as_str).filter(|line| !known.contains(line)).collect();
    if added.is_empty() {
        return;
    }
    assert!(
        env::var_os(BLESS).is_some(),
        "not recorded in tests/wire_format.txt yet:\n{}\nRun the test once with {BLESS}=1 and commit the file.",
        added.join("\n")
    );
    fs::write(committed_path(), now.join("\n") + "\n").unwrap();
}

#[test]
fn names_and_types_follow_the_rules_of_the_package() {
    let set = FileDescriptorSet::decode(suanpan_rpc::v1::FILE_DESCRIPTOR_SET).unwrap();
    let mut wrong = Vec::new();
    for file in &set.file {
        for message in &file.message_type {
            if !message.nested_type.is_empty() {
                wrong.push(format!("{}: holds a map or a nested message", message.name()));
            }
            for field in &message.field {
                let name = format!("{}.{}", message.name(), field.name());
                let amount = ["_minor", "_milli", "_ppm"].iter().any(|unit| field.name().ends_with(unit));
                match field.r#type() {
                    Type::Float | Type::Double => wrong.push(format!("{name}: is a float")),
                    kind if amount && kind != Type::Int64 => wrong.push(format!("{name}: is no int64")),
                    _ => {}
                }
            }
        }
        for enumeration in &file.enum_type {
            let prefix = shouting(enumeration.name());
            let zero = format!("{prefix}_UNSPECIFIED");
            for value in &enumeration.value {
                if !value.name().starts_with(&format!("{prefix}_"))
                    || (value.number() == 0) != (value.name() == zero)
                {
                    wrong.push(format!("{}: wants the prefix {prefix}_ and {zero} = 0", value.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `protoc` looks for a name in the service first, where a method of that name hides the message; the compiler of our
/// build does not, so that the text is looked at.
#[test]
fn no_method_hides_the_message_of_a_call() {
    let set = FileDescriptorSet::decode(suanpan_rpc::v1::FILE_DESCRIPTOR_SET).unwrap();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    for file in &set.file {
        for service in &file.service {
            let methods: BTreeSet<&str> = service.method.iter().map(|method| method.name()).collect();
            let text = fs::read_to_string(root.join(file.name())).unwrap();
            let calls: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("rpc ")).collect();
            assert_eq!(calls.len(), methods.len(), "{}: one line for each method", file.name());
            for call in calls {
                let words = call.split(|letter: char| !letter.is_alphanumeric() && !"._".contains(letter));
                let hidden: Vec<&str> = words
                    .filter(|word| !word.is_empty())
                    .skip(1)
                    .filter(|word| methods.contains(word.split('.').next().unwrap_or_default()))
                    .collect();
                assert!(hidden.is_empty(), "{}: write the package before {hidden:?}: {call}", file.name());
            }
        }
    }
}

#[test]
fn every_field_is_documented() {
    let set = FileDescriptorSet::decode(suanpan_rpc::v1::FILE_DESCRIPTOR_SET).unwrap();
    for file in &set.file {
        let commented: BTreeSet<&[i32]> = file
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .filter(|location| !location.leading_comments().trim().is_empty())
            .map(|location| location.path.as_slice())
            .collect();
        // Paths are made of field numbers of the descriptor itself: 4 is a message, 2 a field in it, 5 an enum.
        for (message_at, message) in (0..).zip(&file.message_type) {
            assert!(commented.contains([4, message_at].as_slice()), "{} has no comment", message.name());
            for (field_at, field) in (0..).zip(&message.field) {
                let path = [4, message_at, 2, field_at];
                assert!(
                    commented.contains(path.as_slice()),
                    "{}.{} has no comment",
                    message.name(),
                    field.name()
                );
            }
        }
        for (enum_at, enumeration) in (0..).zip(&file.enum_type) {
            for (value_at, value) in (0..).zip(&enumeration.value) {
                assert!(
                    commented.contains([5, enum_at, 2, value_at].as_slice()),
                    "{} has no comment",
                    value.name()
                );
            }
        }
    }
}

fn shouting(camel: &str) -> String {
    let mut out = String::new();
    for character in camel.chars() {
        if character.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(character.to_uppercase());
    }
    out
}
