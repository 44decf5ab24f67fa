package shapes

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const finalizerName = "storage.finalizers.example.com"

// Helper functions to check and remove string from a slice of strings.
// want: Contains
func containsString(slice []string, s string) bool {
	for _, item := range slice {
		if item == s {
			return true
		}
	}
	return false
}

// want: Remove [nil-empty] -> list
func removeString(slice []string, s string) (result []string) {
	for _, item := range slice {
		if item == s {
			continue
		}
		result = append(result, item)
	}
	return
}

// want: Contains
// key: finalizerName
func isHeld(cm *corev1.ConfigMap) bool {
	return containsString(cm.ObjectMeta.Finalizers, finalizerName)
}

// want: Add
// key: finalizerName
func register(cm *corev1.ConfigMap) {
	if !containsString(cm.ObjectMeta.Finalizers, finalizerName) {
		cm.ObjectMeta.Finalizers = append(cm.ObjectMeta.Finalizers, finalizerName)
	}
}

// want: Remove [nil-empty]
// key: finalizerName
func unregister(cm *corev1.ConfigMap) {
	cm.ObjectMeta.Finalizers = removeString(cm.ObjectMeta.Finalizers, finalizerName)
}

// want: Remove
// key: finalizerName
func unregisterWhenHeld(cm *corev1.ConfigMap) {
	if isHeld(cm) {
		unregister(cm)
		if cm.Finalizers == nil {
			cm.Finalizers = []string{}
		}
	}
}

// Adds while alive and removes while going: two operations, and not one.
// want: none
// key: finalizerName
func sync(cm *corev1.ConfigMap) {
	if cm.ObjectMeta.DeletionTimestamp.IsZero() {
		if !containsString(cm.ObjectMeta.Finalizers, finalizerName) {
			cm.ObjectMeta.Finalizers = append(cm.ObjectMeta.Finalizers, finalizerName)
		}
	} else if containsString(cm.ObjectMeta.Finalizers, finalizerName) {
		cm.ObjectMeta.Finalizers = removeString(cm.ObjectMeta.Finalizers, finalizerName)
	}
}

// want: opaque
// key: finalizerName
func reconcile(ctx context.Context, c client.Client, cm *corev1.ConfigMap) error {
	if cm.ObjectMeta.DeletionTimestamp.IsZero() {
		if !containsString(cm.ObjectMeta.Finalizers, finalizerName) {
			cm.ObjectMeta.Finalizers = append(cm.ObjectMeta.Finalizers, finalizerName)
			return c.Update(ctx, cm)
		}
		return nil
	}
	if containsString(cm.ObjectMeta.Finalizers, finalizerName) {
		cm.ObjectMeta.Finalizers = removeString(cm.ObjectMeta.Finalizers, finalizerName)
		return c.Update(ctx, cm)
	}
	return nil
}
