"""Reconcile functions as operators write them, put together at random, in which the places that touch finalizers are
known: what must be found at each, or that a near miss must be left.

    source = generate(seed=1, count=50)

A function gets its object or is given it, cleans up and removes the finalizer when it is being deleted, else adds the
finalizer, and writes the object, with errors, logs and several returns. Some are given a second object, which carries
the test or the change, or is mixed up with the first. Above it stands what is found in it and becomes a call of
controllerutil, with its object and in the order of the lines: `// found: Contains o, Remove o, Contains o, Add o`; or
`// found: some` where a local list is needed further on, so that the code may have to be left. `// key:` is the value
of the key, which the code may have in a parameter, a field or a variable. For each function fN there is a runN that
calls it on its objects and gives back what it did. The same seed gives the same text.
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

type options struct {
	Mark string
}

type reconciler struct {
	client.Client
	told    []string
	mark    string
	options options
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
    """Code that touches finalizers. `found` is what becomes calls of controllerutil in it: `Add` of the object that the
    place is about, `Add P` of the other one.

    `copies`: it adds a second copy. `odd`: it is a test of the finalizers that gomigrate follows, and none of the
    operations. What adds a copy stays under such a test.
    """

    body: str
    found: tuple[str, ...] = ()
    copies: bool = False
    odd: bool = False


def _taken(operation: str, *some: tuple[forms.Form, ...]) -> tuple[Place, ...]:
    """The forms of an operation that a call of controllerutil may take the place of."""
    unlike = {"panic", "leftover"}
    return tuple(
        Place(f.body, (operation,), copies="duplicate" in f.want)
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
    Place("(slices.Index(L, K) > 0)", odd=True),
    Place("(len(L) > 1)", odd=True),
    Place('strings.Contains(strings.Join(L, ","), K)'),
    Place("slices.ContainsFunc(L, func(x string) bool { return strings.HasPrefix(x, K) })"),
    Place("slices.Contains(L, strings.ToUpper(K))"),
    Place("(slices.Contains(L, K) && len(L) == 1)", ("Contains",), odd=True),
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
# Of two objects: M and V(...) are the list of the other one.
TWO_ASKS = (
    Place("(slices.Contains(L, K) && slices.Contains(M, K))", ("Contains", "Contains P")),
    Place("(holds(M, K) || !sets.New(L...).Has(K))", ("Contains P", "Contains")),
    Place("(slices.Contains(L, K) || len(M) > 1)", ("Contains",), odd=True),
    Place("slices.Equal(L, M)", odd=True),
    Place("slices.Contains(append(L, M...), K)", odd=True),
    Place("(len(L) == len(M))"),
)
TWO_ADDS = (
    Place("if !slices.Contains(M, K) {\nW(append(L, K))\n}", ("Contains P", "Add")),
    Place("if !holds(L, K) {\nV(append(M, K))\n}", ("Contains", "Add P")),
    Place("if !slices.Contains(L, K) {\nW(append(L, K))\nV(append(M, K))\n}", ("Contains", "Add", "Add P")),
    Place("if !slices.Contains(L, K) {\nW(append(L, K))\n}\nV(append(M, K))", ("Add", "Add P")),
    Place("W(append(M, K))"),
    Place("V(append(L, K))"),
    Place("if !slices.Contains(L, K) {\nW(append(M, K))\n}", ("Contains",)),
    Place("W(M)"),
)
DROP = forms.DROP.replace("COND", "x == K")
DROP_OTHER = DROP.replace("(L,", "(M,")
TWO_REMOVES = (
    Place(f"W({DROP})\nV({DROP_OTHER})", ("Remove", "Remove P")),
    Place(f"if slices.Contains(M, K) {{\nW({DROP})\n}}", ("Contains P", "Remove")),
    Place(f"if slices.Contains(L, K) {{\nV({DROP})\n}}", ("Contains",)),
    Place(f"W({DROP_OTHER})"),
    Place(forms.FILTER.replace("COND", "!slices.Contains(M, x)"), ("Contains P",)),
    Place(forms.FILTER.replace("range L", "range M").replace("COND", "x != K")),
    Place("W(M)"),
)
_CARRIERS = (
    Carrier("*Widget", "{}.GetFinalizers()", "{}.SetFinalizers({})"),
    Carrier("*Widget", "{}.Finalizers", "{}.Finalizers = {}"),
    Carrier("*Widget", "{}.ObjectMeta.Finalizers", "{}.ObjectMeta.Finalizers = {}"),
)
_LIVE = ("Q.DeletionTimestamp.IsZero()", "Q.GetDeletionTimestamp().IsZero()")
_WRITES = ("Update(ctx, Q)", "Update(ctx, Q)", "Patch(ctx, Q, client.MergeFrom(Q.DeepCopy()))")
_PLACES = {
    "ASK": (ASKS, NO_ASKS, TWO_ASKS, 0.2),
    "ADD": (ADDS, NO_ADDS, TWO_ADDS, 0.25),
    "REMOVE": (REMOVES, NO_REMOVES, TWO_REMOVES, 0.25),
}


class Key(NamedTuple):
    """How the code says the key, what its value is, the parameter that holds it, and a statement that it needs."""

    text: str
    value: str
    parameter: str = ""
    before: str = ""


_KEYS = (
    *(Key("keeper", "keeper"), Key("keeper", "keeper"), Key('"example.com/text"', '"example.com/text"')),
    *(Key("mark", "keeper", "mark string"), Key("given.Mark", "keeper", "given options")),
    *(Key("r.mark", "keeper"), Key("r.options.Mark", "keeper")),
    *(Key("mark", "keeper", before="mark := keeper"), Key("mark", "keeper", before="mark := r.mark")),
)


def generate(seed: int, count: int) -> str:
    """The text of one Go file, as gofmt writes it but for the spaces in expressions."""
    random = Random(seed)
    return HEAD + "".join("\n" + _function(random, number) for number in range(count))


def _function(random: Random, number: int) -> str:
    first = random.choice(("o", "obj", "widget"))
    second = random.choice(("", "", "peer", "child"))
    key = random.choice(_KEYS)
    frame = random.choice(FRAMES)
    places = {word: _place(random, word, second) for word in _PLACES}
    needed = random.random() < 0.2 and any(map(_declares, places.values()))
    if needed:
        places = {word: _needed(place) if _declares(place) else place for word, place in places.items()}
    objects = {word: _objects(random, first, second) for word in places}
    read = random.random() < 0.7
    words = {"LIVE": random.choice(_LIVE), "WRITE": random.choice(_WRITES), "READY": 'Q.Status = "ready"'}
    words["KEY"] = key.text
    names = {"x": "item", "i": "at", "t": random.choice(("kept", "list")), "K": key.text}
    for word, place in places.items():
        about, other = objects[word]
        words[word] = worded(place.body, random.choice(_CARRIERS), {**names, "O": about, "P": other})
    body = re.sub(r"\b(ASK|ADD|REMOVE|LIVE|WRITE|READY|KEY)\b", lambda m: words[m[0]], frame)
    body = "\n".join(part for part in (key.before, GET if read else "", body) if part)
    body = re.sub(r"\bQ\b", first, body)
    given = ["name types.NamespacedName" if read else f"{first} *Widget"]
    given += [f"{second} *Widget"] if second else []
    given += [key.parameter] if key.parameter else []
    found = "some" if needed else ", ".join(_found(frame, places, objects)) or "nothing"
    return "\n".join(
        (
            f"// found: {found}",
            f"// key: {key.value}",
            f"// objects: {first} {second}".rstrip(),
            f"func (r *reconciler) f{number}(ctx context.Context, {', '.join(given)}) (reconcile.Result, error) {{",
            *indented(body),
            "}",
            "",
            _runner(number, read, second, key),
        )
    )


def _place(random: Random, word: str, second: str) -> Place:
    right, wrong, of_two, share = _PLACES[word]
    if second and random.random() < 0.4:
        return random.choice(of_two)
    return random.choice(wrong if random.random() < share else right)


def _objects(random: Random, first: str, second: str) -> tuple[str, str]:
    """The object that a place is about, and the other one."""
    return (second, first) if second and random.random() < 0.4 else (first, second)


def _found(frame: str, places: dict[str, Place], objects: dict[str, tuple[str, str]]) -> list[str]:
    """What is found in a function, in the order of the lines."""
    found = []
    for match in re.finditer(r"\b(?:ASK|ADD|REMOVE)\b", frame):
        place, (about, other) = places[match[0]], objects[match[0]]
        if place.copies and places["ASK"].odd and frame[: match.start()].endswith("if !ASK {\n"):
            continue
        for what in place.found:
            operation, _, of_other = what.partition(" ")
            found.append(f"{operation} {other if of_other else about}")
    return found


def _declares(place: Place) -> bool:
    return place.body.startswith(("t := ", "var t "))


def _needed(place: Place) -> Place:
    return place._replace(body=f'{place.body}\nr.tell("now", t)')


def _runner(number: int, read: bool, second: str, key: Key) -> str:
    given = ["context.Background()", "types.NamespacedName{}" if read else "w"]
    given += ["second"] if second else []
    given += [key.value if "string" in key.parameter else "options{Mark: keeper}"] if key.parameter else []
    return (
        f"func run{number}(w{', second' if second else ''} *Widget) (string, error) {{\n"
        "\ts := &store{widget: w}\n"
        "\tr := &reconciler{Client: s, mark: keeper, options: options{Mark: keeper}}\n"
        f"\tresult, err := r.f{number}({', '.join(given)})\n"
        "\treturn fmt.Sprint(s.writes, r.told, result.Requeue), err\n}\n"
    )
