package shapes

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// WidgetFinalizer holds a Widget until its parts are gone.
const WidgetFinalizer = "widget-cleanup"

// Widget is an API type with finalizer methods of its own.
type Widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   WidgetSpec   `json:"spec,omitempty"`
	Status WidgetStatus `json:"status,omitempty"`
}

// WidgetSpec is what is wanted.
type WidgetSpec struct {
	Size int `json:"size,omitempty"`
}

// WidgetStatus is what is.
type WidgetStatus struct {
	Ready bool `json:"ready,omitempty"`
}

// DeepCopyInto copies the receiver into out.
func (w *Widget) DeepCopyInto(out *Widget) {
	*out = *w
	w.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
}

// DeepCopyObject makes a Widget a runtime.Object.
func (w *Widget) DeepCopyObject() runtime.Object {
	out := new(Widget)
	w.DeepCopyInto(out)
	return out
}

// IsBeingDeleted returns true if a deletion timestamp is set.
// want: IsDeleting
func (w *Widget) IsBeingDeleted() bool {
	return !w.ObjectMeta.DeletionTimestamp.IsZero()
}

// want: IsDeleting [zero-time]
func (w *Widget) Deleted() bool { return w.DeletionTimestamp != nil }

// want: !IsDeleting [zero-time]
func (w Widget) Alive() bool { return w.GetDeletionTimestamp() == nil }

// HasFinalizer returns true if the widget carries the given finalizer.
// want: Contains
func (w *Widget) HasFinalizer(finalizerName string) bool {
	return contains(w.ObjectMeta.Finalizers, finalizerName)
}

// AddFinalizer adds the given finalizer.
// want: Add [duplicate]
func (w *Widget) AddFinalizer(finalizerName string) {
	w.ObjectMeta.Finalizers = append(w.ObjectMeta.Finalizers, finalizerName)
}

// RemoveFinalizer removes the given finalizer.
// want: Remove [nil-empty]
func (w *Widget) RemoveFinalizer(finalizerName string) {
	w.ObjectMeta.Finalizers = remove(w.ObjectMeta.Finalizers, finalizerName)
}

// want: Contains
func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// want: Remove [nil-empty] -> list
func remove(list []string, s string) []string {
	var out []string
	for _, v := range list {
		if v != s {
			out = append(out, v)
		}
	}
	return out
}

// want: Contains
func (w Widget) Carries(name string) bool {
	for i := range w.Finalizers {
		if w.Finalizers[i] == name {
			return true
		}
	}
	return false
}

// want: !Contains
func (w *Widget) NeedsFinalizer(name string) bool {
	return !slices.Contains(w.GetFinalizers(), name)
}

// want: Add -> changed
func (w *Widget) EnsureFinalizer(name string) bool {
	if w.HasFinalizer(name) {
		return false
	}
	w.AddFinalizer(name)
	return true
}

// want: Remove [nil-empty] -> changed
func (w *Widget) ReleaseFinalizer(name string) bool {
	before := len(w.Finalizers)
	w.RemoveFinalizer(name)
	return len(w.Finalizers) < before
}

// want: HasAny
func (w *Widget) Held() bool { return len(w.Finalizers) > 0 }

// want: !HasAny
func (w *Widget) Free() bool { return !w.Held() }

// want: Clear
func (w *Widget) ClearFinalizers() { w.Finalizers = []string{} }

// want: SetIfEmpty
func (w *Widget) DefaultFinalizer(name string) {
	if w.Free() {
		w.SetFinalizers([]string{name})
	}
}

// want: SameCount
func (w *Widget) SameFinalizerCount(other *Widget) bool {
	return len(w.Finalizers) == len(other.GetFinalizers())
}

// want: Contains
// key: WidgetFinalizer
func (w *Widget) HasWidgetFinalizer() bool {
	return w.HasFinalizer(WidgetFinalizer)
}

// want: Add
// key: WidgetFinalizer
func (w *Widget) Hold() {
	if !w.HasWidgetFinalizer() {
		w.SetFinalizers(append(w.GetFinalizers(), WidgetFinalizer))
	}
}

// want: Remove
// key: WidgetFinalizer
func (w *Widget) Release() {
	list := w.Finalizers[:0]
	for _, f := range w.Finalizers {
		if f != WidgetFinalizer {
			list = append(list, f)
		}
	}
	w.Finalizers = list
}

// want: Add [duplicate] -> object
// key: WidgetFinalizer
func (w *Widget) Holding() *Widget {
	w.Finalizers = append(w.Finalizers, WidgetFinalizer)
	return w
}

// The receiver is a copy, and the caller's widget keeps its list.
// want: none
func (w Widget) AddToCopy(name string) {
	w.Finalizers = append(w.Finalizers, name)
}

// want: none
func (w Widget) ClearCopy() {
	w.SetFinalizers(nil)
}

// Each one sets the other's list.
// want: none
func (w *Widget) CopyFinalizersTo(other *Widget) {
	other.SetFinalizers(w.GetFinalizers())
}
