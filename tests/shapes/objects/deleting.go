package shapes

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// want: IsDeleting [zero-time]
func isDeleted(obj metav1.Object) bool {
	return obj.GetDeletionTimestamp() != nil
}

// want: IsDeleting
func isBeingDeleted(obj client.Object) bool {
	return !obj.GetDeletionTimestamp().IsZero()
}

// want: IsDeleting [zero-time]
func podDeleted(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp != nil
}

// want: IsDeleting
func podTerminating(pod *corev1.Pod) bool {
	return !pod.DeletionTimestamp.IsZero()
}

// want: IsDeleting
func podMetaTerminating(pod *corev1.Pod) bool {
	return !pod.ObjectMeta.DeletionTimestamp.IsZero()
}

// want: !IsDeleting
func isLive(obj metav1.Object) bool {
	return obj.GetDeletionTimestamp().IsZero()
}

// want: !IsDeleting [zero-time]
func backupNotDeleted(b *Backup) bool {
	return b.ObjectMeta.DeletionTimestamp == nil
}

// want: IsDeleting [zero-time]
func deletedInSteps(b *Backup) bool {
	ts := b.GetDeletionTimestamp()
	if ts == nil {
		return false
	}
	return true
}

// want: IsDeleting
func deletedWithBothTests(b *Backup) bool {
	return b.DeletionTimestamp != nil && !b.DeletionTimestamp.IsZero()
}

// want: IsDeleting
func deletedInStepsByZero(b *Backup) bool {
	var ts *metav1.Time = b.DeletionTimestamp
	live := ts.IsZero()
	return !live
}

// want: IsDeleting
func notLive(obj metav1.Object) bool { return !isLive(obj) }

// want: IsDeleting [zero-time]
func deletedSwitch(obj metav1.Object) bool {
	switch {
	case obj.GetDeletionTimestamp() == nil:
		return false
	}
	return true
}

// A clock makes this another question.
// want: opaque
func deletedSomeTimeAgo(obj metav1.Object) bool {
	ts := obj.GetDeletionTimestamp()
	return ts != nil && ts.Time.Before(time.Now())
}

// want: opaque
func graceIsOver(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp == nil {
		return false
	}
	return time.Since(pod.DeletionTimestamp.Time) > time.Minute
}

// want: none
func deletedAndHeld(obj metav1.Object) bool {
	return !obj.GetDeletionTimestamp().IsZero() && len(obj.GetFinalizers()) > 0
}

// want: none
func deletedAndHeldBy(obj metav1.Object, name string) bool {
	return obj.GetDeletionTimestamp() != nil && hasFinalizer(obj, name)
}

// want: none
func created(obj metav1.Object) bool {
	stamp := obj.GetCreationTimestamp()
	return !stamp.IsZero()
}

// want: none
func hasGracePeriod(obj metav1.Object) bool {
	return obj.GetDeletionGracePeriodSeconds() != nil
}
