package shapes

import (
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// want: Contains
func Includes[T comparable](list []T, wanted T) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}

// want: Contains -> index
func IndexOf[T comparable](list []T, wanted T) int {
	for i := range list {
		if list[i] == wanted {
			return i
		}
	}
	return -1
}

// want: Remove [nil-empty] -> list
func Without[T comparable](list []T, unwanted T) []T {
	var out []T
	for _, item := range list {
		if item != unwanted {
			out = append(out, item)
		}
	}
	return out
}

// want: Remove -> list
func Reject[S ~[]E, E comparable](list S, unwanted E) S {
	return slices.DeleteFunc(list, func(e E) bool { return e == unwanted })
}

// Filter keeps the entries for which keep returns true.
func Filter[T any](list []T, keep func(T) bool) []T {
	out := make([]T, 0)
	for _, item := range list {
		if keep(item) {
			out = append(out, item)
		}
	}
	return out
}

// want: Add -> list
func Union[T comparable](list []T, wanted ...T) []T {
	for _, w := range wanted {
		if !Includes(list, w) {
			list = append(list, w)
		}
	}
	return list
}

// want: !HasAny
func Empty[T any](list []T) bool { return len(list) == 0 }

// want: Contains
func carries[T client.Object](o T, name string) bool {
	return Includes(o.GetFinalizers(), name)
}

// want: Remove [nil-empty]
func release[T client.Object](o T, name string) {
	o.SetFinalizers(Filter(o.GetFinalizers(), func(f string) bool { return f != name }))
}

// want: Remove [nil-empty]
func releaseExplicitly(o client.Object, name string) {
	o.SetFinalizers(Without[string](o.GetFinalizers(), name))
}

// want: Add
func hold[T client.Object](o T, name string) {
	o.SetFinalizers(Union(o.GetFinalizers(), name))
}

// Keeps what it should drop.
// want: none
func Only[T comparable](list []T, wanted T) []T {
	return Filter(list, func(item T) bool { return item == wanted })
}
