package shapes

import (
	"slices"
	"sort"
)

// want: Remove [nil-empty] -> list
func removeString(slice []string, s string) (result []string) {
	for _, item := range slice {
		if item == s {
			continue
		}
		result = append(result, item)
	}
	return
}

// want: Remove [nil-empty] -> list
func without(slice []string, s string) []string {
	var kept []string
	for i := range slice {
		if slice[i] != s {
			kept = append(kept, slice[i])
		}
	}
	return kept
}

// want: Remove [nil-empty] -> list
func withoutNeverNil(slice []string, s string) []string {
	kept := []string{}
	for i := 0; i < len(slice); i++ {
		if slice[i] != s {
			kept = append(kept, slice[i])
		}
	}
	return kept
}

// want: Remove [nil-empty] -> list
func withoutPreallocated(list []string, name string) []string {
	out := make([]string, 0, len(list))
	for _, entry := range list {
		if !(entry == name) {
			out = append(out, entry)
		}
	}
	return out
}

// want: Remove [nil-empty] -> list
func withoutOrNil(list []string, name string) []string {
	rest := removeAllInPlace(list, name)
	if len(rest) == 0 {
		return nil
	}
	return rest
}

// want: Remove -> list
func withoutKeepingNil(list []string, name string) []string {
	if list == nil {
		return nil
	}
	rest := make([]string, 0)
	for _, entry := range list {
		if entry != name {
			rest = append(rest, entry)
		}
	}
	return rest
}

// want: Remove -> list
func removeOnlyIfThere(list []string, s string) []string {
	if !containsString(list, s) {
		return list
	}
	out := []string{}
	for _, item := range list {
		if item != s {
			out = append(out, item)
		}
	}
	return out
}

// want: Remove -> list
func removeAllInPlace(list []string, s string) []string {
	kept := list[:0]
	for _, item := range list {
		if item != s {
			kept = append(kept, item)
		}
	}
	return kept
}

// want: Remove -> list
func removeByWritingBack(list []string, s string) []string {
	n := 0
	for _, item := range list {
		if item == s {
			continue
		}
		list[n] = item
		n++
	}
	return list[:n]
}

// want: Remove -> list
func removeAndWipeTail(list []string, s string) []string {
	n := 0
	for i := range list {
		if list[i] != s {
			list[n] = list[i]
			n++
		}
	}
	for i := n; i < len(list); i++ {
		list[i] = ""
	}
	list = list[:n]
	return list
}

// want: Remove -> list
func stdDeleteFunc(list []string, s string) []string {
	return slices.DeleteFunc(list, func(item string) bool { return item == s })
}

// want: Remove -> list
func stdDeleteFuncOnClone(list []string, s string) []string {
	drop := func(item string) bool { return s == item }
	rest := slices.Clone(list)
	rest = slices.DeleteFunc(rest, drop)
	return rest
}

// want: Remove -> list
func stdDeleteFuncOnIdiom(list []string, s string) []string {
	rest := append(list[:0:0], list...)
	return slices.DeleteFunc(rest, func(item string) bool { return item == s })
}

// want: Remove -> list
func cutOutOfSameArray(list []string, s string) []string {
	for i := 0; i < len(list); i++ {
		if list[i] == s {
			list = list[:i+copy(list[i:], list[i+1:])]
			i--
		}
	}
	return list
}

// want: Remove [first-only] -> list
func stdDeleteAt(list []string, s string) []string {
	if i := slices.Index(list, s); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// want: Remove -> list
func stdDeleteUntilGone(list []string, s string) []string {
	for {
		i := slices.Index(list, s)
		if i < 0 {
			return list
		}
		list = slices.Delete(list, i, i+1)
	}
}

// want: Remove [first-only] -> list
func cutOut(list []string, s string) []string {
	for i, item := range list {
		if item == s {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// want: Remove [first-only] -> list
func cutOutAndBreak(list []string, s string) []string {
	for i := range list {
		if list[i] == s {
			list = append(list[:i], list[i+1:]...)
			break
		}
	}
	return list
}

// want: Remove [first-only] -> list
func cutOutByPosition(list []string, s string) []string {
	i := positionOf(list, s)
	if i == -1 {
		return list
	}
	return append(list[:i], list[i+1:]...)
}

// want: Remove [first-only, panic] -> list
func cutOutUnchecked(list []string, s string) []string {
	i := positionOf(list, s)
	return append(list[:i], list[i+1:]...)
}

// want: Remove [first-only] -> list
func cutOutWithoutTouchingInput(list []string, s string) []string {
	i := positionOf(list, s)
	if i < 0 {
		return list
	}
	return append(list[:i:i], list[i+1:]...)
}

// want: Remove [first-only] -> list
func cutOutOfFreshCopy(list []string, s string) []string {
	i := positionOf(list, s)
	if i < 0 {
		return list
	}
	out := append([]string{}, list[:i]...)
	out = append(out, list[i+1:]...)
	return out
}

// want: Remove [first-only] -> list
func shiftLeft(list []string, s string) []string {
	at := positionOf(list, s)
	if at < 0 {
		return list
	}
	copy(list[at:], list[at+1:])
	return list[:len(list)-1]
}

// want: Remove [first-only] -> list
func copyAround(list []string, s string) []string {
	for i, item := range list {
		if item != s {
			continue
		}
		out := make([]string, len(list)-1)
		n := copy(out, list[:i])
		copy(out[n:], list[i+1:])
		return out
	}
	return list
}

// want: Remove [first-only, order] -> list
func swapWithLast(list []string, s string) []string {
	for i := range list {
		if list[i] == s {
			list[i] = list[len(list)-1]
			return list[:len(list)-1]
		}
	}
	return list
}

// want: Remove [order] -> list
func swapEachWithLast(list []string, s string) []string {
	for i := 0; i < len(list); {
		if list[i] == s {
			last := len(list) - 1
			list[i], list[last] = list[last], list[i]
			list = list[:last]
		} else {
			i++
		}
	}
	return list
}

// want: Remove [first-only, nil-empty] -> list
func skipOnce(list []string, s string) []string {
	var out []string
	skipped := false
	for _, item := range list {
		if item == s && !skipped {
			skipped = true
			continue
		}
		out = append(out, item)
	}
	return out
}

// want: Remove -> list
func cutBackwards(list []string, s string) []string {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == s {
			list = append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// want: Remove -> list
func cutAndStepBack(list []string, s string) []string {
	for i := 0; i < len(list); i++ {
		if list[i] == s {
			list = append(list[:i], list[i+1:]...)
			i--
		}
	}
	return list
}

// Skips the entry that moves into the gap.
// want: Remove [leftover] -> list
func cutAndSkip(list []string, s string) []string {
	for i := 0; i < len(list); i++ {
		if list[i] == s {
			list = append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// The header that range goes over is the one of the start.
// want: Remove [leftover, panic] -> list
func cutWhileRanging(list []string, s string) []string {
	for i, item := range list {
		if item == s {
			list = append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// want: Remove [leftover] -> list
func cutOutLast(list []string, s string) []string {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == s {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// want: Remove [sorted] -> list
func removeAndSort(list []string, s string) []string {
	rest := slices.DeleteFunc(slices.Clone(list), func(v string) bool { return v == s })
	sort.Strings(rest)
	return rest
}

// want: Remove [nil-empty, order] -> list
func removeReversed(list []string, s string) []string {
	var out []string
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] != s {
			out = append(out, list[i])
		}
	}
	return out
}

// want: Remove [dedup, nil-empty] -> list
func removeAndDeduplicate(list []string, s string) []string {
	var out []string
	for _, item := range list {
		if item == s || containsString(out, item) {
			continue
		}
		out = append(out, item)
	}
	return out
}

// want: Remove [nil-empty] -> list
func removeStrings(list []string, unwanted ...string) []string {
	var out []string
	for _, item := range list {
		if containsString(unwanted, item) {
			continue
		}
		out = append(out, item)
	}
	return out
}

// want: Remove [nil-empty] -> list
func removeOneByOne(list []string, unwanted ...string) []string {
	for _, u := range unwanted {
		list = without(list, u)
	}
	return list
}

func filter(list []string, keep func(string) bool) []string {
	out := make([]string, 0, len(list))
	for _, item := range list {
		if keep(item) {
			out = append(out, item)
		}
	}
	return out
}

// want: Remove [nil-empty] -> list
func removeByFilter(list []string, s string) []string {
	return filter(list, func(item string) bool { return item != s })
}

// want: Remove [nil-empty] -> list
func removeWithNestedLabels(list []string, unwanted ...string) []string {
	var out []string
outer:
	for _, item := range list {
		for _, u := range unwanted {
			if item == u {
				continue outer
			}
		}
		out = append(out, item)
	}
	return out
}

// want: Remove [nil-empty] -> list,changed
func removeAndTell(list []string, s string) (rest []string, removed bool) {
	for _, item := range list {
		if item == s {
			removed = true
			continue
		}
		rest = append(rest, item)
	}
	return rest, removed
}

// want: Remove [first-only] -> changed,list
func tellAndRemove(list []string, s string) (bool, []string) {
	i := positionOf(list, s)
	if i < 0 {
		return false, list
	}
	return true, append(list[:i], list[i+1:]...)
}

// want: Remove -> list,changed
func removeComparingLengths(list []string, s string) ([]string, bool) {
	before := len(list)
	list = stdDeleteFunc(list, s)
	return list, before != len(list)
}

// want: Remove
func removeFrom(list *[]string, s string) {
	kept := (*list)[:0]
	for _, item := range *list {
		if item != s {
			kept = append(kept, item)
		}
	}
	*list = kept
}

// want: Remove [first-only] -> changed
func popFrom(list *[]string, s string) bool {
	for i, item := range *list {
		if item == s {
			*list = append((*list)[:i], (*list)[i+1:]...)
			return true
		}
	}
	return false
}

// want: Remove -> list,changed
func comparesAfterwards(list []string, s string) ([]string, bool) {
	kept := slices.DeleteFunc(slices.Clone(list), func(item string) bool { return item == s })
	return kept, !slices.Equal(kept, list)
}
