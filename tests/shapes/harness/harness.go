// Package harness calls the registered functions on sample lists and writes down what came out.
package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"
	"unsafe"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Target is one function. An empty key stands for its letter.
type Target struct {
	ID    int
	Func  any
	Keys  []string
	Field string
}

// Sample is one call: a list for each object or slice among the parameters. With a Key that is the key's value.
type Sample struct {
	Lists    [][]string `json:"lists"`
	Spare    bool       `json:"spare"`
	Deletion string     `json:"deletion"`
	Key      *string    `json:"key"`
}

// Value is a result together with what kind of thing it is.
type Value struct {
	Kind  string `json:"kind"`
	Value any    `json:"value"`
	Same  int    `json:"same"`
}

// Outcome is what one call did.
type Outcome struct {
	Target         int        `json:"target"`
	Sample         int        `json:"sample"`
	Results        []Value    `json:"results"`
	OfObject       []bool     `json:"of_object"`
	After          [][]string `json:"after"`
	BackingChanged []bool     `json:"backing_changed"`
	SpareChanged   []bool     `json:"spare_changed"`
	OtherChanged   []bool     `json:"other_changed"`
	Panic          *string    `json:"panic"`
}

// Skipped says why a function is not called.
type Skipped struct {
	Target int    `json:"target"`
	Why    string `json:"skipped"`
}

const spareRoom = 4

var (
	letters     = []string{"k", "a", "b"}
	targets     []Target
	deletedAt   = time.Date(2024, time.May, 17, 8, 30, 0, 0, time.UTC)
	objectType  = reflect.TypeOf((*metav1.Object)(nil)).Elem()
	errorType   = reflect.TypeOf((*error)(nil)).Elem()
	contextType = reflect.TypeOf((*context.Context)(nil)).Elem()
	podType     = reflect.TypeOf(&corev1.Pod{})
)

// Register adds functions to those that Main calls.
func Register(more ...Target) { targets = append(targets, more...) }

// Main reads samples from the first file named on the command line and writes outcomes to the second.
func Main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(samplesFile, outcomesFile string) error {
	text, err := os.ReadFile(samplesFile)
	if err != nil {
		return err
	}
	var samples []Sample
	if err := json.Unmarshal(text, &samples); err != nil {
		return err
	}
	file, err := os.Create(outcomesFile)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	sort.Slice(targets, func(i, j int) bool { return targets[i].ID < targets[j].ID })
	for _, target := range targets {
		roles, why := rolesOf(target)
		if why != "" {
			if err := lines.Encode(Skipped{target.ID, why}); err != nil {
				return err
			}
			continue
		}
		for i, sample := range samples {
			if !roles.take(sample) || (sample.Key != nil && !roles.choose(target)) {
				continue
			}
			outcome := call(target, roles, sample)
			outcome.Target, outcome.Sample = target.ID, i
			if err := lines.Encode(outcome); err != nil {
				return err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}

type role int

const (
	isKey role = iota
	isKeys
	isList
	isListPointer
	isObject
	isObjectValue
	isContext
	isReceiver
)

type roles []role

func (r roles) take(sample Sample) bool {
	lists, objects := 0, 0
	for _, one := range r {
		switch one {
		case isObject, isObjectValue:
			lists++
			objects++
		case isList, isListPointer:
			lists++
		}
	}
	return lists == len(sample.Lists) && (objects > 0 || sample.Deletion == "unset")
}

// choose says whether the value of the key is free: it is a parameter.
func (r roles) choose(target Target) bool {
	return slices.Contains(r, isKey) && (len(target.Keys) == 0 || target.Keys[0] == "")
}

func isStrings(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String
}

func rolesOf(target Target) (roles, string) {
	t := reflect.TypeOf(target.Func)
	var all roles
	lists := 0
	for i := range t.NumIn() {
		in := t.In(i)
		one := isKey
		switch {
		case t.IsVariadic() && i == t.NumIn()-1 && isStrings(in):
			one = isKeys
		case in.Kind() == reflect.String:
			one = isKey
		case isStrings(in):
			one = isList
		case in.Kind() == reflect.Pointer && isStrings(in.Elem()):
			one = isListPointer
		case in == contextType:
			one = isContext
		case in.Kind() == reflect.Interface && hasFinalizers(in) && podType.Implements(in):
			one = isObject
		case in.Kind() == reflect.Pointer && in.Elem().Kind() == reflect.Struct && in.Implements(objectType):
			one = isObject
		case in.Kind() == reflect.Struct && reflect.PointerTo(in).Implements(objectType):
			one = isObjectValue
		case i == 0 && target.Field != "" && in.Kind() == reflect.Pointer:
			one = isReceiver
		case i == 0 && in.Kind() == reflect.Struct && in.NumField() == 0:
			one = isReceiver
		case i == 0 && in.Kind() == reflect.Pointer && in.Elem().Kind() == reflect.Struct && t.NumIn() > 1:
			one = isReceiver
		default:
			return nil, "no value for a parameter of type " + in.String()
		}
		if one >= isList && one <= isObjectValue {
			lists++
		}
		all = append(all, one)
	}
	if lists == 0 {
		return nil, "takes no list"
	}
	return all, ""
}

func hasFinalizers(t reflect.Type) bool {
	_, ok := t.MethodByName("GetFinalizers")
	return ok
}

// slot is one list of a call, and what it was before.
type slot struct {
	backing []string
	before  []string
	length  int
	object  metav1.Object
	twin    metav1.Object
	read    func() []string
}

func call(target Target, all roles, sample Sample) Outcome {
	names := map[string]string{}
	values := slices.Clone(letters)
	if sample.Key != nil {
		values[0] = *sample.Key
		names[values[0]] = letters[0]
	}
	for i, key := range target.Keys {
		if key != "" {
			values[i] = key
			names[key] = letters[i]
		}
	}
	function := reflect.ValueOf(target.Func)
	t := function.Type()
	var arguments []reflect.Value
	var slots []*slot
	keys := 0
	for i, one := range all {
		in := t.In(i)
		switch one {
		case isKey:
			arguments = append(arguments, reflect.ValueOf(values[keys%len(values)]).Convert(in))
			keys++
		case isKeys:
			for _, value := range values[:max(1, len(target.Keys))] {
				arguments = append(arguments, reflect.ValueOf(value).Convert(in.Elem()))
			}
		case isContext:
			arguments = append(arguments, reflect.ValueOf(context.Background()))
		case isReceiver:
			arguments = append(arguments, receiver(in, target.Field, values[0]))
		case isList:
			s, list := newSlot(sample.Lists[len(slots)], sample.Spare, values, names)
			s.read = func() []string { return list }
			slots = append(slots, s)
			arguments = append(arguments, reflect.ValueOf(list).Convert(in))
		case isListPointer:
			s, list := newSlot(sample.Lists[len(slots)], sample.Spare, values, names)
			pointer := reflect.New(in.Elem())
			pointer.Elem().Set(reflect.ValueOf(list).Convert(in.Elem()))
			s.read = func() []string { return toStrings(pointer.Elem()) }
			slots = append(slots, s)
			arguments = append(arguments, pointer)
		case isObject, isObjectValue:
			s, list := newSlot(sample.Lists[len(slots)], sample.Spare, values, names)
			if in.Kind() == reflect.Interface {
				in = podType
			} else if one == isObjectValue {
				in = reflect.PointerTo(in)
			}
			s.object, s.twin = newObject(in, sample.Deletion), newObject(in, sample.Deletion)
			s.object.SetFinalizers(list)
			s.read = s.object.GetFinalizers
			slots = append(slots, s)
			argument := reflect.ValueOf(s.object)
			if one == isObjectValue {
				argument = argument.Elem()
			}
			arguments = append(arguments, argument)
		}
	}

	outcome := Outcome{Results: []Value{}}
	results, panicked := protect(function, arguments)
	outcome.Panic = panicked
	for _, result := range results {
		outcome.Results = append(outcome.Results, describe(result, slots, names))
	}
	for _, s := range slots {
		outcome.OfObject = append(outcome.OfObject, s.object != nil)
		outcome.After = append(outcome.After, translate(s.read(), names))
		outcome.BackingChanged = append(outcome.BackingChanged, !slices.Equal(s.backing[:s.length], s.before[:s.length]))
		outcome.SpareChanged = append(outcome.SpareChanged, !slices.Equal(s.backing[s.length:], s.before[s.length:]))
		other := false
		if s.object != nil {
			s.object.SetFinalizers(nil)
			other = !reflect.DeepEqual(s.object, s.twin)
		}
		outcome.OtherChanged = append(outcome.OtherChanged, other)
	}
	return outcome
}

func protect(function reflect.Value, arguments []reflect.Value) (results []reflect.Value, panicked *string) {
	defer func() {
		if r := recover(); r != nil {
			text := fmt.Sprint(r)
			results, panicked = nil, &text
		}
	}()
	return function.Call(arguments), nil
}

func newSlot(list []string, spare bool, values []string, names map[string]string) (*slot, []string) {
	if list == nil {
		return &slot{}, nil
	}
	room := len(list)
	if spare {
		room += spareRoom
	}
	backing := make([]string, room)
	for i := range backing {
		if i >= len(list) {
			backing[i] = fmt.Sprintf("!%d", i-len(list))
		} else if at := slices.Index(letters, list[i]); at >= 0 {
			backing[i] = values[at]
		} else {
			backing[i] = strings.NewReplacer("{k}", values[0], "{K}", strings.ToUpper(values[0])).Replace(list[i])
			names[backing[i]] = list[i]
		}
	}
	return &slot{backing: backing, before: slices.Clone(backing), length: len(list)}, backing[:len(list)]
}

func newObject(t reflect.Type, deletion string) metav1.Object {
	object := reflect.New(t.Elem()).Interface().(metav1.Object)
	object.SetName("sample")
	object.SetNamespace("default")
	switch deletion {
	case "zero":
		object.SetDeletionTimestamp(&metav1.Time{})
	case "set":
		object.SetDeletionTimestamp(&metav1.Time{Time: deletedAt})
	}
	return object
}

func receiver(t reflect.Type, field, key string) reflect.Value {
	if t.Kind() != reflect.Pointer {
		return reflect.Zero(t)
	}
	made := reflect.New(t.Elem())
	if field != "" {
		// Most such fields are not exported, and reflect sets only those that are.
		place := made.Elem().FieldByName(field)
		reflect.NewAt(place.Type(), unsafe.Pointer(place.UnsafeAddr())).Elem().SetString(key)
	}
	return made
}

func describe(v reflect.Value, slots []*slot, names map[string]string) Value {
	t := v.Type()
	out := Value{Kind: "other", Value: nil, Same: -1}
	switch {
	case t == errorType:
		out.Kind = "error"
		if !v.IsNil() {
			out.Value = v.Interface().(error).Error()
		}
	case isStrings(t):
		out.Kind, out.Value = "list", translate(toStrings(v), names)
	case t.Kind() == reflect.Bool:
		out.Kind, out.Value = "bool", v.Bool()
	case v.CanInt():
		out.Kind, out.Value = "int", v.Int()
	case t.Kind() == reflect.String:
		out.Kind, out.Value = "string", translate([]string{v.String()}, names)[0]
	case t.Implements(objectType) && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface) && !v.IsNil():
		object := v.Interface().(metav1.Object)
		out.Kind, out.Value = "object", translate(object.GetFinalizers(), names)
		for i, s := range slots {
			if s.object == object {
				out.Same = i
			}
		}
	}
	return out
}

func toStrings(v reflect.Value) []string {
	if v.IsNil() {
		return nil
	}
	out := make([]string, v.Len())
	for i := range out {
		out[i] = v.Index(i).String()
	}
	return out
}

func translate(list []string, names map[string]string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, v := range list {
		if letter, ok := names[v]; ok {
			v = letter
		}
		out[i] = v
	}
	return out
}
