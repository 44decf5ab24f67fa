// Package shapes holds code that looks like one of the operations and is none.
package shapes

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Cluster is an API type with things called Finalizers that are not its own.
type Cluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ClusterSpec   `json:"spec,omitempty"`
	Status ClusterStatus `json:"status,omitempty"`
}

// ClusterSpec is what is wanted.
type ClusterSpec struct {
	Paused     bool
	Finalizers []string
	Template   corev1.PodTemplateSpec
	Namespace  corev1.NamespaceSpec
}

// ClusterStatus is what is.
type ClusterStatus struct {
	Finalizers []string
	Count      int
}

// DeepCopy gives a copy.
func (in *Cluster) DeepCopy() *Cluster {
	out := new(Cluster)
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return out
}

// DeepCopyObject makes a Cluster a runtime.Object.
func (in *Cluster) DeepCopyObject() runtime.Object { return in.DeepCopy() }

// Options is no Kubernetes object.
type Options struct {
	Finalizers []string
	Force      bool
}
