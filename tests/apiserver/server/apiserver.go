package main

import (
	"net/url"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver"
	generatedopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/registry/generic"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// newAPIServer gives the server of CustomResourceDefinitions and custom resources, with its data in etcd at storeURL.
// The caller serves its handler at ownURL.
func newAPIServer(storeURL, ownURL string) (*genericapiserver.GenericAPIServer, error) {
	own, err := url.Parse(ownURL)
	if err != nil {
		return nil, err
	}
	config := genericapiserver.NewRecommendedConfig(apiserver.Codecs)
	config.ExternalAddress = own.Host
	config.LoopbackClientConfig = &rest.Config{Host: ownURL, QPS: -1}
	config.Authentication.Authenticator = genericapiserver.InsecureSuperuser{}
	config.Authorization.Authorizer = authorizerfactory.NewAlwaysAllowAuthorizer()
	config.MergedResourceConfig = apiserver.DefaultAPIResourceConfigSource()
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(
		generatedopenapi.GetOpenAPIDefinitions, openapinamer.NewDefinitionNamer(apiserver.Scheme, scheme.Scheme))
	config.RESTOptionsGetter = newStore(storeURL, apiserver.Codecs.LegacyCodec(v1.SchemeGroupVersion))

	extensions := apiserver.Config{
		GenericConfig: config,
		ExtraConfig: apiserver.ExtraConfig{
			CRDRESTOptionsGetter: newStore(storeURL, unstructured.UnstructuredJSONScheme),
			AuthResolverWrapper:  func(r webhook.AuthenticationInfoResolver) webhook.AuthenticationInfoResolver { return r },
		},
	}
	server, err := extensions.Complete().New(genericapiserver.NewEmptyDelegate())
	if err != nil {
		return nil, err
	}
	return server.GenericAPIServer, nil
}

// store says how resources are kept in etcd: each read and each watch goes there, past any cache.
type store struct {
	config *storagebackend.Config
}

func newStore(url string, codec runtime.Codec) store {
	config := storagebackend.NewDefaultConfig("/registry", codec)
	config.Transport.ServerList = []string{url}
	return store{config}
}

func (s store) GetRESTOptions(resource schema.GroupResource) (generic.RESTOptions, error) {
	return generic.RESTOptions{
		StorageConfig:  s.config.ForResource(resource),
		Decorator:      generic.UndecoratedStorage,
		ResourcePrefix: resource.Group + "/" + resource.Resource,
	}, nil
}
