// Package semelv1 is the generated code of proto/semel/v1: the messages and the gRPC stubs of the service. Package semel is the client to
// use; this one is for what it does not have. Made by generate.sh.
package semelv1
