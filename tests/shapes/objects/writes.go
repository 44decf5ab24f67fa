package shapes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// want: Add [duplicate]
func appendFinalizer(o metav1.Object, k string) {
	f := append(o.GetFinalizers(), k)
	o.SetFinalizers(f)
}

// want: Add [duplicate]
func appendFinalizerNested(o client.Object, k string) {
	o.SetFinalizers(append(o.GetFinalizers(), k))
}

// want: Add [duplicate]
func appendToPod(pod *corev1.Pod, k string) {
	pod.Finalizers = append(pod.Finalizers, k)
}

// want: Add [duplicate]
func appendToPodMeta(pod *corev1.Pod, k string) {
	pod.ObjectMeta.Finalizers = append(pod.ObjectMeta.Finalizers, k)
}

// want: Add [duplicate]
func appendToPodMixed(pod *corev1.Pod, k string) {
	pod.SetFinalizers(append(pod.ObjectMeta.Finalizers, []string{k}...))
}

// want: Add [duplicate] -> object
func appendAndReturn(b *Backup, k string) *Backup {
	b.Finalizers = append(b.Finalizers, k)
	return b
}

// want: Add [duplicate, order]
func putInFront(o metav1.Object, k string) {
	o.SetFinalizers(append([]string{k}, o.GetFinalizers()...))
}

// want: Add [duplicate]
func appendThroughPointer(b *Backup, k string) {
	list := &b.Finalizers
	*list = append(*list, k)
}

// want: Add [duplicate]
func appendThroughMeta(b *Backup, k string) {
	meta := &b.ObjectMeta
	meta.Finalizers = append(meta.Finalizers, k)
}

// want: Add
func ensureFinalizer(o metav1.Object, k string) {
	if !hasFinalizer(o, k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
}

// want: Add
func ensureByLoop(o metav1.Object, k string) {
	list := o.GetFinalizers()
	for _, f := range list {
		if f == k {
			return
		}
	}
	list = append(list, k)
	o.SetFinalizers(list)
}

// want: Add
func ensureByFlag(pod *corev1.Pod, k string) {
	present := false
	for i := 0; i < len(pod.Finalizers); i++ {
		if pod.Finalizers[i] == k {
			present = true
			break
		}
	}
	if !present {
		pod.Finalizers = append(pod.Finalizers, k)
	}
}

// want: Add
func ensureByGuard(b *Backup, k string) {
	if slices.Contains(b.Finalizers, k) {
		return
	}
	b.Finalizers = append(b.Finalizers, k)
}

// want: Add
func ensureByRewriting(b *Backup, k string) {
	kept := make([]string, 0, len(b.Finalizers)+1)
	seen := false
	for _, f := range b.Finalizers {
		if f == k {
			seen = true
		}
		kept = append(kept, f)
	}
	if !seen {
		kept = append(kept, k)
	}
	b.SetFinalizers(kept)
}

// want: Add -> changed
func ensureAndTell(o client.Object, k string) bool {
	if slices.Contains(o.GetFinalizers(), k) {
		return false
	}
	o.SetFinalizers(append(o.GetFinalizers(), k))
	return true
}

// want: Add -> changed
func ensureNamedResult(b *Backup, k string) (changed bool) {
	if changed = !hasFinalizer(b, k); changed {
		b.Finalizers = append(b.Finalizers, k)
	}
	return
}

// want: Add -> changed
func ensureComparingLengths(o metav1.Object, k string) bool {
	before := len(o.GetFinalizers())
	ensureFinalizer(o, k)
	return len(o.GetFinalizers()) > before
}

// want: Add [duplicate] -> changed
func appendAndTell(o metav1.Object, k string) bool {
	o.SetFinalizers(append(o.GetFinalizers(), k))
	return true
}

// want: Add -> error
func ensureWithError(o metav1.Object, k string) error {
	for _, f := range o.GetFinalizers() {
		if f == k {
			return nil
		}
	}
	o.SetFinalizers(append(o.GetFinalizers(), k))
	return nil
}

// want: Add
func ensureOnOwnInterface(o finalized, k string) {
	list := o.GetFinalizers()
	idx := slices.IndexFunc(list, func(f string) bool { return f == k })
	if idx < 0 {
		o.SetFinalizers(append(list, k))
	}
}

// want: Add
func ensureOnCopyBack(b *Backup, k string) {
	c := b.DeepCopy()
	ensureFinalizer(c, k)
	b.SetFinalizers(c.GetFinalizers())
}

// want: SetIfEmpty
func setIfEmpty(o metav1.Object, k string) {
	if len(o.GetFinalizers()) == 0 {
		o.SetFinalizers([]string{k})
	}
}

// want: SetIfEmpty
func setUnlessAny(pod *corev1.Pod, k string) {
	if len(pod.Finalizers) > 0 {
		return
	}
	pod.Finalizers = []string{k}
}

// want: SetIfEmpty
func setWhenNone(b *Backup, k string) {
	if !hasAny(b) {
		b.ObjectMeta.Finalizers = append(b.ObjectMeta.Finalizers, k)
	}
}

// want: SetIfEmpty
func setWhenNoneByHelper(b *Backup, k string) {
	if hasNone(b) {
		appendFinalizer(b, k)
	}
}

// want: SetIfEmpty
func setIfEmptyInOneLoop(b *Backup, k string) {
	for range b.Finalizers {
		return
	}
	b.Finalizers = []string{k}
}

// want: SetIfEmpty -> changed
func setIfEmptyAndTell(o client.Object, k string) bool {
	if len(o.GetFinalizers()) != 0 {
		return false
	}
	one := make([]string, 1)
	one[0] = k
	o.SetFinalizers(one)
	return true
}

// want: Remove [nil-empty]
func dropFinalizer(o metav1.Object, k string) {
	var kept []string
	for _, f := range o.GetFinalizers() {
		if f != k {
			kept = append(kept, f)
		}
	}
	o.SetFinalizers(kept)
}

// want: Remove
func dropInPlace(o client.Object, k string) {
	list := o.GetFinalizers()
	kept := list[:0]
	for i := range list {
		if list[i] == k {
			continue
		}
		kept = append(kept, list[i])
	}
	o.SetFinalizers(kept)
}

// want: Remove [first-only]
func dropFromPod(pod *corev1.Pod, k string) {
	for i, f := range pod.Finalizers {
		if f == k {
			pod.Finalizers = append(pod.Finalizers[:i], pod.Finalizers[i+1:]...)
			return
		}
	}
}

// want: Remove [first-only]
func dropFromPodMeta(pod *corev1.Pod, k string) {
	idx := -1
	for i := range pod.ObjectMeta.Finalizers {
		if pod.ObjectMeta.Finalizers[i] == k {
			idx = i
			break
		}
	}
	if idx >= 0 {
		pod.ObjectMeta.Finalizers = append(pod.ObjectMeta.Finalizers[:idx], pod.ObjectMeta.Finalizers[idx+1:]...)
	}
}

// want: Remove [first-only]
func dropBySwapFree(b *Backup, k string) {
	i := finalizerIndex(b, k)
	if i < 0 {
		return
	}
	head, tail := b.Finalizers[:i], b.Finalizers[i+1:]
	b.SetFinalizers(append(head, tail...))
}

// want: Remove [first-only, order]
func dropBySwap(b *Backup, k string) {
	i := finalizerIndex(b, k)
	if i < 0 {
		return
	}
	last := len(b.Finalizers) - 1
	b.Finalizers[i] = b.Finalizers[last]
	b.Finalizers = b.Finalizers[:last]
}

// want: Remove
func dropWithStd(b *Backup, k string) {
	b.Finalizers = slices.DeleteFunc(b.Finalizers, func(f string) bool { return f == k })
}

// want: Remove [first-only]
func dropWithStdDelete(b *Backup, k string) {
	if idx := slices.Index(b.Finalizers, k); idx != -1 {
		b.Finalizers = slices.Delete(b.Finalizers, idx, idx+1)
	}
}

// want: Remove
func dropWhilePresent(b *Backup, k string) {
	for hasFinalizer(b, k) {
		dropWithStdDelete(b, k)
	}
}

// want: Remove
func dropGuarded(b *Backup, k string) {
	if !hasFinalizer(b, k) {
		return
	}
	rest := []string{}
	for _, f := range b.Finalizers {
		if f != k {
			rest = append(rest, f)
		}
	}
	b.Finalizers = rest
}

// want: Remove [nil-empty] -> changed
func dropAndTell(o metav1.Object, k string) bool {
	list := o.GetFinalizers()
	var kept []string
	found := false
	for _, f := range list {
		if f == k {
			found = true
		} else {
			kept = append(kept, f)
		}
	}
	if found {
		o.SetFinalizers(kept)
	}
	return found
}

// want: Remove -> changed
func dropComparingLengths(o metav1.Object, k string) bool {
	before := o.GetFinalizers()
	after := slices.DeleteFunc(slices.Clone(before), func(f string) bool { return f == k })
	o.SetFinalizers(after)
	return len(before) != len(after)
}

// want: Remove [leftover] -> changed
func dropAndSkip(o metav1.Object, k string) bool {
	changed := false
	list := o.GetFinalizers()
	for i := 0; i < len(list); i++ {
		if list[i] == k {
			list = append(list[:i], list[i+1:]...)
			changed = true
		}
	}
	o.SetFinalizers(list)
	return changed
}

// want: Remove [nil-empty] -> list
func finalizersWithout(o metav1.Object, k string) []string {
	out := []string{}
	for _, f := range o.GetFinalizers() {
		if f != k {
			out = append(out, f)
		}
	}
	return out
}

// want: Remove [nil-empty]
func dropThroughHelper(o metav1.Object, k string) {
	o.SetFinalizers(finalizersWithout(o, k))
}

// want: Remove [nil-empty] -> object
func dropAndReturn(b *Backup, k string) *Backup {
	b.Finalizers = finalizersWithout(b, k)
	return b
}
