package shapes

import (
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// want: none
func addNowhere(o metav1.Object, k string) {
	_ = append(o.GetFinalizers(), k)
}

// want: none
func addToLocal(o metav1.Object, k string) {
	list := o.GetFinalizers()
	if !slices.Contains(list, k) {
		list = append(list, k)
	}
}

// want: none
func addToCopy(c *Cluster, k string) {
	updated := c.DeepCopy()
	updated.SetFinalizers(append(updated.GetFinalizers(), k))
}

// want: none
func clearCopy(pod *corev1.Pod) {
	pod = pod.DeepCopy()
	pod.Finalizers = nil
}

// want: none
func addToValue(c Cluster, k string) {
	c.Finalizers = append(c.Finalizers, k)
}

// want: none
func clearShallowCopy(c *Cluster) {
	shallow := *c
	shallow.Finalizers = nil
}

// want: none
func clearOneOfMany(pod *corev1.Pod) {
	for _, p := range []corev1.Pod{*pod} {
		p.Finalizers = nil
	}
}

// The copy shares the array that the list is in.
// want: none
func overwriteThroughShallowCopy(c *Cluster, k string) {
	shallow := *c
	if len(shallow.Finalizers) > 0 {
		shallow.Finalizers[0] = k
	}
}

// want: none
func copyWith(c *Cluster, k string) *Cluster {
	out := c.DeepCopy()
	out.Finalizers = append(out.Finalizers, k)
	return out
}

// want: none
func addLost(list []string, s string) {
	if !slices.Contains(list, s) {
		list = append(list, s)
	}
}

// What follows the entry moves up, and the caller's slice keeps its length.
// want: none
func removeLost(list []string, s string) {
	for i, item := range list {
		if item == s {
			list = append(list[:i], list[i+1:]...)
			return
		}
	}
}

// want: none
func removeOrError(o metav1.Object, k string) error {
	i := slices.Index(o.GetFinalizers(), k)
	if i < 0 {
		return errors.New("no such finalizer")
	}
	o.SetFinalizers(slices.Delete(o.GetFinalizers(), i, i+1))
	return nil
}

// want: none
func blankLoopVariable(list []string, s string) []string {
	for _, item := range list {
		if item == s {
			item = ""
		}
		_ = item
	}
	return list
}

// want: none
func returnsInput(list []string, s string) []string {
	out := make([]string, 0, len(list))
	for _, item := range list {
		if item != s {
			out = append(out, item)
		}
	}
	_ = out
	return list
}

// want: none
func shadowed(o metav1.Object, k string) {
	list := o.GetFinalizers()
	if !slices.Contains(list, k) {
		list := append(list, k)
		_ = list
	}
	o.SetFinalizers(list)
}

// want: none
func shadowedFlag(list []string, s string) bool {
	found := false
	for _, item := range list {
		if item == s {
			found := true
			_ = found
		}
	}
	return found
}

// want: none
func returnsBeforeWriting(o metav1.Object, k string) {
	list := o.GetFinalizers()
	if slices.Contains(list, k) {
		return
	}
	list = append(list, k)
	if len(list) > 0 {
		return
	}
	o.SetFinalizers(list)
}

// The second append writes over the first when there is room.
// want: none
func appendTwice(list []string, s string) []string {
	if slices.Contains(list, s) || len(list) == 0 {
		return append(list, s)
	}
	with := append(list, s)
	_ = append(list, list[0])
	return with
}

// Both slices share what lies behind the list.
// want: none
func appendOntoPrefix(list []string, s string) []string {
	head := list[:0]
	head = append(head, s)
	for _, item := range list {
		if item != s {
			head = append(head, item)
		}
	}
	return head
}

// Shifts the old list, and then reads it.
// want: none
func cutThenReread(list []string, s string) []string {
	i := slices.Index(list, s)
	if i < 0 {
		return list
	}
	_ = append(list[:i], list[i+1:]...)
	return list
}

// want: none
func cutThenCompare(o metav1.Object, k string) bool {
	before := o.GetFinalizers()
	after := before[:0]
	for _, f := range before {
		if f != k {
			after = append(after, f)
		}
	}
	o.SetFinalizers(after)
	return !slices.Equal(before, after[:len(after):len(after)]) && slices.Contains(before, k)
}

// Looks for the name in a list that it has filtered already.
// want: none
func askAfterwards(o metav1.Object, k string) bool {
	list := o.GetFinalizers()
	o.SetFinalizers(slices.DeleteFunc(list, func(f string) bool { return f == k }))
	return slices.Contains(list, k)
}

// want: none
func sortAndTell(list []string, s string) bool {
	slices.Sort(list)
	return slices.Contains(list, s)
}

// want: none
func tellAndClear(o metav1.Object, k string) bool {
	has := slices.Contains(o.GetFinalizers(), k)
	o.SetFinalizers(nil)
	return has
}

// want: none
func alwaysTrue(o metav1.Object, k string) bool {
	if !slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
	return true
}

// Adds, and tells whether there was nothing to add.
// want: Add -> unchanged
func tellsTheOpposite(o metav1.Object, k string) bool {
	if slices.Contains(o.GetFinalizers(), k) {
		return true
	}
	o.SetFinalizers(append(o.GetFinalizers(), k))
	return false
}

// want: none
func reverse(o metav1.Object) {
	list := o.GetFinalizers()
	slices.Reverse(list)
	o.SetFinalizers(list)
}

// want: none
func writeBack(o metav1.Object) { o.SetFinalizers(o.GetFinalizers()) }
