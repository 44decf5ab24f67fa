package shapes

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RemoveFinalizer joins the two lists.
// want: none
func RemoveFinalizer(slice []string, s []string) []string {
	return append(slice, s...)
}

// RemoveString adds.
// want: Add [duplicate] -> list
func RemoveString(list []string, s string) []string { return append(list, s) }

// AddFinalizer removes.
// want: Remove
func AddFinalizer(o metav1.Object, name string) {
	o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == name }))
}

// ContainsFinalizer asks for the opposite.
// want: !Contains
func ContainsFinalizer(o metav1.Object, name string) bool {
	return !slices.Contains(o.GetFinalizers(), name)
}

// HasFinalizer asks for any.
// want: HasAny
func HasFinalizer(o metav1.Object, name string) bool {
	return len(o.GetFinalizers()) > 0
}

// IsDeleted asks for finalizers.
// want: !HasAny
func IsDeleted(o metav1.Object) bool { return len(o.GetFinalizers()) == 0 }

// Registry is a thing of its own with a method like that of an object.
type Registry struct{ entries map[string]int }

// want: opaque
func (r *Registry) AddFinalizer(name string) {
	r.entries[name]++
}

// want: opaque
func (r *Registry) SetFinalizers(names []string) {
	for _, n := range names {
		r.entries[n] = 0
	}
}

// GetFinalizers makes a list anew each time.
// want: opaque
func (r *Registry) GetFinalizers() []string {
	out := make([]string, 0, len(r.entries))
	for name := range r.entries {
		out = append(out, name)
	}
	return out
}

// want: opaque
func registerName(r *Registry, name string) {
	if !slices.Contains(r.GetFinalizers(), name) {
		r.SetFinalizers(append(r.GetFinalizers(), name))
	}
}

// Shadow embeds an object's metadata and hides its list.
type Shadow struct {
	Cluster
	Finalizers []string
}

// want: none
func addToShadow(s *Shadow, name string) {
	s.Finalizers = append(s.Finalizers, name)
}

// want: opaque
func appendLikeBuiltin(list []string, s string) []string {
	append := func(l []string, v string) []string {
		return slices.Insert(l, len(l)/2, v)
	}
	return append(list, s)
}

// want: none
func lenLikeBuiltin(list []string) bool {
	len := func([]string) int { return 1 }
	return len(list) > 0
}

// want: none
func localSlices(list []string, s string) bool {
	slices := reverser{}
	return slices.Contains(list, s)
}

type reverser struct{}

// want: none
func (reverser) Contains(list []string, s string) bool {
	for _, item := range list {
		if item != s {
			return true
		}
	}
	return false
}

// want: none
func trueIsFalse(list []string, s string) bool {
	const true = false
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}
