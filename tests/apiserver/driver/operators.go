package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"example.com/harbor/admin/pkg/engine"
	"example.com/harbor/plugins/array"
	"example.com/harbor/plugins/k8s"
	voyages "example.com/harbor/propeller/pkg/apis/voyage/v1alpha1"
	"example.com/harbor/propeller/pkg/controller"
	"example.com/harbor/propeller/pkg/controller/plugin"
	beacons "example.com/lighthouse/api/v1"
	lighthouse "example.com/lighthouse/controller"
	"example.com/lighthouse/trimmer"
)

const namespace = "default"

// newScheme knows the operators' types. The server serves no built-in type: what is a Pod to the operators' code is a
// custom resource of kind Pod to it.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(voyages.SchemeGroupVersion, &corev1.Pod{}, &corev1.PodList{})
	for _, add := range []func(*runtime.Scheme) error{voyages.AddToScheme, beacons.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}

func newOperators(c client.Client) map[string]operator {
	propeller := controller.NewPropeller(voyageStore{c}, navigator{}, 3)
	sail := func(ctx context.Context, name string) error { return propeller.Handle(ctx, namespace, "voyage-"+name) }

	manager := plugin.NewManager(c, podPlugin{}, plugin.Config{InjectFinalizer: true})
	launch := func(ctx context.Context, name string) error { return manager.Launch(ctx, task(name)) }

	launchSubtask := func(ctx context.Context, name string) error {
		_, err := array.LaunchSubtask(ctx, c, task(name), "example.com/cargo", 0)
		return err
	}

	keeper := lighthouse.Keeper{Client: c}
	keep := func(ctx context.Context, name string) error {
		return keeper.Reconcile(ctx, client.ObjectKey{Namespace: namespace, Name: name})
	}

	lamps := trimmer.Trimmer{Client: c}
	trim := func(ctx context.Context, name string) error {
		return lamps.Reconcile(ctx, client.ObjectKey{Namespace: namespace, Name: "lamp-" + name})
	}

	return map[string]operator{
		"voyage": {
			create: func(ctx context.Context, name string) error {
				return engine.Submit(ctx, c, namespace, engine.Order{ID: name, Ports: []string{"Kiel", "Oslo"}})
			},
			live:    sail,
			deleted: sail,
		},
		"task": {
			create:  launch,
			live:    launch,
			deleted: func(ctx context.Context, name string) error { return manager.Finalize(ctx, task(name)) },
		},
		"subtask": {
			create:  launchSubtask,
			live:    launchSubtask,
			deleted: func(ctx context.Context, name string) error { return array.FinalizeSubtask(ctx, c, task(name), 0) },
		},
		"beacon": {
			create: func(ctx context.Context, name string) error {
				beacon := &beacons.Beacon{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
				if err := c.Create(ctx, beacon); err != nil {
					return err
				}
				return keep(ctx, name)
			},
			live:    keep,
			deleted: keep,
		},
		"lamp": {
			create: func(ctx context.Context, name string) error {
				beacon := &beacons.Beacon{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "lamp-" + name}}
				if err := c.Create(ctx, beacon); err != nil {
					return err
				}
				return trim(ctx, name)
			},
			live:    trim,
			deleted: trim,
		},
	}
}

func task(name string) k8s.Task {
	return k8s.Task{Namespace: namespace, Name: name}
}

// voyageStore keeps voyages in the API server.
type voyageStore struct {
	client client.Client
}

func (s voyageStore) Get(ctx context.Context, namespace, name string) (*voyages.Voyage, error) {
	voyage := &voyages.Voyage{}
	return voyage, s.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, voyage)
}

func (s voyageStore) Update(ctx context.Context, voyage *voyages.Voyage) error {
	return s.client.Update(ctx, voyage)
}

// navigator sails without ever arriving.
type navigator struct{}

func (navigator) Advance(_ context.Context, voyage *voyages.Voyage) error {
	voyage.Status.Phase = voyages.PhaseAtSea
	return nil
}

func (navigator) Abort(context.Context, *voyages.Voyage, string) error { return nil }

// podPlugin runs tasks as pods.
type podPlugin struct{}

func (podPlugin) BuildResource(context.Context, k8s.Task) (client.Object, error) {
	return &corev1.Pod{}, nil
}

func (podPlugin) EmptyResource() client.Object { return &corev1.Pod{} }
