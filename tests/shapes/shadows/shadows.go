// Package shapes declares names anew that Go has already.
package shapes

import (
	. "example.com/shapes/odd"
	slices "example.com/shapes/odd"
)

var append = func(list []string, s string) []string { return list }

func len(list []string) int { return 1 }

const (
	true  = false
	other = 1
)

// want: none
func addNothing(list []string, s string) []string {
	return append(list, s)
}

// want: none
func alwaysAny(list []string) bool { return len(list) > 0 }

// want: none
func neverTrue(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

// want: none
func otherPackage(list []string, s string) bool { return slices.Contains(list, s) }

// want: none
func dotImport(list []string, s string) bool { return Contains(list, s) }
