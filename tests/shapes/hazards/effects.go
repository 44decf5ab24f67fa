package shapes

import (
	"context"
	"fmt"
	"log"
	"math/rand"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var (
	mu       sync.Mutex
	calls    int
	removals atomic.Int64
	strict   = true
	known    = []string{}
)

// Guarded is a list behind a lock.
type Guarded struct {
	sync.RWMutex
	names []string
}

// want: opaque
func addLocked(o metav1.Object, k string) {
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
}

// want: opaque
func (g *Guarded) has(k string) bool {
	g.RLock()
	defer g.RUnlock()
	return slices.Contains(g.names, k)
}

// want: opaque
func removeAndMeasure(o metav1.Object, k string) {
	removals.Add(1)
	o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == k }))
}

// want: opaque
func addAndLog(o metav1.Object, k string) {
	log.Printf("adding finalizer %q to %s", k, o.GetName())
	o.SetFinalizers(append(o.GetFinalizers(), k))
}

// want: opaque
func containsAndPrint(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			fmt.Fprintln(os.Stderr, "found", item)
			return true
		}
	}
	return false
}

// want: opaque
func containsAndCount(list []string, s string) bool {
	calls++
	return slices.Contains(list, s)
}

// want: opaque
func removeEverySecondCall(list []string, s string) []string {
	calls++
	if calls%2 == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(v string) bool { return v == s })
}

// want: opaque
func containsAndRemember(list []string, s string) bool {
	known = append(known, s)
	return slices.Contains(list, s)
}

// want: opaque
func containsKnown(list []string, s string) bool {
	return slices.Contains(append(known, list...), s)
}

// want: opaque
func hasAnyWhenStrict(o metav1.Object) bool {
	return strict && len(o.GetFinalizers()) > 0
}

// want: opaque
func addLater(o metav1.Object, k string) {
	done := make(chan struct{})
	go func() {
		o.SetFinalizers(append(o.GetFinalizers(), k))
		close(done)
	}()
	<-done
}

// want: opaque
func clearInBackground(o metav1.Object, wg *sync.WaitGroup) {
	wg.Add(1)
	go func() {
		defer wg.Done()
		o.SetFinalizers(nil)
	}()
}

// want: opaque
func addThroughChannel(o metav1.Object, k string) {
	names := make(chan string, 1)
	names <- k
	o.SetFinalizers(append(o.GetFinalizers(), <-names))
}

// want: opaque
func containsSelect(list []string, s string, stop <-chan struct{}) bool {
	for _, item := range list {
		select {
		case <-stop:
			return false
		default:
		}
		if item == s {
			return true
		}
	}
	return false
}

// want: opaque
func deferredClear(o metav1.Object) {
	defer o.SetFinalizers(nil)
	o.SetFinalizers(append(o.GetFinalizers(), o.GetName()))
}

// Afterwards the list is what it was.
// want: opaque
func deferredRestore(o metav1.Object, k string) {
	old := o.GetFinalizers()
	defer func() { o.SetFinalizers(old) }()
	o.SetFinalizers(append(slices.Clone(old), k))
}

// want: opaque
func deferredResult(list []string, s string) (found bool) {
	defer func() { found = !found }()
	return slices.Contains(list, s)
}

// want: opaque
func recovered(list []string, s string) (found bool) {
	defer func() { found = recover() != nil }()
	_ = list[slices.Index(list, s)+1]
	return true
}

// want: opaque
func removeAndUpdate(ctx context.Context, c client.Client, o client.Object, k string) error {
	o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == k }))
	return c.Update(ctx, o)
}

// want: opaque
func readsAnew(ctx context.Context, c client.Client, pod *corev1.Pod, k string) bool {
	if err := c.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
		return false
	}
	return slices.Contains(pod.Finalizers, k)
}

// want: opaque
func addDuringTheDay(o metav1.Object, k string) {
	if time.Now().Hour() < 24 && !slices.Contains(o.GetFinalizers(), k) {
		o.SetFinalizers(append(o.GetFinalizers(), k))
	}
}

// want: opaque
func removeAfterDeadline(o metav1.Object, k string, deadline time.Time) {
	if time.Now().After(deadline) {
		o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == k }))
	}
}

// want: opaque
func containsAtRandom(list []string, s string) bool {
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return len(list) > 0 && list[0] == s
}

// want: opaque
func clearSometimes(o metav1.Object) {
	if rand.Intn(1000000) != 0 {
		o.SetFinalizers(nil)
	}
}

// want: opaque
func removeByEnvironment(list []string, s string) []string {
	if os.Getenv("KEEP_FINALIZERS") != "" {
		return list
	}
	return slices.DeleteFunc(list, func(v string) bool { return v == s })
}

// want: opaque
func containsInFile(list []string, s string) bool {
	if _, err := os.Stat(s); err == nil {
		return true
	}
	return slices.Contains(list, s)
}

// The order is another one each time.
// want: opaque
func removeThroughMap(list []string, s string) []string {
	seen := map[string]bool{}
	for _, item := range list {
		seen[item] = true
	}
	delete(seen, s)
	out := []string{}
	for item := range seen {
		out = append(out, item)
	}
	return out
}

// want: opaque
func countingPredicate() func([]string, string) bool {
	seen := 0
	return func(list []string, s string) bool {
		seen++
		return seen > 1 && slices.Contains(list, s)
	}
}

// want: opaque
func containsFirstTimeOnly(list []string, s string) bool {
	var once sync.Once
	found := false
	for _, item := range list {
		once.Do(func() { found = item == s })
	}
	return found
}

// want: opaque
func containsByCallback(list []string, s string, same func(a, b string) bool) bool {
	for _, item := range list {
		if same(item, s) {
			return true
		}
	}
	return false
}

// want: opaque
func removeWithHook(o metav1.Object, k string, hook func()) {
	hook()
	o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == k }))
}

// want: opaque
func containsOrPanics(list []string, s string) bool {
	if !slices.Contains(list, s) {
		panic("finalizer is missing")
	}
	return true
}

// want: opaque
func removeOrExit(list []string, s string) []string {
	if len(list) > len(s)*len(s)*1000 {
		os.Exit(1)
	}
	return slices.DeleteFunc(list, func(v string) bool { return v == s })
}
