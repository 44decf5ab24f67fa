package shapes

import "slices"

// want: Contains -> index
func positionOf(list []string, s string) int {
	for i, item := range list {
		if item == s {
			return i
		}
	}
	return -1
}

// want: Contains -> index
func positionByCounting(list []string, s string) (pos int) {
	pos = -1
	for i := 0; i < len(list); i++ {
		if list[i] == s {
			pos = i
			break
		}
	}
	return
}

// want: Contains -> index
func lastPositionOf(list []string, s string) int {
	at := -1
	for i, item := range list {
		if item == s {
			at = i
		}
	}
	return at
}

// want: Contains -> index
func lastPositionBackwards(list []string, s string) int {
	i := len(list) - 1
	for ; i >= 0; i-- {
		if list[i] == s {
			break
		}
	}
	return i
}

// want: Contains -> index
func stdPosition(list []string, s string) int { return slices.Index(list, s) }

// want: Contains -> index,found
func find(list []string, s string) (int, bool) {
	for i, item := range list {
		if item == s {
			return i, true
		}
	}
	return 0, false
}

// want: Contains
func usesPosition(list []string, s string) bool {
	return positionOf(list, s) > -1
}

// want: !Contains
func usesPositionNegated(list []string, s string) bool {
	return positionOf(list, s) == -1
}

// want: Contains
func usesFind(list []string, s string) bool {
	_, ok := find(list, s)
	return ok
}

// want: Contains
func usesFindInIf(list []string, s string) bool {
	if _, ok := find(list, s); !ok {
		return false
	}
	return true
}
