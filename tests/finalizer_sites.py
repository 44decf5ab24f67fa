"""Reconcile functions as operators write them, put together at random, in which the places that touch finalizers are
known: what must be found at each, or that a near miss must be left.

    source = generate(seed=1, count=50)

A function gets its object or is given it, cleans up and removes the finalizer when it is being deleted, else adds the
finalizer, and writes the object, with errors, logs and several returns. Above it stands what is found in it and becomes
a call of controllerutil, in the order of the lines: `// found: Contains, Remove, Contains, Add`; or `// found: some`
where a local list is needed further on, so that the code may have to be left. For each function fN there is a runN that
calls it on an object and gives back what it did. The same seed gives the same text.
"""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

import finalizer_forms as forms
from finalizer_code import Carrier, indented, worded

HEAD = """package p

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

var (
	_ = slices.Contains[[]string]
	_ = strings.TrimSpace
	_ sets.String
)

const (
	keeper = "example.com/keeper"
	other  = "example.com/other"
)

// Widget is what the controllers look after.
type Widget struct {
	metav1.TypeMeta
	metav1.ObjectMeta

	Status string
}

// DeepCopy makes a copy that shares nothing with the widget.
func (w *Widget) DeepCopy() *Widget {
	out := *w
	w.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// DeepCopyObject is what runtime.Object wants.
func (w *Widget) DeepCopyObject() runtime.Object { return w.DeepCopy() }

type reconciler struct {
	client.Client
	told []string
}

func (r *reconciler) tell(text string, about ...any) {
	r.told = append(r.told, fmt.Sprint(text, about))
}

func (r *reconciler) cleanup(ctx context.Context, w *Widget) error {
	r.tell("cleanup", w.GetName())
	return ctx.Err()
}

// store holds one widget.
type store struct {
	client.Client
	widget *Widget
	writes []string
}

func (s *store) Get(_ context.Context, _ types.NamespacedName, o client.Object, _ ...client.GetOption) error {
	*o.(*Widget) = *s.widget.DeepCopy()
	return nil
}

func (s *store) Update(_ context.Context, o client.Object, _ ...client.UpdateOption) error {
	*s.widget = *o.(*Widget).DeepCopy()
	s.writes = append(s.writes, "update")
	return nil
}

func (s *store) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
	*s.widget = *o.(*Widget).DeepCopy()
	s.writes = append(s.writes, "patch")
	return nil
}

func holds[T comparable](list []T, wanted T) bool {
	for _, one := range list {
		if one == wanted {
			return true
		}
	}
	return false
}
"""

# LIVE stands for a test of the deletion, ASK, REMOVE and ADD for places that touch finalizers, Q for the object.
FAILED = "if err := r.WRITE; err != nil {\nreturn reconcile.Result{}, err\n}"
CLEANUP = 'if err := r.cleanup(ctx, Q); err != nil {\nreturn reconcile.Result{}, fmt.Errorf("cleanup: %w", err)\n}'
DONE = "return reconcile.Result{}, nil"
ADDED = f"if !ASK {{\nADD\n{FAILED}\n}}"
REMOVED = f"if ASK {{\n{CLEANUP}\nREMOVE\n{FAILED}\n}}"
ADDED_FIRST = 'if !ASK && LIVE {\nr.tell("adding", KEY)\nADD\nreturn reconcile.Result{Requeue: true}, r.WRITE\n}'
REMOVED_LAST = f"if !LIVE {{\nif !ASK {{\n{DONE}\n}}\n{CLEANUP}\nREMOVE\nreturn reconcile.Result{{}}, r.WRITE\n}}"
CASES = f"case !LIVE && ASK:\n{CLEANUP}\nREMOVE\n{FAILED}\ncase LIVE && !ASK:\nADD\n{FAILED}"
BY_CASES = f"switch {{\n{CASES}\ndefault:\nREADY\n}}"
UNASKED = f'if LIVE {{\nADD\nif Q.Status == "" {{\nREADY\n}}\n{FAILED}\n{DONE}\n}}\nREMOVE\n{FAILED}'
REMOVED_ALONE = 'if !LIVE {\nREMOVE\nr.tell("gone", Q.GetName())\nreturn reconcile.Result{}, r.WRITE\n}'
FRAMES = (
    f"if !LIVE {{\n{REMOVED}\n{DONE}\n}}\n{ADDED}\nREADY\n{DONE}",
    f"if LIVE {{\n{ADDED}\n}} else {{\n{REMOVED}\n{DONE}\n}}\nREADY\n{DONE}",
    f"{ADDED_FIRST}\n{REMOVED_LAST}\nREADY\n{DONE}",
    f"{BY_CASES}\n{DONE}",
    f"{UNASKED}\n{DONE}",
    f"{REMOVED_ALONE}\n{DONE}",
)
GET = FAILED.replace("WRITE", "Get(ctx, name, Q)").replace(", err\n}", ", client.IgnoreNotFound(err)\n}")
GET = f"Q := &Widget{{}}\n{GET}"


class Place(NamedTuple):
    """Code that touches finalizers. `found` is what becomes calls of controllerutil in it."""

    body: str
    found: tuple[str, ...] = ()


def _taken(operation: str, *some: tuple[forms.Form, ...]) -> tuple[Place, ...]:
    """The forms of an operation that a call of controllerutil may take the place of."""
    unlike = {"panic", "leftover"}
    return tuple(
        Place(f.body, (operation,))
        for f in (f for each in some for f in each)
        if re.match(rf"{operation}\b", f.want) and not f.key and not unlike & set(re.findall(r"[\w-]+", f.want))
    )


ASKS = (
    Place("slices.Contains(L, K)", ("Contains",)),
    Place("(slices.Index(L, K) >= 0)", ("Contains",)),
    Place("sets.New(L...).Has(K)", ("Contains",)),
    Place("holds(L, K)", ("Contains",)),
    Place("slices.ContainsFunc(L, func(x string) bool { return x == K })", ("Contains",)),
)
ADDS = _taken("Add", forms.CHANGES, forms.GENERIC_CHANGES)
REMOVES = _taken("Remove", forms.CHANGES, forms.IN_PLACES, forms.MAP_CHANGES)
# Near misses. What stands inside of one may be an operation by itself.
NO_ASKS = (
    Place("(slices.Index(L, K) > 0)"),
    Place("(len(L) > 1)"),
    Place('strings.Contains(strings.Join(L, ","), K)'),
    Place("slices.ContainsFunc(L, func(x string) bool { return strings.HasPrefix(x, K) })"),
    Place("slices.Contains(L, strings.ToUpper(K))"),
    Place("(slices.Contains(L, K) && len(L) == 1)", ("Contains",)),
)
NO_ADDS = (
    Place("W(append(L, strings.ToUpper(K)))"),
    Place("W(append(L[:len(L):len(L)], K, K))"),
    Place("W(append([]string{K, K}, L...))"),
    Place("t := append(L, K)\nW(t[1:])"),
    Place("t := L\nt = append(t, K)\n_ = t"),
    Place("if slices.Contains(L, K) {\nW(append(L, K))\n}", ("Contains", "Add")),
)
NO_REMOVES = (
    Place("if len(L) > 0 {\nW(L[1:])\n}"),
    Place("W(L[:len(L)/2])"),
    Place(forms.FILTER.replace("COND", "x == K")),
    Place(forms.FILTER.replace("COND", "!strings.HasPrefix(x, K)")),
    Place(forms.IN_PLACE.replace("START", "append(L[:0], K)").replace("COND", "x != K")),
    Place(f"W({forms.DROP})".replace("COND", "x == K || len(L) > 9")),
    Place(f"t := {forms.DROP}\n_ = t".replace("COND", "x == K")),
    Place("if i := slices.Index(L, K); i >= 0 {\nW(slices.Delete(L, i, len(L)))\n}"),
)
_CARRIERS = (
    Carrier("*Widget", "{}.GetFinalizers()", "{}.SetFinalizers({})"),
    Carrier("*Widget", "{}.Finalizers", "{}.Finalizers = {}"),
    Carrier("*Widget", "{}.ObjectMeta.Finalizers", "{}.ObjectMeta.Finalizers = {}"),
)
_LIVE = ("Q.DeletionTimestamp.IsZero()", "Q.GetDeletionTimestamp().IsZero()")
_WRITES = ("Update(ctx, Q)", "Update(ctx, Q)", "Patch(ctx, Q, client.MergeFrom(Q.DeepCopy()))")


def generate(seed: int, count: int) -> str:
    """The text of one Go file, as gofmt writes it but for the spaces in expressions."""
    random = Random(seed)
    return HEAD + "".join("\n" + _function(random, number) for number in range(count))


def _function(random: Random, number: int) -> str:
    names = {"Q": random.choice(("o", "obj", "widget")), "x": "item", "i": "at", "t": random.choice(("kept", "list"))}
    key = random.choice(("keeper", "keeper", '"example.com/text"'))
    places = {
        "ASK": random.choice(NO_ASKS if random.random() < 0.2 else ASKS),
        "ADD": random.choice(NO_ADDS if random.random() < 0.25 else ADDS),
        "REMOVE": random.choice(NO_REMOVES if random.random() < 0.25 else REMOVES),
    }
    frame = random.choice(FRAMES)
    needed = random.random() < 0.2 and any(map(_declares, places.values()))
    if needed:
        places = {word: _needed(place) if _declares(place) else place for word, place in places.items()}
    found = [operation for word in re.findall(r"\b(?:ASK|ADD|REMOVE)\b", frame) for operation in places[word].found]
    read = random.random() < 0.7
    words = {"LIVE": random.choice(_LIVE), "WRITE": random.choice(_WRITES), "READY": 'Q.Status = "ready"', "KEY": key}
    for word, place in places.items():
        words[word] = worded(place.body, random.choice(_CARRIERS), {**names, "O": names["Q"], "P": "", "K": key})
    body = re.sub(r"\b(ASK|ADD|REMOVE|LIVE|WRITE|READY|KEY)\b", lambda m: words[m[0]], frame)
    body = re.sub(r"\bQ\b", names["Q"], f"{GET}\n{body}" if read else body)
    given = "name types.NamespacedName" if read else f"{names['Q']} *Widget"
    return "\n".join(
        (
            f"// found: {'some' if needed else ', '.join(found) or 'nothing'}",
            f"// key: {key}",
            f"func (r *reconciler) f{number}(ctx context.Context, {given}) (reconcile.Result, error) {{",
            *indented(body),
            "}",
            "",
            _runner(number, read),
        )
    )


def _declares(place: Place) -> bool:
    return place.body.startswith(("t := ", "var t "))


def _needed(place: Place) -> Place:
    return place._replace(body=f'{place.body}\nr.tell("now", t)')


def _runner(number: int, read: bool) -> str:
    call = f"r.f{number}(context.Background(), {'types.NamespacedName{}' if read else 'w'})"
    return (
        f"func run{number}(w *Widget) (string, error) {{\n"
        "\ts := &store{widget: w}\n\tr := &reconciler{Client: s}\n"
        f"\tresult, err := {call}\n"
        "\treturn fmt.Sprint(s.writes, r.told, result.Requeue), err\n}\n"
    )
