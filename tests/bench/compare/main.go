// A control plane as users of go-control-plane write it, for `deno task bench compare`: sessions come by HTTP with the
// bodies of Signalbox's tasks API, are kept in memory, and go to Envoy over delta ADS, as a cluster each and a virtual
// host each in one route configuration.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	server "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
)

func main() {
	domain := flag.String("domain", "example.org", "what hosts end with")
	node := flag.String("node", "envoy-1", "the id of the one Envoy")
	httpAddress := flag.String("http", "127.0.0.1:0", "where sessions are registered")
	adsAddress := flag.String("ads", "127.0.0.1:0", "where Envoy connects")
	kind := flag.String("cache", "snapshot", "snapshot or linear")
	flag.Parse()
	if err := run(*domain, *node, *httpAddress, *adsAddress, *kind); err != nil {
		log.Fatal(err)
	}
}

func run(domain, node, httpAddress, adsAddress, kind string) error {
	publisher, err := newPublisher(kind, node)
	if err != nil {
		return err
	}
	ads, err := net.Listen("tcp", adsAddress)
	if err != nil {
		return err
	}
	grpcServer := grpc.NewServer()
	xds := server.NewServer(context.Background(), publisher.cache(), nil)
	discovery.RegisterAggregatedDiscoveryServiceServer(grpcServer, xds)
	failed := make(chan error, 2)
	go func() { failed <- grpcServer.Serve(ads) }()
	go func() { failed <- http.ListenAndServe(httpAddress, handler(newRegistry(domain, publisher))) }()
	return <-failed
}

func handler(sessions *registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /xds/tasks", func(w http.ResponseWriter, r *http.Request) {
		var one task
		err := json.NewDecoder(r.Body).Decode(&one)
		answer(w, err, func() error { return sessions.register(one) })
	})
	mux.HandleFunc("POST /xds/tasks:batch", func(w http.ResponseWriter, r *http.Request) {
		var many struct{ Tasks []task }
		err := json.NewDecoder(r.Body).Decode(&many)
		answer(w, err, func() error { return sessions.register(many.Tasks...) })
	})
	return mux
}

// answer comes after the cache has taken the change up.
func answer(w http.ResponseWriter, malformed error, register func() error) {
	if malformed != nil {
		http.Error(w, malformed.Error(), http.StatusBadRequest)
		return
	}
	if err := register(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintln(w, "{}")
}
