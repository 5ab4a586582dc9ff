package main

import (
	"context"
	"os"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Our own API files, as they are imported.
var ownFiles = []string{"signalbox/v1/sessions.proto"}

// compileOwn reads our own files from the folder above, and what they import from the Go packages. Comments come along:
// clients that use reflection show them.
func compileOwn() ([]*descriptorpb.FileDescriptorProto, error) {
	compiler := protocompile.Compiler{
		Resolver: protocompile.CompositeResolver{
			&protocompile.SourceResolver{ImportPaths: []string{".."}},
			protocompile.ResolverFunc(func(path string) (protocompile.SearchResult, error) {
				file, err := protoregistry.GlobalFiles.FindFileByPath(path)
				if err != nil {
					return protocompile.SearchResult{}, os.ErrNotExist
				}
				return protocompile.SearchResult{Desc: file}, nil
			}),
		},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(context.Background(), ownFiles...)
	if err != nil {
		return nil, err
	}
	var own []*descriptorpb.FileDescriptorProto
	for _, file := range files {
		own = append(own, protoutil.ProtoFromFileDescriptor(file))
	}
	return own, nil
}
