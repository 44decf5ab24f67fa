package shapes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const maxFinalizers = 9

// want: opaque
func inFirstThree(list []string, s string) bool {
	for i, item := range list {
		if i == 3 {
			break
		}
		if item == s {
			return true
		}
	}
	return false
}

// want: opaque
func inFirstHundred(list []string, s string) bool {
	return slices.Contains(list[:min(len(list), 100)], s)
}

// want: opaque
func addUpToNine(o metav1.Object, k string) {
	if len(o.GetFinalizers()) < 9 && !slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
}

// want: opaque
func addUpToMax(pod *corev1.Pod, k string) {
	if len(pod.Finalizers) >= maxFinalizers*maxFinalizers {
		return
	}
	if !slices.Contains(pod.Finalizers, k) {
		pod.Finalizers = append(pod.Finalizers, k)
	}
}

// want: opaque
func addUpToSum(o metav1.Object, k string) {
	list := o.GetFinalizers()
	if len(list) > 1+1+1+1+1 || slices.Contains(list, k) {
		return
	}
	o.SetFinalizers(append(list, k))
}

// want: opaque
func addUpToPower(o metav1.Object, k string) {
	const one = 1
	limit := one + one
	limit *= limit * limit * limit
	list := o.GetFinalizers()
	if len(list) < limit && !slices.Contains(list, k) {
		o.SetFinalizers(append(list, k))
	}
}

// want: opaque
func removeUpToLengthOfText(list []string, s string) []string {
	if len(list) > len("no more than this") {
		return list
	}
	return slices.DeleteFunc(list, func(v string) bool { return v == s })
}

// want: opaque
func containsInBuffer(list []string, s string) bool {
	var buffer [64]string
	n := copy(buffer[:], list)
	for i := 0; i < n; i++ {
		if buffer[i] == s {
			return true
		}
	}
	return false
}

// want: opaque
func containsInMade(list []string, s string) bool {
	window := make([]string, 32)
	return slices.Contains(window[:copy(window, list)], s)
}

// want: none
func addWhenRoom(list []string, s string) []string {
	if cap(list) == len(list) || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// want: opaque
func clearWhenLong(o metav1.Object) {
	if len(o.GetFinalizers()) > 5 {
		o.SetFinalizers(nil)
	}
}

// want: opaque
func removeWhenShort(list []string, s string) []string {
	if len(list) > 64 {
		return list
	}
	return slices.DeleteFunc(list, func(v string) bool { return v == s })
}

// want: opaque
func everySecond(list []string, s string) bool {
	for i := 0; i < len(list); i += 2 {
		if list[i] == s {
			return true
		}
	}
	return false
}

// want: none
func withoutLastEntry(list []string, s string) bool {
	for i := 0; i < len(list)-1; i++ {
		if list[i] == s {
			return true
		}
	}
	return false
}

// want: none
func fromTheSecond(list []string, s string) bool {
	for i := 1; i < len(list); i++ {
		if list[i] == s {
			return true
		}
	}
	return false
}

// want: none
func notAtTheFront(list []string, s string) bool {
	return slices.Index(list, s) > 0
}

// want: none
func firstIs(list []string, s string) bool {
	return len(list) > 0 && list[0] == s
}

// want: none
func lastIs(pod *corev1.Pod, s string) bool {
	n := len(pod.Finalizers)
	return n > 0 && pod.Finalizers[n-1] == s
}

// want: none
func onlyIs(list []string, s string) bool {
	return len(list) == 1 && list[0] == s
}

// want: none
func moreThanOne(o metav1.Object) bool { return len(o.GetFinalizers()) > 1 }

// want: none
func exactlyOne(o metav1.Object) bool { return len(o.GetFinalizers()) == 1 }

// want: none
func listedTwice(list []string, s string) bool {
	n := 0
	for _, item := range list {
		if item == s {
			n++
		}
	}
	return n > 1
}

// want: none
func count(o metav1.Object) int { return len(o.GetFinalizers()) }

// An empty list is no nil list.
// want: none
func isSet(o metav1.Object) bool { return o.GetFinalizers() != nil }

// want: none
func hasFirstOrPanics(o metav1.Object) bool {
	_ = o.GetFinalizers()[0]
	return true
}

// want: opaque
func firstIsNotBlank(o metav1.Object) bool {
	return o.GetFinalizers()[0] != ""
}

// want: none
func lengthsInOrder(a, b metav1.Object) bool {
	return len(a.GetFinalizers()) <= len(b.GetFinalizers())
}

// want: none
func bothOrNeither(a, b metav1.Object) bool {
	return (len(a.GetFinalizers()) == 0) == (len(b.GetFinalizers()) == 0)
}

// As many finalizers, and the same ones.
// want: none
func sameNames(a, b metav1.Object) bool {
	one, other := a.GetFinalizers(), b.GetFinalizers()
	if len(one) != len(other) {
		return false
	}
	for i := range one {
		if one[i] != other[i] {
			return false
		}
	}
	return true
}

// want: none
func sameNamesInAnyOrder(a, b metav1.Object) bool {
	for _, name := range a.GetFinalizers() {
		if !slices.Contains(b.GetFinalizers(), name) {
			return false
		}
	}
	return len(a.GetFinalizers()) == len(b.GetFinalizers())
}

// want: none
func sameCountAndLast(a, b metav1.Object) bool {
	one, other := a.GetFinalizers(), b.GetFinalizers()
	n := len(one)
	return n == len(other) && (n == 0 || one[n-1] == other[n-1])
}

// want: none
func sameLists(a, b metav1.Object) bool {
	return slices.Equal(a.GetFinalizers(), b.GetFinalizers())
}

// want: none
func trimLast(list []string) []string {
	if len(list) == 0 {
		return list
	}
	return list[:len(list)-1]
}

// want: none
func removeAndNext(list []string, s string) []string {
	for i, item := range list {
		if item == s && i+1 < len(list) {
			return append(list[:i], list[i+1+1:]...)
		}
	}
	return list
}

// want: none
func removeFromThere(list []string, s string) []string {
	for i, item := range list {
		if item == s {
			return list[:i]
		}
	}
	return list
}

// want: none
func removeUpToThere(list []string, s string) []string {
	for i, item := range list {
		if item == s {
			return list[i+1:]
		}
	}
	return list
}

// want: none
func removeAllButFirst(list []string, s string) []string {
	seen := false
	out := make([]string, 0, len(list))
	for _, item := range list {
		if item == s {
			if seen {
				continue
			}
			seen = true
		}
		out = append(out, item)
	}
	return out
}

// want: none
func blankOut(list []string, s string) []string {
	for i := range list {
		if list[i] == s {
			list[i] = ""
		}
	}
	return list
}

// The made slice has its length, and append goes behind it.
// want: none
func withoutAfterBlanks(list []string, s string) []string {
	out := make([]string, len(list))
	for _, item := range list {
		if item != s {
			out = append(out, item)
		}
	}
	return out
}
