"""A small checkout for tests of what surrounds a migration: files are edited, deleted, and one is new."""

from __future__ import annotations

GO_MOD = """\
module example.com/fleet

go 1.24

require (
	k8s.io/apimachinery v0.33.0
	sigs.k8s.io/controller-runtime v0.21.0
)
"""
_TYPES = """\
package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

type Ship struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

func (in *Ship) DeepCopyObject() runtime.Object { return in }
"""
SHIPS = """\
package ships

import v1 "example.com/fleet/api/v1"

func drop(ship *v1.Ship) {
	if held(ship, finalizer) {
		ship.SetFinalizers([]string{})
	}
}
"""
_HELPERS = """\
package ships

import v1 "example.com/fleet/api/v1"

const finalizer = "flyte-finalizer"

func held(ship *v1.Ship, name string) bool {
	for _, f := range ship.Finalizers {
		if f == name {
			return true
		}
	}
	return false
}
"""
_HELPERS_TEST = """\
package ships

import (
	"testing"

	v1 "example.com/fleet/api/v1"
)

func TestHeld(t *testing.T) {
	if held(&v1.Ship{}, finalizer) {
		t.Fatal("held")
	}
}
"""
FILES = {
    "go.mod": GO_MOD,
    "api/v1/types.go": _TYPES,
    "ships/ships.go": SHIPS,
    "ships/helpers.go": _HELPERS,
    "ships/helpers_test.go": _HELPERS_TEST,
}
