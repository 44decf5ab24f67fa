// Package slices is not the one of the standard library.
package slices

// Contains asks for another thing than its name says.
// want: none
func Contains(list []string, s string) bool {
	for _, item := range list {
		if item != s {
			return true
		}
	}
	return false
}
