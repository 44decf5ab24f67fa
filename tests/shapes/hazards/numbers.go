package shapes

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// want: opaque
func addUpToDoubled(o metav1.Object, k string) {
	two := 1 + 1
	four := two + two
	sixteen := four + four + four + four
	list := o.GetFinalizers()
	if len(list) < sixteen+sixteen && !slices.Contains(list, k) {
		o.SetFinalizers(append(list, k))
	}
}

// want: opaque
func addUpToCalled(o metav1.Object, k string) {
	double := func(n int) int { return n + n }
	list := o.GetFinalizers()
	if len(list) < double(double(double(double(double(1))))) && !slices.Contains(list, k) {
		o.SetFinalizers(append(list, k))
	}
}

// want: opaque
func addUpToLoop(list []string, s string) []string {
	limit := 1
	for range 1 + 1 + 1 + 1 + 1 {
		limit += limit
	}
	if len(list) > limit || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// Long lists are counted to a limit that short lists never build.
// want: opaque
func addUpToWhenLong(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	if len(list) > 1+1+1+1 {
		limit := len(list)
		for i := 0; i < len(list); i++ {
			limit++
		}
		if limit > 1+1+1+1+len(list)+len(list) {
			return list
		}
	}
	return append(list, s)
}

// want: opaque
func addUpToLiteral(list []string, s string) []string {
	limit := []string{s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s}
	if len(list) >= len(limit) || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// Looks at the first thirty-two only, and counts nothing.
// want: opaque
func containsForSomeTurns(list []string, s string) bool {
	turns := []string{s, s}
	turns = append(turns, turns...)
	turns = append(turns, turns...)
	turns = append(turns, turns...)
	turns = append(turns, turns...)
	for range turns {
		if len(list) == 0 {
			return false
		}
		if list[0] == s {
			return true
		}
		list = list[1:]
	}
	return false
}

// Sixteen passes of one step each.
// want: opaque
func containsByPasses(list []string, s string) bool {
	step := func(rest []string) []string {
		if len(rest) > 0 && rest[0] != s {
			return rest[1:]
		}
		return rest
	}
	twice := func(rest []string) []string { return step(step(rest)) }
	four := func(rest []string) []string { return twice(twice(rest)) }
	rest := four(four(four(four(list))))
	return len(rest) > 0 && rest[0] == s
}

// want: none
func occursUnsigned(list []string, s string) bool {
	var n uint
	for _, item := range list {
		if item == s {
			n++
		}
	}
	return n-1 >= 0
}

// want: opaque
func occursInSmall(list []string, s string) bool {
	var n int8
	for _, item := range list {
		if item == s {
			n++
		}
	}
	return n > 0
}

// want: opaque
func unsignedParameter(list []string, s string) bool {
	below := func(n uint) bool { return n-1 < n }
	if slices.Contains(list, s) {
		return below(1)
	}
	return below(0)
}

// want: opaque
func occursInFloat(list []string, s string) bool {
	var share float64 = 0
	for _, item := range list {
		if item == s {
			share += 1
		}
	}
	return share > 0
}

// want: opaque
func deletingWhenFew(o metav1.Object) bool {
	return o.GetDeletionTimestamp() != nil && len(o.GetFinalizers()) <= 1+1+1
}

// want: none
func lastInOrder(list []string, s string) bool {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return len(sorted) > 0 && sorted[len(sorted)-1] == s
}

// want: none
func dropLastInOrder(o metav1.Object, k string) {
	sorted := slices.Clone(o.GetFinalizers())
	slices.Sort(sorted)
	if n := len(sorted); n > 0 && sorted[n-1] == k {
		sorted = sorted[:n-1]
	}
	o.SetFinalizers(sorted)
}

// want: opaque
func containsBelowCapacity(list []string, s string) bool {
	room := append(list[:0:0], list...)
	return slices.Contains(room[:cap(room)], s)
}
