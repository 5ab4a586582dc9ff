package main

import (
	"sync"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
)

type task struct {
	ID      string
	Address string
	Port    uint32
}

type session struct {
	cluster *cluster.Cluster
	host    *route.VirtualHost
}

// registry holds the sessions, in the order in which they came.
type registry struct {
	mu        sync.Mutex
	domain    string
	publisher publisher
	ids       []string
	sessions  map[string]session
}

func newRegistry(domain string, publisher publisher) *registry {
	return &registry{domain: domain, publisher: publisher, sessions: map[string]session{}}
}

// register takes sessions up and hands all resources to the cache, once.
func (r *registry) register(tasks ...task) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := make(map[string]types.Resource, len(tasks))
	for _, one := range tasks {
		if _, known := r.sessions[one.ID]; !known {
			r.ids = append(r.ids, one.ID)
		}
		made, err := buildSession(one, r.domain)
		if err != nil {
			return err
		}
		r.sessions[one.ID] = made
		changed[one.ID] = made.cluster
	}
	clusters := make([]types.Resource, len(r.ids))
	hosts := make([]*route.VirtualHost, len(r.ids))
	for i, id := range r.ids {
		clusters[i] = r.sessions[id].cluster
		hosts[i] = r.sessions[id].host
	}
	return r.publisher.publish(update{
		clusters: clusters,
		changed:  changed,
		routes:   &route.RouteConfiguration{Name: routesName, VirtualHosts: hosts},
	})
}
