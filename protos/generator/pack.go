package main

import (
	"bytes"
	"compress/gzip"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// packFiles is what server reflection answers with: the files without the options that only files about the API itself
// explain, so that no client asks for those; compressed.
func packFiles(set *descriptorpb.FileDescriptorSet) ([]byte, error) {
	plain := proto.Clone(set).(*descriptorpb.FileDescriptorSet)
	for _, file := range plain.File {
		clearExtensions(file.ProtoReflect())
		dropDependencies(file)
	}
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(plain)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(encoded); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// dropDependencies forgets the files about the API itself. Public dependencies are indexes of the others.
func dropDependencies(file *descriptorpb.FileDescriptorProto) {
	var public []string
	for _, index := range file.PublicDependency {
		public = append(public, file.Dependency[index])
	}
	file.Dependency = slices.DeleteFunc(file.Dependency, func(path string) bool { return startsWithAny(path, aboutTheAPI) })
	file.PublicDependency = nil
	for index, path := range file.Dependency {
		if slices.Contains(public, path) {
			file.PublicDependency = append(file.PublicDependency, int32(index))
		}
	}
}

func clearExtensions(message protoreflect.Message) {
	message.SetUnknown(nil)
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsExtension():
			message.Clear(field)
		case field.Message() == nil:
		case field.IsList():
			for i := 0; i < value.List().Len(); i++ {
				clearExtensions(value.List().Get(i).Message())
			}
		default:
			clearExtensions(value.Message())
		}
		return true
	})
}
