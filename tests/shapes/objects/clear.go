package shapes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// want: Clear
func clearAll(o metav1.Object) { o.SetFinalizers(nil) }

// want: Clear
func clearToEmpty(o client.Object) { o.SetFinalizers([]string{}) }

// want: Clear
func clearPod(pod *corev1.Pod) { pod.Finalizers = nil }

// want: Clear
func clearPodMeta(pod *corev1.Pod) { pod.ObjectMeta.Finalizers = []string{} }

// want: Clear
func clearByTruncating(b *Backup) { b.Finalizers = b.Finalizers[:0] }

// want: Clear
func clearByMake(b *Backup) { b.SetFinalizers(make([]string, 0)) }

// want: Clear
func clearByVar(b *Backup) {
	var none []string
	b.SetFinalizers(none)
}

// want: Clear
func clearByConversion(b *Backup) { b.SetFinalizers([]string(nil)) }

// want: Clear
func clearWhenAny(o metav1.Object) {
	if len(o.GetFinalizers()) > 0 {
		o.SetFinalizers([]string{})
	}
}

// want: Clear
func clearUnlessNil(pod *corev1.Pod) {
	if pod.Finalizers != nil {
		pod.Finalizers = nil
	}
}

// want: Clear -> changed
func clearAndTell(o metav1.Object) bool {
	if len(o.GetFinalizers()) == 0 {
		return false
	}
	o.SetFinalizers(nil)
	return true
}

// want: Clear -> changed
func clearAndTellFirst(o metav1.Object) (had bool) {
	had = hasAny(o)
	clearAll(o)
	return
}

// want: Clear
func clearThroughAlias(b *Backup) {
	alias := b
	alias.Finalizers = nil
}

// want: Clear
func clearOneByOne(b *Backup) {
	for len(b.Finalizers) > 0 {
		b.Finalizers = b.Finalizers[1:]
	}
}

// want: Clear
func clearRemovingEach(b *Backup) {
	for _, f := range slices.Clone(b.Finalizers) {
		dropWithStd(b, f)
	}
}

// want: Clear
func clearDroppingEverything(b *Backup) {
	b.Finalizers = slices.DeleteFunc(b.Finalizers, func(string) bool { return true })
}

// want: Clear -> object
func cleared(b *Backup) *Backup {
	b.SetFinalizers(nil)
	return b
}

// Not empty afterwards: every other finalizer is lost too.
// want: Add [overwrites]
func replaceAll(o metav1.Object, k string) {
	o.SetFinalizers([]string{k})
}

// want: none
func replaceWhenAny(o metav1.Object, k string) {
	if len(o.GetFinalizers()) > 0 {
		o.SetFinalizers([]string{k})
	}
}
