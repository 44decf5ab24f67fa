package shapes

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// want: opaque
func containsPrefix(list []string, s string) bool {
	for _, item := range list {
		if strings.HasPrefix(item, s) {
			return true
		}
	}
	return false
}

// want: opaque
func containsSuffix(list []string, s string) bool {
	return slices.ContainsFunc(list, func(item string) bool { return strings.HasSuffix(item, s) })
}

// want: opaque
func containsPart(list []string, s string) bool {
	for _, item := range list {
		if strings.Contains(item, s) {
			return true
		}
	}
	return false
}

// want: opaque
func containsFold(list []string, s string) bool {
	for _, item := range list {
		if strings.EqualFold(item, s) {
			return true
		}
	}
	return false
}

// want: opaque
func containsLower(list []string, s string) bool {
	s = strings.ToLower(s)
	for _, item := range list {
		if strings.ToLower(item) == s {
			return true
		}
	}
	return false
}

// want: opaque
func containsTrimmed(list []string, s string) bool {
	for _, item := range list {
		if strings.TrimSpace(item) == s {
			return true
		}
	}
	return false
}

// want: opaque
func removeTrimmed(list []string, s string) []string {
	out := list[:0]
	for _, item := range list {
		if item != strings.TrimSpace(s) {
			out = append(out, item)
		}
	}
	return out
}

// want: opaque
func containsSameLength(list []string, s string) bool {
	for _, item := range list {
		if len(item) == len(s) && item == s {
			return true
		}
	}
	return false
}

// want: opaque
func addNonEmpty(o metav1.Object, k string) {
	if len(k) == 0 || slices.Contains(o.GetFinalizers(), k) {
		return
	}
	o.SetFinalizers(append(o.GetFinalizers(), k))
}

// want: opaque
func addUnlessBlank(o metav1.Object, k string) {
	if k == "" {
		return
	}
	if !slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
}

// want: opaque
func removeAndDropBlank(list []string, s string) []string {
	out := make([]string, 0)
	for _, item := range list {
		if item != s && item != "" {
			out = append(out, item)
		}
	}
	return out
}

// want: opaque
func containsOrForeground(list []string, s string) bool {
	for _, item := range list {
		if item == s || item == metav1.FinalizerDeleteDependents {
			return true
		}
	}
	return false
}

// want: opaque
func clearButForeground(o metav1.Object) {
	for _, f := range o.GetFinalizers() {
		if f == "foregroundDeletion" {
			return
		}
	}
	o.SetFinalizers(nil)
}

// want: opaque
func containsByFirstByte(list []string, s string) bool {
	for _, item := range list {
		if item[0] == s[0] {
			return true
		}
	}
	return false
}

// want: opaque
func containsQualified(list []string, s string) bool {
	for _, item := range list {
		if item == "example.com/"+s || item == s {
			return true
		}
	}
	return false
}

// want: opaque
func addQualified(o client.Object, k string) {
	name := fmt.Sprintf("%s/%s", "example.com", k)
	o.SetFinalizers(append(o.GetFinalizers(), name))
}

// want: opaque
func addFormatted(o client.Object, k string) {
	o.SetFinalizers(append(o.GetFinalizers(), fmt.Sprintf("%s", k)))
}

// want: opaque
func containsBase(list []string, s string) bool {
	for _, item := range list {
		if path.Base(item) == s {
			return true
		}
	}
	return false
}

// want: opaque
func containsFirstField(list []string, s string) bool {
	for _, item := range list {
		if strings.Split(item, ":")[0] == s {
			return true
		}
	}
	return false
}

// want: opaque
func containsMatch(list []string, s string) bool {
	re := regexp.MustCompile("^" + s + "$")
	return slices.ContainsFunc(list, re.MatchString)
}

// want: opaque
func containsJoined(list []string, s string) bool {
	return strings.Contains(","+strings.Join(list, ",")+",", ","+s+",")
}

// want: opaque
func containsPrinted(list []string, s string) bool {
	return strings.Contains(fmt.Sprint(list), s)
}

// Right only when the list is sorted.
// want: opaque
func containsSearched(list []string, s string) bool {
	i := sort.SearchStrings(list, s)
	return i < len(list) && list[i] == s
}

// want: opaque
func containsBinary(list []string, s string) bool {
	_, found := slices.BinarySearch(list, s)
	return found
}

// want: opaque
func containsNotBelow(list []string, s string) bool {
	for _, item := range list {
		if item >= s && item <= s {
			return true
		}
	}
	return false
}

// want: opaque
func containsCompared(list []string, s string) bool {
	for _, item := range list {
		if cmp.Compare(item, s) == 0 {
			return true
		}
	}
	return false
}

// want: opaque
func removeAbove(list []string, s string) []string {
	return slices.DeleteFunc(list, func(item string) bool { return item > s })
}

// want: opaque
func containsHash(list []string, s string) bool {
	sum := func(v string) uint32 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(v))
		return h.Sum32()
	}
	for _, item := range list {
		if sum(item) == sum(s) {
			return true
		}
	}
	return false
}

// want: opaque
func addByKind(o metav1.Object, k string) {
	switch k {
	case "orphan", "foregroundDeletion":
		return
	}
	o.SetFinalizers(append(o.GetFinalizers(), k))
}

// want: opaque
func removeUnlessStandard(list []string, s string) []string {
	switch s {
	case "kubernetes":
		return list
	default:
		return slices.DeleteFunc(list, func(v string) bool { return v == s })
	}
}

// want: opaque
func containsRune(list []string, s string) bool {
	for _, item := range list {
		same := len(item) == len(s)
		for i := range item {
			same = same && item[i] == s[i]
		}
		if same {
			return true
		}
	}
	return false
}

// want: opaque
func longestIs(list []string, s string) bool {
	longest := ""
	for _, item := range list {
		if len(item) >= len(longest) {
			longest = item
		}
	}
	return longest == s
}
