package main

import (
	"context"
	"fmt"
	"strconv"

	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
)

// update is everything after a change, and which clusters it changed.
type update struct {
	clusters []types.Resource
	changed  map[string]types.Resource
	routes   *route.RouteConfiguration
}

// publisher is one of the two caches that go-control-plane has.
type publisher interface {
	cache() cache.Cache
	publish(update) error
}

func newPublisher(kind, node string) (publisher, error) {
	switch kind {
	case "snapshot":
		return &snapshots{node: node, inner: cache.NewSnapshotCache(true, cache.IDHash{}, nil)}, nil
	case "linear":
		return newLinear(), nil
	}
	return nil, fmt.Errorf("there is no cache %q", kind)
}

// snapshots is the cache that the project's own example uses: one consistent snapshot a node, of all resources.
type snapshots struct {
	node    string
	version uint64
	inner   cache.SnapshotCache
}

func (s *snapshots) cache() cache.Cache { return s.inner }

func (s *snapshots) publish(all update) error {
	s.version++
	snapshot, err := cache.NewSnapshot(strconv.FormatUint(s.version, 10), map[resource.Type][]types.Resource{
		resource.ClusterType: all.clusters,
		resource.RouteType:   {all.routes},
	})
	if err != nil {
		return err
	}
	return s.inner.SetSnapshot(context.Background(), s.node, snapshot)
}

// linear is the cache for many resources of one type that change alone: one for clusters, one for routes.
type linear struct {
	clusters, routes *cache.LinearCache
}

func newLinear() *linear {
	return &linear{
		clusters: cache.NewLinearCache(resource.ClusterType),
		routes:   cache.NewLinearCache(resource.RouteType),
	}
}

func (l *linear) cache() cache.Cache {
	return &cache.MuxCache{
		Classify:      func(request *cache.Request) string { return request.GetTypeUrl() },
		ClassifyDelta: func(request *cache.DeltaRequest) string { return request.GetTypeUrl() },
		Caches:        map[string]cache.Cache{resource.ClusterType: l.clusters, resource.RouteType: l.routes},
	}
}

// publish puts clusters first, so that they are sent before the route to them.
func (l *linear) publish(all update) error {
	if err := l.clusters.UpdateResources(all.changed, nil); err != nil {
		return err
	}
	return l.routes.UpdateResource(routesName, all.routes)
}
