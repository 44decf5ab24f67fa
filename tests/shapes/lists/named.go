package shapes

import "slices"

// Names is a list of names with a few methods.
type Names []string

// Has tells whether name is listed.
// want: Contains
func (n Names) Has(name string) bool {
	for _, v := range n {
		if v == name {
			return true
		}
	}
	return false
}

// want: Add -> list
func (n Names) With(name string) Names {
	if n.Has(name) {
		return n
	}
	return append(n, name)
}

// want: Remove [nil-empty] -> list
func (n Names) Without(name string) Names {
	var out Names
	for _, v := range n {
		if v != name {
			out = append(out, v)
		}
	}
	return out
}

// want: Remove
func (n *Names) Drop(name string) {
	*n = slices.DeleteFunc(*n, func(v string) bool { return v == name })
}

// want: Add
func (n *Names) Put(name string) {
	if !n.Has(name) {
		*n = append(*n, name)
	}
}

// want: !HasAny
func (n Names) Empty() bool { return len(n) == 0 }
