package plimsoll

import (
	"encoding/json"
	"reflect"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// schema writes the JSON Schema of settings, with the defaults given.
func schema(defaults any) string {
	described := describe(reflect.ValueOf(defaults))
	described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	text, err := json.Marshal(described)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// describe makes the schema of a struct.
func describe(value reflect.Value) object {
	properties := object{}
	for index := range value.NumField() {
		field := value.Type().Field(index)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		property := kind(value.Field(index))
		if doc := field.Tag.Get("doc"); doc != "" {
			property["description"] = doc
		}
		property["default"] = value.Field(index).Interface()
		properties[name] = property
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

// kind makes the schema of one value.
func kind(value reflect.Value) object {
	switch value.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": kind(reflect.Zero(value.Type().Elem()))}
	case reflect.Struct:
		return describe(value)
	default:
		return object{}
	}
}
