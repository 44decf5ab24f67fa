package shapes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// want: Contains
func hasFinalizer(obj metav1.Object, name string) bool {
	for _, f := range obj.GetFinalizers() {
		if f == name {
			return true
		}
	}
	return false
}

// want: Contains
func clientObjectHas(obj client.Object, name string) bool {
	finalizers := obj.GetFinalizers()
	for i := range finalizers {
		if finalizers[i] == name {
			return true
		}
	}
	return false
}

// want: Contains
func podHas(pod *corev1.Pod, name string) bool {
	for _, f := range pod.Finalizers {
		if name == f {
			return true
		}
	}
	return false
}

// want: Contains
func podMetaHas(pod *corev1.Pod, name string) (has bool) {
	for _, f := range pod.ObjectMeta.Finalizers {
		has = has || f == name
	}
	return has
}

// want: Contains
func metaHas(meta *metav1.ObjectMeta, name string) bool {
	return slices.Contains(meta.Finalizers, name)
}

// want: Contains
func metaValueHas(meta metav1.ObjectMeta, name string) bool {
	return slices.Contains(meta.GetFinalizers(), name)
}

// want: Contains
func backupHas(b *Backup, name string) bool {
	return slices.Index(b.Finalizers, name) >= 0
}

// want: !Contains
func backupLacks(b *Backup, name string) bool {
	return !slices.Contains(b.GetFinalizers(), name)
}

// want: Contains -> index
func finalizerIndex(obj metav1.Object, name string) int {
	for i, f := range obj.GetFinalizers() {
		if f == name {
			return i
		}
	}
	return -1
}

// want: Contains
func hasByIndex(obj metav1.Object, name string) bool {
	return finalizerIndex(obj, name) != -1
}

// want: !Contains
func lacksByIndex(obj metav1.Object, name string) bool {
	if i := finalizerIndex(obj, name); i >= 0 {
		return false
	}
	return true
}

// want: Contains
func hasThroughLocalHelper(obj client.Object, name string) bool {
	in := func(list []string) bool {
		for _, item := range list {
			if item == name {
				return true
			}
		}
		return false
	}
	return in(obj.GetFinalizers())
}

// want: Contains
func hasOnCopy(b *Backup, name string) bool {
	c := b.DeepCopy()
	return hasFinalizer(c, name)
}

type finalized interface {
	GetFinalizers() []string
	SetFinalizers([]string)
}

// want: Contains
func ownInterfaceHas(o finalized, name string) bool {
	list := o.GetFinalizers()
	n := len(list)
	for i := 0; i < n; i++ {
		if list[i] == name {
			return true
		}
	}
	return false
}

// want: HasAny
func hasAny(obj metav1.Object) bool { return len(obj.GetFinalizers()) != 0 }

// want: HasAny
func hasAnyAboveZero(obj client.Object) bool { return len(obj.GetFinalizers()) > 0 }

// want: HasAny
func hasAnyZeroBelow(pod *corev1.Pod) bool { return 0 < len(pod.Finalizers) }

// want: HasAny
func hasAnyAtLeastOne(b *Backup) bool { return len(b.ObjectMeta.Finalizers) >= 1 }

// want: HasAny
func hasAnyNotZero(b *Backup) bool { return !(len(b.Finalizers) == 0) }

// want: HasAny
func hasAnyNotBelowOne(b *Backup) bool {
	none := len(b.Finalizers) < 1
	return !none
}

// want: !HasAny
func hasNone(obj metav1.Object) bool { return len(obj.GetFinalizers()) == 0 }

// want: !HasAny
func hasNoneZeroFirst(pod *corev1.Pod) bool { return 0 == len(pod.GetFinalizers()) }

// want: !HasAny
func hasNoneAtMostZero(pod *corev1.Pod) bool { return len(pod.Finalizers) <= 0 }

// want: !HasAny
func hasNoneBelowOne(pod *corev1.Pod) bool {
	f := pod.Finalizers
	n := len(f)
	return n < 1
}

// want: !HasAny
func hasNoneNilOrEmpty(pod *corev1.Pod) bool {
	return pod.Finalizers == nil || len(pod.Finalizers) == 0
}

// want: HasAny
func hasAnyTwoSteps(obj metav1.Object) bool {
	list := obj.GetFinalizers()
	if len(list) > 0 {
		return true
	}
	return false
}

// want: HasAny
func hasAnyByRange(obj metav1.Object) (any bool) {
	for range obj.GetFinalizers() {
		any = true
	}
	return
}

// want: SameCount
func sameCount(a, b metav1.Object) bool {
	return len(a.GetFinalizers()) == len(b.GetFinalizers())
}

// want: SameCount
func sameCountOfBackups(before, after *Backup) bool {
	x, y := before.Finalizers, after.Finalizers
	return !(len(x) != len(y))
}

// want: !SameCount
func countChanged(old, new client.Object) bool {
	before := len(old.GetFinalizers())
	after := len(new.GetFinalizers())
	return before != after
}

// want: SameCount
func sameCountByDifference(old, new *corev1.Pod) bool {
	return len(old.Finalizers)-len(new.Finalizers) == 0
}

// want: !SameCount
func countGrewOrShrank(old, new *corev1.Pod) bool {
	grew := len(new.Finalizers) > len(old.Finalizers)
	shrank := len(new.Finalizers) < len(old.Finalizers)
	return grew || shrank
}
