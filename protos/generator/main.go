// Without an argument: writes a FileDescriptorSet of every API file that Signalbox may speak, dependencies first, to standard output. As JSON,
// because Go knows the extensions that hold the constraints, so that nobody else has to.
// With the name of a message type: see `printHex`.
package main

import (
	"log"
	"os"
	"sort"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Files in these folders describe the API itself (options, documentation); no message that is sent holds theirs.
var aboutTheAPI = []string{
	"envoy/annotations/", "google/api/annotations", "google/api/http", "google/protobuf/descriptor",
	"google/protobuf/go_features", "udpa/annotations/", "validate/", "xds/annotations/",
}

// What the Go packages register beside these comes along only if one of these needs it.
var roots = []string{"envoy/", "google/protobuf/", "google/rpc/status", "udpa/type/", "xds/"}

func startsWithAny(path string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

func main() {
	if len(os.Args) == 2 {
		if err := printHex(os.Args[1]); err != nil {
			log.Fatal(err)
		}
		return
	}
	var paths []string
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if startsWithAny(file.Path(), roots) {
			paths = append(paths, file.Path())
		}
		return true
	})
	sort.Strings(paths)

	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var visit func(file protoreflect.FileDescriptor)
	visit = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] || startsWithAny(file.Path(), aboutTheAPI) {
			return
		}
		seen[file.Path()] = true
		for i := 0; i < file.Imports().Len(); i++ {
			visit(file.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	}
	for _, path := range paths {
		file, err := protoregistry.GlobalFiles.FindFileByPath(path)
		if err != nil {
			log.Fatal(err)
		}
		visit(file)
	}

	bytes, err := protojson.Marshal(set)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stdout.Write(bytes); err != nil {
		log.Fatal(err)
	}
}
