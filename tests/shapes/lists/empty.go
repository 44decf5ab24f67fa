package shapes

// want: !HasAny
func isEmpty(list []string) bool { return len(list) == 0 }

// want: HasAny
func isNotEmpty(list []string) bool { return !isEmpty(list) }

// want: HasAny
func hasFirst(list []string) bool {
	for range list {
		return true
	}
	return false
}

// want: SameCount
func sameLength(a, b []string) bool { return len(a) == len(b) }

// want: !SameCount
func lengthsDiffer(a []string, b []string) bool {
	if len(a) != len(b) {
		return true
	}
	return false
}

// want: SameCount
func sameLengthByWalking(a, b []string) bool {
	i := 0
	for range a {
		i++
	}
	for range b {
		i--
	}
	return i == 0
}

// want: SameCount
func neitherLonger(a, b []string) bool {
	return !(len(a) > len(b)) && !(len(b) > len(a))
}

// want: Clear -> list
func truncate(list []string) []string { return list[:0] }
