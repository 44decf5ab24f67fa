// Package controller keeps beacons lit.
package controller

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "example.com/lighthouse/api/v1"
)

const finalizer = "lighthouse-finalizer"

// Keeper looks after the beacons in a cluster.
type Keeper struct {
	Client client.Client
}

// Reconcile lights the beacon, or puts it out before it goes.
func (k *Keeper) Reconcile(ctx context.Context, key client.ObjectKey) error {
	beacon := &v1.Beacon{}
	if err := k.Client.Get(ctx, key, beacon); err != nil {
		return client.IgnoreNotFound(err)
	}

	if !beacon.DeletionTimestamp.IsZero() {
		if !containsString(beacon.Finalizers, finalizer) {
			return nil
		}
		beacon.Status.Lit = false
		beacon.Finalizers = removeString(beacon.Finalizers, finalizer)
		return k.Client.Update(ctx, beacon)
	}

	if !containsString(beacon.Finalizers, finalizer) {
		beacon.Finalizers = append(beacon.Finalizers, finalizer)
	}
	beacon.Status.Lit = true
	return k.Client.Update(ctx, beacon)
}

func containsString(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}

func removeString(list []string, unwanted string) []string {
	var kept []string
	for _, item := range list {
		if item != unwanted {
			kept = append(kept, item)
		}
	}
	return kept
}
