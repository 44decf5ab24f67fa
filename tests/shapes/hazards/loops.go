package shapes

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// want: none
func containsInverted(list []string, s string) bool {
	for _, item := range list {
		if item != s {
			return true
		}
	}
	return false
}

// want: none
func comparesAndBreaks(list []string, s string) bool {
	found := false
	for _, item := range list {
		if item != s {
			break
		}
		found = true
	}
	return found
}

// want: none
func lastOneWins(list []string, s string) bool {
	found := false
	for _, item := range list {
		found = item == s
	}
	return found
}

// want: none
func decidesAtOnce(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		} else {
			return false
		}
	}
	return false
}

// want: none
func allEqual(list []string, s string) bool {
	for _, item := range list {
		if item != s {
			return false
		}
	}
	return true
}

// want: none
func odd(list []string, s string) bool {
	found := false
	for _, item := range list {
		if item == s {
			found = !found
		}
	}
	return found
}

// want: none
func addWhenPresent(o metav1.Object, k string) {
	if slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
}

// want: none
func addWhenAny(o metav1.Object, k string) {
	if len(o.GetFinalizers()) > 0 {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
}

// want: none
func addForEachOther(o metav1.Object, k string) {
	list := o.GetFinalizers()
	for _, f := range list {
		if f != k {
			list = append(list, k)
		}
	}
	o.SetFinalizers(list)
}

// want: none
func clearWhenPresent(o metav1.Object, k string) {
	for _, f := range o.GetFinalizers() {
		if f == k {
			o.SetFinalizers(nil)
			return
		}
	}
}

// want: none
func setWhenMissing(o metav1.Object, k string) {
	if !slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers([]string{k})
	}
}

// want: none
func setIfNil(o metav1.Object, k string) {
	if o.GetFinalizers() == nil {
		o.SetFinalizers([]string{k})
	}
}

// Stops filtering at the first that stays.
// want: none
func removeLeading(list []string, s string) []string {
	for len(list) > 0 && list[0] == s {
		list = list[1:]
	}
	return list
}

// want: none
func keepsUntilFound(list []string, s string) (out []string) {
	for _, item := range list {
		if item == s {
			break
		}
		out = append(out, item)
	}
	return out
}

// Panics wherever an entry follows the one that goes.
// want: none
func cutWhileIndexing(list []string, s string) []string {
	for i := range list {
		if list[i] == s {
			list = append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// want: none
func keepOnly(list []string, s string) []string {
	return slices.DeleteFunc(list, func(item string) bool { return item != s })
}

// want: none
func swapNames(list []string, from, to string) []string {
	for i := range list {
		switch list[i] {
		case from:
			list[i] = to
		case to:
			list[i] = from
		}
	}
	return list
}

// want: none
func rename(o metav1.Object, from, to string) {
	list := o.GetFinalizers()
	for i, f := range list {
		if f == from {
			list[i] = to
		}
	}
	o.SetFinalizers(list)
}

// want: none
func toggle(list []string, s string) []string {
	if i := slices.Index(list, s); i >= 0 {
		return append(list[:i], list[i+1:]...)
	}
	return append(list, s)
}

// want: none
func compact(list []string) []string {
	return slices.Compact(list)
}

// want: none
func deduplicate(list []string) []string {
	var out []string
	for _, item := range list {
		if !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	return out
}

// want: none
func secondPassUndoes(list []string, s string) []string {
	out := slices.DeleteFunc(slices.Clone(list), func(item string) bool { return item == s })
	for _, item := range list {
		if item == s {
			out = append(out, item)
		}
	}
	return out
}

// want: opaque
func containsRecursively(list []string, s string) bool {
	if len(list) == 0 {
		return false
	}
	return list[0] == s || containsRecursively(list[1:], s)
}

// want: opaque
func removeRecursively(list []string, s string) []string {
	i := slices.Index(list, s)
	if i < 0 {
		return list
	}
	return removeRecursively(append(list[:i], list[i+1:]...), s)
}

// Loops that end in their first round are walks of nothing.
// want: Contains
func containsBeforeManyLoops(o metav1.Object, k string) bool {
	for _, f := range o.GetFinalizers() {
		if f == k {
			return true
		}
	}
	for {
		for {
			for {
				for {
					for {
						for {
							for {
								for {
									for {
										for {
											for {
												for {
													for {
														for {
															for {
																for {
																	for {
																		for {
																			for {
																				for {
																					return false
																				}
																			}
																		}
																	}
																}
															}
														}
													}
												}
											}
										}
									}
								}
							}
						}
					}
				}
			}
		}
	}
}

// want: Add -> changed
func addAfterManyLoops(o metav1.Object, k string) bool {
	if containsBeforeManyLoops(o, k) {
		return false
	}
	o.SetFinalizers(append(o.GetFinalizers(), k))
	return true
}
