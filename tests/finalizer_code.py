"""Go functions about finalizers that are put together at random, each with a directive (see shapes.py) that says what
it means, or, for a near miss, that it means none of the operations.

    source = generate(seed=1, count=100)

A function is one of the forms of finalizer_forms.py, over a list, an object or a Pod, or generic over them, with the
key as a parameter, a constant or a literal, with names, aliases and harmless statements at random, as a plain function
or a method. What is about the second of two objects has `// on: NAME` as well. The same seed gives the same text.
"""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

import finalizer_forms as forms
from finalizer_forms import Form

HEAD = """package p

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var (
	_ metav1.Object
	_ corev1.Pod
	_ = slices.Contains[[]string]
	_ = strings.TrimSpace
	_ sets.String
	_ context.Context
)

const (
	keeper = "example.com/keeper"
	other  = "example.com/other"
)

type reconciler struct{}

type naming interface{ ~string }

type anyObject interface{ client.Object }

func holds[T comparable](list []T, wanted T) bool {
	for _, one := range list {
		if one == wanted {
			return true
		}
	}
	return false
}

func lacking(list []string, unwanted string) []string {
	rest := list[:0:0]
	for _, one := range list {
		if one != unwanted {
			rest = append(rest, one)
		}
	}
	return rest
}

func some[T any](list []T, is func(T) bool) bool {
	for _, one := range list {
		if is(one) {
			return true
		}
	}
	return false
}

func picked[S ~[]E, E any](list S, keep func(E) bool) S {
	rest := list[:0]
	for _, one := range list {
		if keep(one) {
			rest = append(rest, one)
		}
	}
	return rest
}

func dropped[S ~[]E, E comparable](list S, unwanted E) S {
	return slices.DeleteFunc(list, func(one E) bool { return one == unwanted })
}

func carries[T metav1.Object](object T, name string) bool {
	return holds(object.GetFinalizers(), name)
}

func release[T metav1.Object](object T, name string) {
	object.SetFinalizers(lacking(object.GetFinalizers(), name))
}
"""

_ALL = ("list", "object", "pod")
_OBJECTS = ("object", "pod")


class Family(NamedTuple):
    forms: tuple[Form, ...]
    changes: bool = False
    carriers: tuple[str, ...] = _ALL
    named: bool = True


_FAMILIES = (
    *(Family(forms.QUESTIONS),) * 3,
    *(Family(forms.CHANGES, changes=True),) * 4,
    *(Family(forms.IN_PLACES, changes=True),) * 3,
    Family(forms.FIELD_CHANGES, changes=True, carriers=("list", "pod")),
    Family(forms.MAPS),
    Family(forms.MAP_CHANGES, changes=True),
    Family(forms.GENERIC),
    Family(forms.GENERIC_CHANGES, changes=True),
    Family(forms.GENERIC_OBJECTS, carriers=_OBJECTS),
    Family(forms.GENERIC_OBJECT_CHANGES, changes=True, carriers=_OBJECTS),
    Family(forms.WRONG),
    Family(forms.WRONG_CHANGES, changes=True),
    Family(forms.SECOND, carriers=_OBJECTS),
    Family(forms.SECOND_CHANGES, changes=True, carriers=_OBJECTS),
    Family(forms.DELETING, carriers=("object",), named=False),
    Family(forms.COUNTS, carriers=("object",), named=False),
)


class Carrier(NamedTuple):
    """What holds the list: its type, how the list is read from a subject and written to it, and type parameters."""

    type: str
    read: str
    write: str
    parameters: str = ""
    name: str = "string"


_CARRIERS = {
    "list": Carrier("[]string", "{}", "{} = {}"),
    "object": Carrier("metav1.Object", "{}.GetFinalizers()", "{}.SetFinalizers({})"),
    "pod": Carrier("*corev1.Pod", "{}.Finalizers", "{}.Finalizers = {}"),
}
_GENERIC = {
    "list": (
        Carrier("[]T", "{}", "{} = {}", "[T comparable]", "T"),
        Carrier("[]T", "{}", "{} = {}", "[T ~string]", "T"),
        Carrier("[]T", "{}", "{} = {}", "[T naming]", "T"),
        Carrier("S", "{}", "{} = {}", "[S ~[]T, T comparable]", "T"),
    ),
    "object": (
        Carrier("T", "{}.GetFinalizers()", "{}.SetFinalizers({})", "[T client.Object]"),
        Carrier("T", "{}.GetFinalizers()", "{}.SetFinalizers({})", "[T anyObject]"),
    ),
    "pod": (),
}
# What a list of any type of name cannot be given to.
_ONLY_STRINGS = re.compile(r'strings\.|NewString|sets\.List|lacking|other|"')
_NAMES = {
    "list": ("list", "names", "finalizers", "all"),
    "object": ("o", "obj", "object", "res"),
    "key": ("k", "name", "finalizer", "wanted"),
    "x": ("x", "f", "item", "entry"),
    "i": ("i", "n", "at", "pos"),
    "t": ("t", "kept", "found", "out"),
}
_HARMLESS = ("", "", "var nothing error\n_ = nothing", "{\n_ = 0\n}")


def generate(seed: int, count: int) -> str:
    """The text of one Go file, as gofmt writes it but for the spaces in expressions."""
    random = Random(seed)
    return HEAD + "".join("\n" + _function(random, number) for number in range(count))


def _function(random: Random, number: int) -> str:
    family = random.choice(_FAMILIES)
    form = random.choice(family.forms)
    names = {what: random.choice(some) for what, some in _NAMES.items()}
    kind = random.choice(family.carriers)
    key, directive = _key(random, form, names["key"])
    carrier = _carrier(random, form, kind, is_parameter=key == names["key"])
    subject = names["list" if kind == "list" else "object"]
    result, returned = _result(random, family, kind, carrier, subject)

    context = random.choice(("", "ctx context.Context")) if kind != "list" and family.named else ""
    second = f"{subject}2" if _uses(form, "M", "P", "V") else ""
    subjects = f"{subject}, {second} {carrier.type}" if second else f"{subject} {carrier.type}"
    wrong = f"wrong {carrier.name}" if _uses(form, "wrong") else ""
    named = f"{key} {carrier.name}" if key == names["key"] and family.named else ""
    parameters = ", ".join(p for p in (context, subjects, wrong, named) if p)
    receiver = "" if carrier.parameters else random.choice(("", "", "(r *reconciler) "))
    head = f"func {receiver}f{number}{carrier.parameters}({parameters}) {result}".rstrip()

    harmless = random.choice(_HARMLESS)
    body = _body(random, form, carrier, {**names, "K": key, "O": subject, "P": second})
    body = "\n".join(part for part in (harmless, body, returned) if part)
    given = {"": "", f"return {subject}": " -> list", "return nil": " -> error"}[returned]
    comment = [f"// want: {form.want}{given if form.want != 'none' else ''}"]
    comment += [f"// key: {form.key or directive}"] if family.named and (form.key or directive) else []
    comment += [f"// on: {second}"] if form.second else []
    return "\n".join((*comment, f"{head} {{", *indented(body), "}", ""))


def _key(random: Random, form: Form, name: str) -> tuple[str, str]:
    """The key as it is written, and what the directive says of it."""
    constant = random.choice((("", ""), ("", ""), ("keeper", "keeper"), ('"example.com/text"', '"example.com/text"')))
    return constant if constant[0] and not form.free and not _uses(form, "wrong") else (name, "")


def _carrier(random: Random, form: Form, kind: str, is_parameter: bool) -> Carrier:
    generic = _GENERIC[kind]
    possible = kind == "object" or (is_parameter and not _ONLY_STRINGS.search(form.body))
    return random.choice(generic) if generic and possible and random.random() < 0.3 else _CARRIERS[kind]


def _result(random: Random, family: Family, kind: str, carrier: Carrier, subject: str) -> tuple[str, str]:
    """The type of the result, and the statement that gives it back where the form does not."""
    if not family.changes:
        return "bool", ""
    if kind == "list":
        return carrier.type, f"return {subject}"
    return random.choice((("", ""), ("error", "return nil")))


def _uses(form: Form, *words: str) -> bool:
    return re.search(rf"\b({'|'.join(words)})\b", form.body) is not None


def _body(random: Random, form: Form, carrier: Carrier, names: dict[str, str]) -> str:
    """A form in the words of what holds the list, which may be read into a variable first."""
    read = carrier.read.format(names["O"])
    if read != names["O"] and not form.again and _uses(form, "L") and random.random() < 0.3:
        return f"current := {read}\n" + worded(form.body, carrier, {**names, "L": "current"})
    return worded(form.body, carrier, names)


def worded(body: str, carrier: Carrier, names: dict[str, str]) -> str:
    """The body of a form in the words of what holds the list. `names` says what each letter is."""
    lines = []
    for line in body.split("\n"):
        # The writing of a list always stands alone on its line.
        target = {"W(": names["O"], "V(": names["P"]}.get(line[:2])
        lines.append(line if target is None else carrier.write.format(target, line[2:-1]))
    names = {"L": carrier.read.format(names["O"]), "M": carrier.read.format(names["P"]), **names}
    text = re.sub(r"\bstring\b", carrier.name, "\n".join(lines))
    return re.sub(r"\b[LMOPKxit]\b", lambda m: names[m[0]], text)


def indented(body: str) -> list[str]:
    lines, depth = [], 1
    for line in body.split("\n"):
        depth -= line.startswith(("}", "case", "default"))
        lines.append("\t" * depth + line)
        depth += line.endswith(("{", ":"))
    return lines
