// Package trimmer keeps the lamps of beacons trimmed.
package trimmer

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "example.com/lighthouse/api/v1"
)

const finalizer = "lighthouse-lamp"

// Trimmer looks after the lamps in a cluster.
type Trimmer struct {
	Client client.Client
}

// Reconcile marks the beacon before it looks whether it goes, as many operators do.
func (t *Trimmer) Reconcile(ctx context.Context, key client.ObjectKey) error {
	beacon := &v1.Beacon{}
	if err := t.Client.Get(ctx, key, beacon); err != nil {
		return client.IgnoreNotFound(err)
	}

	if controllerutil.AddFinalizer(beacon, finalizer) {
		if err := t.Client.Update(ctx, beacon); err != nil {
			return err
		}
	}

	if beacon.DeletionTimestamp.IsZero() || !controllerutil.ContainsFinalizer(beacon, finalizer) {
		return nil
	}
	controllerutil.RemoveFinalizer(beacon, finalizer)
	return t.Client.Update(ctx, beacon)
}
