// Package v1 is the API of lighthouse.
package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version that beacons are served under.
var GroupVersion = schema.GroupVersion{Group: "lighthouse.example.com", Version: "v1"}

// AddToScheme teaches a scheme the types of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &Beacon{}, &BeaconList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}

// Beacon is a light on the coast.
type Beacon struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Status BeaconStatus `json:"status,omitempty"`
}

// BeaconStatus says what a beacon does.
type BeaconStatus struct {
	Lit bool `json:"lit,omitempty"`
}

// BeaconList is a list of beacons.
type BeaconList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Beacon `json:"items"`
}

// DeepCopy makes a copy that shares nothing with the beacon.
func (in *Beacon) DeepCopy() *Beacon {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// DeepCopyObject is what runtime.Object wants.
func (in *Beacon) DeepCopyObject() runtime.Object {
	return in.DeepCopy()
}

// DeepCopyObject is what runtime.Object wants.
func (in *BeaconList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]Beacon, len(in.Items))
	for i := range in.Items {
		out.Items[i] = *in.Items[i].DeepCopy()
	}
	return &out
}
