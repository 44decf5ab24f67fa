package shapes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// want: none
func clearMetaCopy(c *Cluster) {
	meta := c.ObjectMeta
	meta.Finalizers = nil
}

func addToMeta(meta metav1.ObjectMeta, k string) {
	meta.Finalizers = append(meta.Finalizers, k)
}

// want: none
func addThroughMetaCopy(c *Cluster, k string) { addToMeta(c.ObjectMeta, k) }

func addToCluster(c Cluster, k string) { c.SetFinalizers(append(c.Finalizers, k)) }

// want: none
func addThroughClusterCopy(c *Cluster, k string) { addToCluster(*c, k) }

func sameCluster(c Cluster) Cluster { return c }

// want: none
func clearReturnedCopy(c *Cluster) {
	other := sameCluster(*c)
	other.Finalizers = nil
}

// want: none
func clearVarCopy(pod *corev1.Pod) {
	var shallow corev1.Pod = *pod
	shallow.Finalizers = nil
}

// want: none
func addWithUtilToValue(c Cluster, k string) { controllerutil.AddFinalizer(&c, k) }

// want: none
func addWithUtilToCopy(c *Cluster, k string) { controllerutil.AddFinalizer(c.DeepCopy(), k) }

// want: none
func clearNestedCopy(c *Cluster) {
	spec := c.Spec
	spec.Template.Finalizers = nil
	spec.Finalizers = nil
}

// The copy was made before the list was cleared.
// want: Clear -> changed
func hadAnyBeforeClear(c *Cluster) bool {
	before := *c
	c.Finalizers = nil
	return len(before.Finalizers) > 0
}

// want: none
func overwriteWhole(c *Cluster) { *c = Cluster{} }

// want: none
func overwriteMeta(c *Cluster) { c.ObjectMeta = metav1.ObjectMeta{} }

// want: none
func swapObjects(a, b *Cluster) {
	*a, *b = *b, *a
}

// want: none
func shareLists(a, b *Cluster, k string) {
	a.Finalizers = b.Finalizers
	for i, f := range a.Finalizers {
		if f == k {
			a.Finalizers[i] = ""
		}
	}
}

// want: none
func rebindParameter(c *Cluster) {
	c = c.DeepCopy()
	c.Finalizers = nil
}

// want: none
func rebindList(list *[]string, s string) {
	other := append([]string{}, *list...)
	list = &other
	*list = append(*list, s)
}

// want: opaque
func arrayIsCopied(list [4]string, s string) [4]string {
	for i := range list {
		if list[i] == s {
			list[i] = ""
		}
	}
	return list
}

// An array is copied where a slice would be shared.
// want: none
func assignedArray(list []string, s string) []string {
	one := [1]string{s}
	other := one
	other[0] = ""
	if slices.Contains(list, one[0]) {
		return list
	}
	return append(list, other[0])
}

// Holder has a pod in it, not a pointer to one.
type Holder struct{ pod corev1.Pod }

// want: opaque
func (h Holder) clear() { h.pod.Finalizers = nil }

// want: opaque
func (h *Holder) clearTaken() {
	pod := h.pod
	pod.Finalizers = nil
}

// want: opaque
func clearInRange(pods []corev1.Pod) {
	for _, pod := range pods {
		pod.Finalizers = nil
	}
}

// Odd says of itself that it is never deleted.
type Odd struct{ Cluster }

// GetDeletionTimestamp hides the one of ObjectMeta.
func (o *Odd) GetDeletionTimestamp() *metav1.Time { return nil }

// want: none
func oddIsDeleted(o *Odd) bool { return o.GetDeletionTimestamp() != nil }

// Deaf keeps its finalizers.
type Deaf struct{ Cluster }

// SetFinalizers does nothing.
func (d *Deaf) SetFinalizers([]string) {}

// want: opaque
func clearDeaf(d *Deaf, _ int) { d.SetFinalizers(nil) }

// VeryDeaf has the methods of a Deaf.
type VeryDeaf struct{ Deaf }

// VeryOdd has the methods of an Odd.
type VeryOdd struct{ Odd }

// want: none
func veryOddIsDeleted(o *VeryOdd) bool { return o.GetDeletionTimestamp() != nil }

// want: opaque
func clearVeryDeaf(d *VeryDeaf, _ int) { d.SetFinalizers([]string{}) }

// Forgetful loses its finalizers when it is copied.
type Forgetful struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

// DeepCopy is no deep copy.
func (f *Forgetful) DeepCopy() *Forgetful {
	out := new(Forgetful)
	*out = *f
	f.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.SetFinalizers(nil)
	return out
}

// DeepCopyObject makes a Forgetful a runtime.Object.
func (f *Forgetful) DeepCopyObject() runtime.Object { return f.DeepCopy() }

// want: none
func forgetfulHas(f *Forgetful, k string) bool {
	return slices.Contains(f.DeepCopy().Finalizers, k)
}

// Alias gives itself for its copy.
type Alias struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

// DeepCopy is no copy at all.
func (a *Alias) DeepCopy() *Alias { return a }

// DeepCopyObject makes an Alias a runtime.Object.
func (a *Alias) DeepCopyObject() runtime.Object { return a.DeepCopy() }

// want: Clear
func clearAlias(a *Alias) {
	a.DeepCopy().SetFinalizers(nil)
}

// Where GetFinalizers makes a new list each time, this keeps the wrong names.
// want: opaque
func truncateAfterMoving(o metav1.Object, k string) {
	list := o.GetFinalizers()
	n := 0
	for _, f := range list {
		if f != k {
			list[n] = f
			n++
		}
	}
	o.SetFinalizers(o.GetFinalizers()[:n])
}

// want: none
func wholeListTwice(o metav1.Object, k string) {
	list := o.GetFinalizers()
	o.SetFinalizers(append(list, list...))
}

// want: opaque
func throughEmptyInterface(o any, k string) bool {
	return slices.Contains(o.(metav1.Object).GetFinalizers(), k)
}

// Panics for every type but one.
// want: opaque
func throughAssertion(o runtime.Object, k string) bool {
	return slices.Contains(o.DeepCopyObject().(*Cluster).Finalizers, k)
}

// want: none
func sameElement(list []string) bool {
	for i := range list {
		if &list[i] != &list[0] {
			return true
		}
	}
	return false
}

// want: none
func sameObject(a, b *Cluster) bool { return a == b }

// Key is a name with a method of its own.
type Key string

// Is tells the opposite of what it says.
func (k Key) Is(name string) bool { return string(k) != name }

// want: none
func hasKey(list []string, k Key) bool {
	for _, item := range list {
		if k.Is(item) {
			return true
		}
	}
	return false
}

// want: opaque
func dropBlankToo(list []string, s string) []string {
	blank := make([]string, 1)
	return slices.DeleteFunc(list, func(item string) bool { return item == s || item == blank[0] })
}

// want: opaque
func containsButBlank(list []string, s string) bool {
	var nothing string
	for _, item := range list {
		if item == s && item != nothing {
			return true
		}
	}
	return false
}

// want: opaque
func containsOrNamedBlank(list []string, s string) bool {
	counts := map[string]string{}
	for _, item := range list {
		if item == s || item == counts[s] {
			return true
		}
	}
	return false
}

// want: none
func groups(list []string, s string) []string {
	found := map[string][]string{}
	for _, item := range list {
		found[item] = append(found[item], item)
	}
	return append(found[s], list...)
}

// want: opaque
func throughNilMap(list []string, s string) bool {
	var seen map[string]bool
	for _, item := range list {
		seen[item] = true
	}
	return seen[s]
}
