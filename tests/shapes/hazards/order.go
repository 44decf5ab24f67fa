package shapes

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func clearPod(pod *corev1.Pod) int {
	n := len(pod.Finalizers)
	pod.Finalizers = nil
	return n
}

// Go may read the field before or after the call.
// want: opaque
func readBesideCall(pod *corev1.Pod) bool { return len(pod.Finalizers) < clearPod(pod) }

// want: opaque
func readAfterCall(pod *corev1.Pod) (int, bool) { return clearPod(pod), len(pod.Finalizers) > 0 }

// want: opaque
func variableBesideCall(list []string, s string) bool {
	found := false
	look := func() bool {
		found = slices.Contains(list, s)
		return true
	}
	return found == look()
}

// want: opaque
func elementBesideCall(list []string, s string) bool {
	mark := func() string {
		if i := slices.Index(list, s); i > 0 {
			list[0], list[i] = list[i], list[0]
		}
		return s
	}
	return len(list) > 0 && list[0] == mark()
}

// The index is the one from before.
// want: none
func indexAndElement(list []string, s string) []string {
	out := slices.Clone(list)
	i := len(out) - 1
	if i < 0 {
		return out
	}
	i, out[i] = 0, s
	return out[i:]
}

// Both sides are read before either is written.
// want: none
func swapEnds(list []string, s string) []string {
	if n := len(list) - 1; n > 0 {
		list[0], list[n] = list[n], list[0]
	}
	return list
}

// Each closure has a name of its own.
// want: none
func removeLikeFirst(list []string, s string) []string {
	is := func(name string) func(string) bool {
		return func(item string) bool { return item == name }
	}
	if len(list) == 0 {
		return list
	}
	first := is(list[0])
	wanted := is(s)
	_ = wanted
	return slices.DeleteFunc(list, first)
}

// want: none
func firstTurn(list []string, s string) bool {
	check := func() bool { return false }
	for i, item := range list {
		if i == 0 {
			check = func() bool { return item == s }
		}
	}
	return check()
}

// Counts once more than there are names.
// want: HasAny
func sumsUp(list []string, s string) bool {
	n := 0
	count := func() int {
		n++
		return n
	}
	for range list {
		count()
	}
	return count() > 1
}

// want: none
func shadowedInHeader(list []string) bool {
	if list := list[:0]; len(list) > 0 {
		return true
	}
	return false
}

// want: none
func shadowedInLoop(list []string, s string) bool {
	for i := 0; i < len(list); i++ {
		i := 0
		if list[i] == s {
			return true
		}
	}
	return false
}

// want: none
func shadowedResult(list []string, s string) (found bool) {
	{
		found, n := slices.Contains(list, s), 0
		_, _ = found, n
	}
	return
}

// want: opaque
func predicateWrites(list []string, s string) []string {
	return slices.DeleteFunc(list, func(item string) bool {
		list[0] = item
		return item == s
	})
}

// want: none
func stopsEarly(list []string, s string) bool {
	found := slices.Contains(list, s)
	return found && dropFirst(&list) && slices.Contains(list, s)
}

func dropFirst(list *[]string) bool {
	*list = (*list)[1:]
	return true
}

// want: none
func growsWhileRanging(list []string, s string) []string {
	for _, item := range list {
		if item == s {
			list = append(list, item)
		}
	}
	return list
}

// want: opaque
func jumps(list []string, s string) bool {
	i := 0
again:
	if i < len(list) {
		if list[i] == s {
			return true
		}
		i++
		goto again
	}
	return false
}

// want: none
func fallsThrough(list []string, s string) (found bool) {
	for _, item := range list {
		switch item {
		case s:
			fallthrough
		default:
			found = !found
		}
	}
	return found
}

// want: none
func breaksTheSwitchOnly(list []string, s string) []string {
	var out []string
	for _, item := range list {
		switch item {
		case s:
			break
		}
		out = append(out, item)
	}
	return out
}

// want: opaque
func turnsAround(list []string, s string) bool { return turnsBack(list, s) }

func turnsBack(list []string, s string) bool {
	if len(list) == 0 {
		return false
	}
	return list[0] == s || turnsAround(list[1:], s)
}

// want: none
func deferredWrite(o metav1.Object, k string) {
	defer o.SetFinalizers(o.GetFinalizers())
	o.SetFinalizers(append(o.GetFinalizers(), k))
}

// Behind the two there is room in real life, and the second goes where the first was.
// want: none
func sharedRoom(list []string, s string) []string {
	base := append([]string{}, list...)
	base = append(base, s)
	if len(list) == 0 {
		return base
	}
	one := append(base, s)
	_ = append(base, list[0])
	return one[: len(list)+1 : len(list)+1+1][:len(list)+1+1]
}
