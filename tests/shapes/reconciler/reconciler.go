package shapes

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

const (
	podFinalizer       = "pods.example.com/cleanup"
	legacyPodFinalizer = "pod-cleanup"
)

var nodeFinalizer = "node-cleanup"

// PodReconciler looks after pods.
type PodReconciler struct {
	client.Client

	finalizer string
	paused    bool
}

// want: Contains
// key: podFinalizer
func hasPodFinalizer(pod *corev1.Pod) bool {
	for _, f := range pod.GetFinalizers() {
		if f == podFinalizer {
			return true
		}
	}
	return false
}

// want: Add
// key: podFinalizer
func addPodFinalizer(pod *corev1.Pod) {
	if hasPodFinalizer(pod) {
		return
	}
	pod.Finalizers = append(pod.Finalizers, podFinalizer)
}

// want: Remove [nil-empty]
// key: podFinalizer
func removePodFinalizer(pod *corev1.Pod) {
	var rest []string
	for _, f := range pod.Finalizers {
		if f != podFinalizer {
			rest = append(rest, f)
		}
	}
	pod.Finalizers = rest
}

// want: SetIfEmpty
// key: podFinalizer
func defaultPodFinalizer(pod *corev1.Pod) {
	if len(pod.Finalizers) == 0 {
		pod.Finalizers = []string{podFinalizer}
	}
}

// want: Add [duplicate]
// key: nodeFinalizer
func holdNode(node *corev1.Node) {
	node.SetFinalizers(append(node.GetFinalizers(), nodeFinalizer))
}

// want: Add [duplicate]
// key: "volume-cleanup"
func holdVolume(pv *corev1.PersistentVolume) {
	pv.Finalizers = append(pv.Finalizers, "volume-cleanup")
}

// want: Contains
// key: "volume-cleanup"
func holdsVolume(pv *corev1.PersistentVolume) bool {
	for _, f := range pv.Finalizers {
		if f == "volume-cleanup" {
			return true
		}
	}
	return false
}

// want: Contains
// key: r.finalizer
func (r *PodReconciler) holds(pod *corev1.Pod) bool {
	return slices.Contains(pod.Finalizers, r.finalizer)
}

// want: Add -> changed
// key: r.finalizer
func (r *PodReconciler) hold(pod *corev1.Pod) bool {
	for _, f := range pod.Finalizers {
		if f == r.finalizer {
			return false
		}
	}
	pod.Finalizers = append(pod.Finalizers, r.finalizer)
	return true
}

// want: Remove -> error
// key: r.finalizer
func (r *PodReconciler) release(_ context.Context, pod *corev1.Pod) error {
	pod.Finalizers = slices.DeleteFunc(pod.Finalizers, func(f string) bool {
		return f == r.finalizer
	})
	return nil
}

// want: IsDeleting
func (r *PodReconciler) isGoing(pod *corev1.Pod) bool {
	return !pod.GetDeletionTimestamp().IsZero()
}

// want: Contains
// key: podFinalizer, legacyPodFinalizer
func hasEither(o metav1.Object) bool {
	list := o.GetFinalizers()
	return slices.Contains(list, podFinalizer) || slices.Contains(list, legacyPodFinalizer)
}

// want: Contains
// key: podFinalizer, legacyPodFinalizer
func hasEitherInOneLoop(o metav1.Object) bool {
	for _, f := range o.GetFinalizers() {
		if f == podFinalizer || f == legacyPodFinalizer {
			return true
		}
	}
	return false
}

// Two names that a caller gives may be one and the same: only calls with constants can be told.
// want: opaque
// key: name, legacy
func hasEitherOf(o metav1.Object, name, legacy string) bool {
	for _, f := range o.GetFinalizers() {
		switch f {
		case name, legacy:
			return true
		}
	}
	return false
}

// want: Remove [nil-empty]
// key: podFinalizer, legacyPodFinalizer
func removeBoth(o metav1.Object) {
	var rest []string
	for _, f := range o.GetFinalizers() {
		if f == podFinalizer || f == legacyPodFinalizer {
			continue
		}
		rest = append(rest, f)
	}
	o.SetFinalizers(rest)
}

// As above: which names these are is known at a call only.
// want: opaque
// key: name, legacy
func removeBothInTurn(pod *corev1.Pod, name, legacy string) {
	for _, k := range []string{name, legacy} {
		pod.Finalizers = slices.DeleteFunc(pod.Finalizers, func(f string) bool { return f == k })
	}
}

// want: Contains
// key: podFinalizer
func wrapsContains(o client.Object) bool {
	return controllerutil.ContainsFinalizer(o, podFinalizer)
}

// want: Add -> changed
// key: podFinalizer
func wrapsAdd(o client.Object) bool {
	return controllerutil.AddFinalizer(o, podFinalizer)
}

// want: Remove
func wrapsRemove(o client.Object, name string) {
	controllerutil.RemoveFinalizer(o, name)
}

// The list is the same for every pod that holds the legacy name.
// want: none
// key: podFinalizer, legacyPodFinalizer
func swapNames(pod *corev1.Pod) {
	for i, f := range pod.Finalizers {
		if f == legacyPodFinalizer {
			pod.Finalizers[i] = podFinalizer
		}
	}
}

// want: none
// key: podFinalizer, legacyPodFinalizer
func hasBoth(o metav1.Object) bool {
	list := o.GetFinalizers()
	return slices.Contains(list, podFinalizer) && slices.Contains(list, legacyPodFinalizer)
}

// Stops at the first one that is there.
// want: none
// key: podFinalizer, legacyPodFinalizer
func removeEither(o client.Object) {
	_ = controllerutil.RemoveFinalizer(o, podFinalizer) || controllerutil.RemoveFinalizer(o, legacyPodFinalizer)
}

// samePodFinalizer is podFinalizer by another name.
const samePodFinalizer = "pods.example.com/cleanup"

// want: none
// key: podFinalizer
func removeByOneNameOnly(pod *corev1.Pod) {
	pod.Finalizers = slices.DeleteFunc(pod.Finalizers, func(f string) bool {
		if f == podFinalizer && f == samePodFinalizer {
			return false
		}
		return f == podFinalizer || f == samePodFinalizer
	})
}

// want: Contains
// key: podFinalizer
func hasByEitherName(o metav1.Object) bool {
	list := o.GetFinalizers()
	return slices.Contains(list, podFinalizer) || slices.Contains(list, samePodFinalizer)
}

// Both fields may hold the same name.
// want: opaque
// key: r.finalizer
func (r *PodReconciler) removeUnlessSame(pod *corev1.Pod, legacy string) {
	pod.Finalizers = slices.DeleteFunc(pod.Finalizers, func(f string) bool {
		if f == r.finalizer {
			return f != legacy
		}
		return f == legacy
	})
}

// want: opaque
// key: r.finalizer
func (r *PodReconciler) holdUnlessPaused(pod *corev1.Pod) {
	if r.paused {
		return
	}
	r.hold(pod)
}

// want: opaque
// key: r.finalizer
func (r *PodReconciler) holdAndUpdate(ctx context.Context, pod *corev1.Pod) error {
	if r.hold(pod) {
		return r.Update(ctx, pod)
	}
	return nil
}

// want: opaque
// key: r.finalizer
func (r *PodReconciler) releaseAndPatch(ctx context.Context, pod *corev1.Pod) error {
	base := pod.DeepCopy()
	_ = r.release(ctx, pod)
	return r.Patch(ctx, pod, client.MergeFrom(base))
}

// want: none
// key: r.finalizer
func (r *PodReconciler) holdWhileAlive(pod *corev1.Pod) {
	if pod.DeletionTimestamp.IsZero() {
		r.hold(pod)
	}
}
