package shapes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// want: Contains
func setHas(o metav1.Object, k string) bool {
	return sets.NewString(o.GetFinalizers()...).Has(k)
}

// want: Contains
func genericSetHas(o client.Object, k string) bool {
	finalizers := sets.New(o.GetFinalizers()...)
	return finalizers.Has(k)
}

// want: !Contains
func setLacks(list []string, k string) bool {
	s := sets.New[string]()
	s.Insert(list...)
	return !s.Has(k)
}

// want: Contains
func setHasAny(list []string, wanted ...string) bool {
	return sets.New[string](list...).HasAny(wanted...)
}

// want: Contains
func setHasAll(list []string, wanted ...string) bool {
	return sets.NewString(list...).HasAll(wanted...)
}

// want: Add [dedup, sorted]
func insertSorted(o metav1.Object, k string) {
	finalizers := sets.NewString(o.GetFinalizers()...)
	finalizers.Insert(k)
	o.SetFinalizers(finalizers.List())
}

// want: Add [dedup, order]
func insertUnsorted(o metav1.Object, k string) {
	finalizers := sets.New[string](o.GetFinalizers()...)
	finalizers.Insert(k)
	o.SetFinalizers(finalizers.UnsortedList())
}

// want: Add [dedup, sorted] -> list
func insertInOneLine(list []string, k string) []string {
	return sets.List(sets.New(list...).Insert(k))
}

// want: Add
func insertWhenMissing(pod *corev1.Pod, k string) {
	if sets.New(pod.Finalizers...).Has(k) {
		return
	}
	pod.Finalizers = append(pod.Finalizers, k)
}

// want: Add [dedup, sorted] -> changed
func insertAndTell(o metav1.Object, k string) bool {
	finalizers := sets.NewString(o.GetFinalizers()...)
	if finalizers.Has(k) {
		return false
	}
	o.SetFinalizers(finalizers.Insert(k).List())
	return true
}

// want: Remove [dedup, nil-empty, sorted]
func deleteSorted(o metav1.Object, k string) {
	finalizers := sets.NewString(o.GetFinalizers()...)
	finalizers.Delete(k)
	o.SetFinalizers(finalizers.List())
}

// want: Remove [dedup, nil-empty, order]
func deleteUnsorted(o metav1.Object, k string) {
	finalizers := sets.New(o.GetFinalizers()...)
	o.SetFinalizers(finalizers.Delete(k).UnsortedList())
}

// want: Remove [dedup, sorted] -> changed
func deleteAndTell(pod *corev1.Pod, k string) bool {
	finalizers := sets.New[string](pod.Finalizers...)
	if !finalizers.Has(k) {
		return false
	}
	finalizers.Delete(k)
	pod.Finalizers = sets.List(finalizers)
	return true
}

// want: Remove [dedup, nil-empty, sorted] -> list
func difference(list []string, k string) []string {
	return sets.NewString(list...).Difference(sets.NewString(k)).List()
}

// want: HasAny
func setIsNotEmpty(o metav1.Object) bool {
	return sets.NewString(o.GetFinalizers()...).Len() > 0
}

// want: !HasAny
func setIsEmpty(o metav1.Object) bool {
	return len(sets.New(o.GetFinalizers()...)) == 0
}

// Duplicates count once.
// want: none
func sameSetSize(a, b metav1.Object) bool {
	return sets.New(a.GetFinalizers()...).Len() == sets.New(b.GetFinalizers()...).Len()
}

// want: none
func sameSet(a, b metav1.Object) bool {
	return sets.New(a.GetFinalizers()...).Equal(sets.New(b.GetFinalizers()...))
}

// The set is never written back.
// want: none
func insertIntoThinAir(o metav1.Object, k string) {
	finalizers := sets.NewString(o.GetFinalizers()...)
	finalizers.Insert(k)
}

// want: none
func intersect(o metav1.Object, k string) {
	both := sets.New(o.GetFinalizers()...).Intersection(sets.New(k))
	o.SetFinalizers(sets.List(both))
}

// want: opaque
func popOne(o metav1.Object, k string) {
	finalizers := sets.New(o.GetFinalizers()...)
	if finalizers.Has(k) {
		finalizers.PopAny()
	}
	o.SetFinalizers(sets.List(finalizers))
}

// want: Contains
func mapLiteralOfKey(o client.Object, k string) bool {
	ours := map[string]bool{k: true}
	for _, f := range o.GetFinalizers() {
		if ours[f] {
			return true
		}
	}
	return false
}

// want: Remove
func mapLiteralOfNothing(o client.Object, k string) {
	unwanted := map[string]struct{}{k: {}}
	o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool {
		_, is := unwanted[f]
		return is
	}))
}

// want: opaque
func mapLiteralOfAnother(o client.Object, k string) bool {
	ours := map[string]bool{k: true, "example.com/other": true}
	for _, f := range o.GetFinalizers() {
		if ours[f] {
			return true
		}
	}
	return false
}

// want: none
func mapLiteralOfFalse(list []string, k string) bool {
	ours := map[string]bool{k: false}
	for _, f := range list {
		if ours[f] {
			return true
		}
	}
	return false
}

// want: none
func mapLiteralOfAll(o client.Object, k string) bool {
	counts := map[string][]string{k: {"x"}}
	return len(counts[k]) == len(o.GetFinalizers())
}
