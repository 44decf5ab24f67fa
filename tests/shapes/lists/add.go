package shapes

import "slices"

// want: Add -> list
func addString(list []string, s string) []string {
	for _, item := range list {
		if item == s {
			return list
		}
	}
	return append(list, s)
}

// want: Add -> list
func addIfMissing(list []string, s string) []string {
	if !containsString(list, s) {
		list = append(list, s)
	}
	return list
}

// want: Add -> list
func addByFlag(list []string, s string) []string {
	seen := false
	for i := range list {
		if list[i] == s {
			seen = true
		}
	}
	if seen {
		return list
	}
	return append(list, s)
}

// want: Add -> list
func addToFreshCopy(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	out := make([]string, len(list), len(list)+1)
	copy(out, list)
	return append(out, s)
}

// want: Add -> list
func addIntoLastSlot(list []string, s string) []string {
	if slices.Index(list, s) != -1 {
		return list
	}
	grown := make([]string, len(list)+1)
	copy(grown, list)
	grown[len(list)] = s
	return grown
}

// want: Add [duplicate] -> list
func push(list []string, s string) []string {
	return append(list, s)
}

// want: Add [duplicate] -> list
func pushUnlessHead(list []string, s string) []string {
	if len(list) > 0 && list[0] == s {
		return list
	}
	return append(list, s)
}

// want: Add [duplicate, order] -> list
func unshift(list []string, s string) []string {
	return append([]string{s}, list...)
}

// want: Add [order] -> list
func unshiftIfMissing(list []string, s string) []string {
	if containsString(list, s) {
		return list
	}
	return append([]string{s}, list...)
}

// want: Add [sorted] -> list
func addAndSort(list []string, s string) []string {
	list = addIfMissing(slices.Clone(list), s)
	slices.Sort(list)
	return list
}

// want: Add [dedup, order] -> list
func moveToEnd(list []string, s string) []string {
	return append(removeString(list, s), s)
}

// want: Add [dedup] -> list
func addAndDeduplicate(list []string, s string) []string {
	var out []string
	for _, item := range append(list, s) {
		if !containsString(out, item) {
			out = append(out, item)
		}
	}
	return out
}

// want: Add -> list
func addStrings(list []string, wanted ...string) []string {
	for _, w := range wanted {
		list = addString(list, w)
	}
	return list
}

// want: Add [duplicate] -> list
func pushStrings(list []string, wanted ...string) []string {
	return append(list, wanted...)
}

// want: Add -> list,changed
func addAndTell(list []string, s string) ([]string, bool) {
	if containsString(list, s) {
		return list, false
	}
	return append(list, s), true
}

// want: Add -> changed,list
func tellAndAdd(list []string, s string) (added bool, out []string) {
	out = list
	if added = positionOf(out, s) < 0; added {
		out = append(out, s)
	}
	return
}

// want: Add -> changed
func addTo(list *[]string, s string) bool {
	if containsString(*list, s) {
		return false
	}
	*list = append(*list, s)
	return true
}

// want: SetIfEmpty -> list
func defaultTo(list []string, s string) []string {
	if len(list) == 0 {
		return []string{s}
	}
	return list
}

// want: SetIfEmpty -> list
func defaultByAppend(list []string, s string) []string {
	if len(list) < 1 {
		list = append(list, s)
	}
	return list
}
