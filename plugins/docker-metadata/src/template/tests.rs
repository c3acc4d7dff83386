use super::*;

struct Ship;

impl Scope for Ship {
    fn property(&self, name: &str) -> Value {
        match name {
            "name" => Value::Text("Aurelia".to_owned()),
            "a=b" => Value::Text("a=b".to_owned()),
            "zero" => Value::Number(0.0),
            "no" => Value::Boolean(false),
            "cargo" => Value::List(vec![Value::Text("tea".to_owned()), Value::Number(2.0)]),
            "empty" => Value::List(Vec::new()),
            "shout" | "port" => Value::Function(name.to_owned()),
            _ => Value::Undefined,
        }
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        named: &[(String, Value)],
    ) -> Result<Value, TemplateError> {
        let words = arguments
            .iter()
            .map(Value::text)
            .chain(named.iter().map(|(name, value)| format!("{name}:{}", value.text())));
        Ok(Value::Text(format!("{name}({})", words.collect::<Vec<_>>().join(","))))
    }
}

fn filled(text: &str) -> Result<String, TemplateError> {
    render(text, &Ship).map(|rendered| rendered.text)
}

#[test]
fn expressions_are_filled_in() {
    for (text, expected) in [
        ("plain", "plain"),
        ("{{name}}-{{ name }}", "Aurelia-Aurelia"),
        ("{{nothing}}.", "."),
        ("{{shout 'a b' \"c\" 1 true tz='x'}}", "shout(a b,c,1,true,tz:x)"),
        ("{{shout YYYY}}", "shout()"),
        ("{{port}}", "port()"),
        ("{{shout (port 1)}}", "shout(port(1))"),
        ("{{this.name}} {{./name}} {{@root.name}}", "Aurelia Aurelia Aurelia"),
        ("{{cargo}} {{cargo.[0]}} {{cargo.length}}", "tea,2 tea 2"),
        ("{{zero}} {{no}}", "0 false"),
        ("{{'name'}}", "Aurelia"),
        ("a {{~name~}} b", "aAureliab"),
        ("a{{! note }}b{{!-- {{note}} --}}c", "abc"),
        ("\\{{name}} {{name}}", "{{name}} Aurelia"),
        ("\\\\{{name}}", "\\Aurelia"),
        ("{{#if name}}yes{{else}}no{{/if}}", "yes"),
        ("{{#unless no}}{{name}}{{/unless}}", "Aurelia"),
        ("{{#if no}}1{{else if zero}}2{{else}}3{{/if}}", "3"),
        ("{{#each cargo}}<{{this}}>{{/each}}", "<tea><2>"),
        ("{{^empty}}none{{/empty}}", "none"),
        ("{{#with name}}{{this}}/{{../name}}{{/with}}", "Aurelia/Aurelia"),
        ("}} { {{name}}", "}} { Aurelia"),
        (" {{! note }} ", ""),
        (" {{! note }} x", "  x"),
        ("{{port.name}} {{port.length}}", "port 0"),
    ] {
        assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn values_are_escaped_unless_asked_not_to() {
    let rendered = render("{{[a=b]}} {{{[a=b]}}} {{&[a=b]}}", &Ship).unwrap();
    assert_eq!(rendered.text, "a&#x3D;b a=b a=b");
    assert_eq!(rendered.escaped.as_deref(), Some("a=b"));
    assert_eq!(render("{{name}}", &Ship).unwrap().escaped, None);
}

#[test]
fn what_cannot_be_filled_in_is_an_error() {
    for text in [
        "{{#if a}}x{{/unless}}",
        "{{",
        "{{}}",
        "{{name",
        "{{name}}}",
        "{{{name}}",
        "{{#if name}}",
        "{{/if}}",
        "{{else}}",
        "{{missing 'x'}}",
        "{{name 'x'}}",
        "{{> partial}}",
        "{{#if}}x{{/if}}",
        "{{a b=1 c}}",
        "{{'a}}",
        "{{!-- x }}",
        "{{name}}}}",
        "{{a..b}}",
        "{{a)}}",
    ] {
        assert!(filled(text).is_err(), "{text}: {:?}", filled(text));
    }
}

#[test]
fn a_statement_that_is_raw_alone_is_known() {
    for text in ["{{raw}}", "{{ raw }}", "{{{raw}}}", "{{this.raw}}", "{{&raw}}"] {
        assert!(is_raw_statement(text), "{text}");
    }
    for text in ["v{{raw}}", "{{raw}}{{raw}}", "{{version}}", "{{'raw'}}", "raw", "{{raw"] {
        assert!(!is_raw_statement(text), "{text}");
    }
    assert_eq!(leading_text("v{{version}}"), "v");
    assert_eq!(leading_text("{{version}}-x"), "");
}
