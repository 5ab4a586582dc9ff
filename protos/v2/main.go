// Writes the fields of the v2 API, as Envoy 1.12 knew them, of what Signalbox says in it: to standard output, as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	_ "github.com/envoyproxy/go-control-plane/envoy/api/v2"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

var roots = []protoreflect.FullName{"envoy.api.v2.Cluster", "envoy.api.v2.RouteConfiguration"}

// What is below these is never said in v2.
var left = []string{
	"envoy.api.v2.auth.", "envoy.api.v2.core.ConfigSource", "envoy.api.v2.Cluster.", "envoy.api.v2.route.RateLimit", "google.protobuf.",
}

type output struct {
	// By message, then by field: its number, "repeated" or "map" where it is, and its type.
	Messages map[string]map[string]string `json:"messages"`
	// By enum: the names of its values by number.
	Enums map[string]map[int32]string `json:"enums"`
}

func (out output) message(message protoreflect.MessageDescriptor) string {
	name := string(message.FullName())
	if _, seen := out.Messages[name]; seen {
		return name
	}
	for _, prefix := range left {
		if strings.HasPrefix(name, prefix) {
			return name
		}
	}
	fields := map[string]string{}
	out.Messages[name] = fields
	for i := 0; i < message.Fields().Len(); i++ {
		field := message.Fields().Get(i)
		fields[string(field.Name())] = fmt.Sprintf("%d%s %s", field.Number(), shape(field), out.typeOf(field))
	}
	return name
}

func shape(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return " map"
	case field.IsList():
		return " repeated"
	default:
		return ""
	}
}

func (out output) typeOf(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return out.typeOf(field.MapValue())
	case field.Message() != nil:
		return out.message(field.Message())
	case field.Enum() != nil:
		values := map[int32]string{}
		for i := 0; i < field.Enum().Values().Len(); i++ {
			value := field.Enum().Values().Get(i)
			values[int32(value.Number())] = string(value.Name())
		}
		out.Enums[string(field.Enum().FullName())] = values
		return string(field.Enum().FullName())
	default:
		return field.Kind().String()
	}
}

func main() {
	out := output{Messages: map[string]map[string]string{}, Enums: map[string]map[int32]string{}}
	for _, root := range roots {
		descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(root)
		if err != nil {
			log.Fatal(err)
		}
		out.message(descriptor.(protoreflect.MessageDescriptor))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		log.Fatal(err)
	}
}
