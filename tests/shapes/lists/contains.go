package shapes

import "slices"

// want: Contains
func containsString(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

// want: Contains
func isListed(name string, names []string) bool {
	for i := range names {
		if names[i] == name {
			return true
		}
	}

	return false
}

// want: Contains
func hasEntry(entries []string, wanted string) bool {
	found := false
	for _, entry := range entries {
		if entry == wanted {
			found = true
			break
		}
	}
	return found
}

// want: Contains
func hasEntrySlowly(entries []string, wanted string) bool {
	var found bool
	for _, entry := range entries {
		if wanted != entry {
			continue
		}
		found = true
	}
	return found
}

// want: Contains
func anyEqual(values []string, value string) (ok bool) {
	for i := 0; i < len(values); i++ {
		ok = ok || values[i] == value
	}
	return
}

// want: Contains
func includesFromTheEnd(xs []string, x string) bool {
	for i := len(xs) - 1; i >= 0; i-- {
		if xs[i] == x {
			return true
		}
	}
	return false
}

// want: Contains
func occurs(haystack []string, needle string) bool {
	n := 0
	for _, straw := range haystack {
		if straw == needle {
			n++
		}
	}
	return n > 0
}

// want: !Contains
func isMissing(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return false
		}
	}
	return true
}

// want: !Contains
func lacks(list []string, s string) bool {
	absent := true
	for _, item := range list {
		absent = absent && item != s
	}
	return absent
}

// want: Contains
func notMissing(list []string, s string) bool {
	return !isMissing(list, s)
}

// want: Contains
func notLacking(list []string, s string) bool {
	missing := !(!lacks(list, s))
	return !missing
}

// want: Contains
func walkUntilFound(list []string, s string) bool {
	i := 0
	for i < len(list) && list[i] != s {
		i++
	}
	return i < len(list)
}

// want: Contains
func endlessWalk(list []string, s string) bool {
	i := 0
	for {
		if i == len(list) {
			return false
		}
		if list[i] == s {
			return true
		}
		i++
	}
}

// want: Contains
func eatFromTheFront(list []string, s string) bool {
	for len(list) > 0 {
		head, rest := list[0], list[1:]
		if head == s {
			return true
		}
		list = rest
	}
	return false
}

// want: Contains
func withSwitch(list []string, s string) bool {
	for _, item := range list {
		switch item {
		case s:
			return true
		default:
			continue
		}
	}
	return false
}

// want: Contains
func withBareSwitch(list []string, s string) bool {
	switch i := positionOf(list, s); {
	case i < 0:
		return false
	default:
		return true
	}
}

// want: Contains
func withLabel(list []string, s string) bool {
	result := false
search:
	for i := range list {
		for {
			if list[i] != s {
				continue search
			}
			result = true
			break search
		}
	}
	return result
}

// want: Contains
func guardedContains(list []string, s string) bool {
	if list == nil || len(list) == 0 {
		return false
	} else if len(list) == 1 {
		return list[0] == s
	}
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

// want: Contains
func stdContains(list []string, s string) bool { return slices.Contains(list, s) }

// want: Contains
func stdIndexAtLeastZero(list []string, s string) bool {
	return slices.Index(list, s) >= 0
}

// want: Contains
func stdIndexNotMinusOne(list []string, s string) bool {
	idx := slices.Index(list, s)
	return idx != -1
}

// want: Contains
func stdIndexAboveMinusOne(list []string, s string) bool {
	return -1 < slices.Index(list, s)
}

// want: !Contains
func stdIndexBelowZero(list []string, s string) bool {
	return slices.Index(list, s) < 0
}

// want: Contains
func stdContainsFunc(list []string, s string) bool {
	return slices.ContainsFunc(list, func(item string) bool { return item == s })
}

// want: Contains
func stdIndexFunc(list []string, s string) bool {
	same := func(item string) bool {
		return s == item
	}
	return slices.IndexFunc(list, same) != -1
}

// want: Contains
func throughFunctionValue(list []string, s string) bool {
	has := containsString
	return has(list, s)
}

// want: Contains
func literalCalledInPlace(list []string, s string) bool {
	return func() bool {
		for _, item := range list {
			if item == s {
				return true
			}
		}
		return false
	}()
}

func some(list []string, matches func(string) bool) bool {
	for _, item := range list {
		if matches(item) {
			return true
		}
	}
	return false
}

// want: Contains
func containsByPredicate(list []string, s string) bool {
	return some(list, func(item string) bool { return item == s })
}

func equalTo(s string) func(string) bool {
	return func(other string) bool { return other == s }
}

// want: Contains
func containsByCurriedPredicate(list []string, s string) bool {
	return some(list, equalTo(s))
}

// want: !Contains
func everyOtherThan(list []string, s string) bool {
	return !some(list, func(item string) bool {
		different := item != s
		return !different
	})
}

// want: Contains
func shorterWithout(list []string, s string) bool {
	return len(removeString(list, s)) < len(list)
}

// want: Contains
func throughPointer(list []string, s string) bool {
	wanted := &s
	for i := range len(list) {
		if list[i] == *wanted {
			return true
		}
	}
	return false
}

// The result is declared in the same scope, and so assigned.
// want: Contains
func assignsResult(list []string, s string) (found bool) {
	found, n := slices.Contains(list, s), len(list)
	_ = n
	return
}

// want: Contains
func containsOneOf(list []string, wanted ...string) bool {
	for _, w := range wanted {
		if containsString(list, w) {
			return true
		}
	}
	return false
}

// want: Contains
func containsAllOf(list []string, wanted ...string) bool {
	for _, w := range wanted {
		if !containsString(list, w) {
			return false
		}
	}
	return true
}
