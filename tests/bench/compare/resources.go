package main

import (
	"time"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	upstream "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// The route configuration that Envoy's listener asks for.
	routesName      = "sessions"
	protocolOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
)

func buildSession(one task, domain string) (session, error) {
	http2, err := anypb.New(&upstream.HttpProtocolOptions{
		UpstreamProtocolOptions: &upstream.HttpProtocolOptions_ExplicitHttpConfig_{
			ExplicitHttpConfig: &upstream.HttpProtocolOptions_ExplicitHttpConfig{
				ProtocolConfig: &upstream.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{
					Http2ProtocolOptions: &core.Http2ProtocolOptions{},
				},
			},
		},
	})
	if err != nil {
		return session{}, err
	}
	return session{cluster: buildCluster(one, http2), host: buildHost(one, domain)}, nil
}

func buildCluster(one task, http2 *anypb.Any) *cluster.Cluster {
	address := &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
		Address:       one.Address,
		PortSpecifier: &core.SocketAddress_PortValue{PortValue: one.Port},
	}}}
	return &cluster.Cluster{
		Name:                 one.ID,
		ClusterDiscoveryType: &cluster.Cluster_Type{Type: cluster.Cluster_STATIC},
		ConnectTimeout:       durationpb.New(2 * time.Second),
		LoadAssignment: &endpoint.ClusterLoadAssignment{
			ClusterName: one.ID,
			Endpoints: []*endpoint.LocalityLbEndpoints{{LbEndpoints: []*endpoint.LbEndpoint{{
				HostIdentifier: &endpoint.LbEndpoint_Endpoint{Endpoint: &endpoint.Endpoint{Address: address}},
			}}}},
		},
		TypedExtensionProtocolOptions: map[string]*anypb.Any{protocolOptions: http2},
	}
}

func buildHost(one task, domain string) *route.VirtualHost {
	return &route.VirtualHost{
		Name:    one.ID,
		Domains: []string{one.ID + "." + domain},
		Routes: []*route.Route{{
			Match: &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/"}},
			Action: &route.Route_Route{Route: &route.RouteAction{
				ClusterSpecifier: &route.RouteAction_Cluster{Cluster: one.ID},
				Timeout:          durationpb.New(0),
			}},
		}},
	}
}
