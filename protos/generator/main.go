// Without an argument: writes a FileDescriptorSet of every API file that Signalbox may speak, dependencies first, to standard output: as JSON,
// because Go knows the extensions that hold the constraints, so that nobody else has to, and once more as packFiles makes it.
// With the name of a message type: see `printHex`.
package main

import (
	"encoding/json"
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
var roots = []string{
	"envoy/", "google/protobuf/any.", "google/protobuf/duration.", "google/protobuf/empty.", "google/protobuf/struct.",
	"google/protobuf/timestamp.", "google/protobuf/wrappers.", "google/rpc/", "grpc/health/", "grpc/reflection/", "udpa/type/", "xds/",
}

func startsWithAny(path string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// registeredFiles are the files of the Go packages, dependencies first.
func registeredFiles() ([]*descriptorpb.FileDescriptorProto, error) {
	var paths []string
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if startsWithAny(file.Path(), roots) {
			paths = append(paths, file.Path())
		}
		return true
	})
	sort.Strings(paths)

	var files []*descriptorpb.FileDescriptorProto
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
		files = append(files, protodesc.ToFileDescriptorProto(file))
	}
	for _, path := range paths {
		file, err := protoregistry.GlobalFiles.FindFileByPath(path)
		if err != nil {
			return nil, err
		}
		visit(file)
	}
	return files, nil
}

func writeFiles() error {
	registered, err := registeredFiles()
	if err != nil {
		return err
	}
	own, err := compileOwn()
	if err != nil {
		return err
	}
	set := &descriptorpb.FileDescriptorSet{File: append(registered, own...)}
	packed, err := packFiles(set)
	if err != nil {
		return err
	}
	for _, file := range own {
		file.SourceCodeInfo = nil
	}
	descriptors, err := protojson.Marshal(set)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(struct {
		DescriptorSet json.RawMessage `json:"descriptorSet"`
		PackedFiles   []byte          `json:"packedFiles"`
	}{descriptors, packed})
}

func main() {
	run := writeFiles
	if len(os.Args) == 2 {
		run = func() error { return printHex(os.Args[1]) }
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
