package shapes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// want: opaque
func hasLabel(o metav1.Object, k string) bool {
	for name := range o.GetLabels() {
		if name == k {
			return true
		}
	}
	return false
}

// want: opaque
func hasAnnotation(o client.Object, k string) bool {
	_, ok := o.GetAnnotations()[k]
	return ok
}

// want: opaque
func finalizerOrAnnotation(o client.Object, k string) bool {
	if _, ok := o.GetAnnotations()[k]; ok {
		return true
	}
	return slices.Contains(o.GetFinalizers(), k)
}

// want: none
func hasOwner(o metav1.Object, k string) bool {
	for _, ref := range o.GetOwnerReferences() {
		if ref.Name == k {
			return true
		}
	}
	return false
}

// want: none
func hasOwners(o metav1.Object) bool { return len(o.GetOwnerReferences()) > 0 }

// want: none
func addToSpec(c *Cluster, k string) {
	c.Spec.Finalizers = append(c.Spec.Finalizers, k)
}

// want: none
func statusHas(c *Cluster, k string) bool {
	for _, f := range c.Status.Finalizers {
		if f == k {
			return true
		}
	}
	return false
}

// want: none
func addToTemplate(c *Cluster, k string) {
	template := &c.Spec.Template
	if !slices.Contains(template.Finalizers, k) {
		template.Finalizers = append(template.Finalizers, k)
	}
}

// want: none
func clearTemplate(c *Cluster) { c.Spec.Template.ObjectMeta.Finalizers = nil }

// want: none
func templateHasAny(c *Cluster) bool { return len(c.Spec.Template.Finalizers) > 0 }

// want: opaque
func namespaceIsHeld(ns *corev1.Namespace) bool {
	for _, f := range ns.Spec.Finalizers {
		if f == corev1.FinalizerKubernetes {
			return true
		}
	}
	return false
}

// want: none
func clearNamespaceSpec(ns *corev1.Namespace) { ns.Spec.Finalizers = nil }

// want: opaque
func (o *Options) AddFinalizer(k string) {
	o.Finalizers = append(o.Finalizers, k)
}

// want: opaque
func (o *Options) HasFinalizer(k string) bool {
	return slices.Contains(o.Finalizers, k)
}

// want: opaque
func optionsAny(opts Options) bool { return len(opts.Finalizers) > 0 }

// want: none
func copyToTemplate(c *Cluster) {
	c.Spec.Template.Finalizers = c.Finalizers
}

// want: none
func setNameInstead(o metav1.Object, k string) { o.SetName(k) }

// want: none
func addWithLabel(o metav1.Object, k string) {
	if !slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
	o.SetLabels(map[string]string{k: ""})
}

// want: none
func addAndCount(c *Cluster, k string) {
	if !slices.Contains(c.Finalizers, k) {
		c.Finalizers = append(c.Finalizers, k)
		c.Status.Count++
	}
}

// want: none
func removeAndUndelete(c *Cluster, k string) {
	c.Finalizers = slices.DeleteFunc(c.Finalizers, func(f string) bool { return f == k })
	c.DeletionTimestamp = nil
	c.Spec.Paused = true
}

// want: none
func selfNamed(o metav1.Object) bool {
	return slices.Contains(o.GetFinalizers(), o.GetName())
}

// want: opaque
func addOutsideKubeSystem(o metav1.Object, k string) {
	if o.GetNamespace() == "kube-system" || slices.Contains(o.GetFinalizers(), k) {
		return
	}
	o.SetFinalizers(append(o.GetFinalizers(), k))
}

// want: opaque
func hasUnlessPaused(c *Cluster, k string) bool {
	return !c.Spec.Paused && slices.Contains(c.Finalizers, k)
}

// want: opaque
func removeUnlessPaused(c *Cluster, k string) {
	if c.Spec.Paused {
		return
	}
	c.Finalizers = slices.DeleteFunc(c.Finalizers, func(f string) bool { return f == k })
}

// want: opaque
func clearWhenForced(o metav1.Object, opts Options) {
	if opts.Force {
		o.SetFinalizers(nil)
	}
}

// want: opaque
func addWhenEnabled(o metav1.Object, k string, enabled bool) {
	if enabled && !slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
}

// want: opaque
func setCountFromField(c *Cluster, other *Cluster) bool {
	return len(c.Finalizers) == other.Status.Count
}

// want: none
func addWhenReady(c *Cluster, k string) {
	if c.Status.Count == 1 {
		c.Finalizers = append(c.Finalizers, k)
	}
}

// want: none
func checksOneWritesOther(a, b metav1.Object, k string) {
	if !slices.Contains(a.GetFinalizers(), k) {
		b.SetFinalizers(append(b.GetFinalizers(), k))
	}
}

// want: none
func setIfOtherEmpty(a, b metav1.Object, k string) {
	if len(a.GetFinalizers()) == 0 {
		b.SetFinalizers([]string{k})
	}
}

// want: none
func mergeFinalizers(dst, src metav1.Object) {
	list := dst.GetFinalizers()
	for _, f := range src.GetFinalizers() {
		if !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	dst.SetFinalizers(list)
}

// want: none
func sameCountAsItself(a, b metav1.Object) bool {
	return len(a.GetFinalizers()) == len(a.GetFinalizers()) && b != nil
}
