package main

import (
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// printHex reads a message as JSON and prints its bytes: what `core/proto/testdata/*.hex` is made with.
func printHex(fullName string) error {
	messageType, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(fullName))
	if err != nil {
		return err
	}
	json, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	message := messageType.New().Interface()
	if err := protojson.Unmarshal(json, message); err != nil {
		return err
	}
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%x\n", bytes)
	return err
}
