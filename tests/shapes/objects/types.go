package shapes

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Backup is an API type of this module.
type Backup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec BackupSpec `json:"spec,omitempty"`
}

// BackupSpec says what to back up.
type BackupSpec struct {
	Volume string `json:"volume,omitempty"`
}

// DeepCopy gives a copy that shares nothing.
func (in *Backup) DeepCopy() *Backup {
	if in == nil {
		return nil
	}
	out := new(Backup)
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return out
}

// DeepCopyObject makes a Backup a runtime.Object.
func (in *Backup) DeepCopyObject() runtime.Object {
	return in.DeepCopy()
}
