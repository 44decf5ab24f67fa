"""Go functions about finalizers that are put together at random, each with a directive (see shapes.py) that says what
it means, or, for a near miss, that it means none of the operations.

    source = generate(seed=1, count=100)

A function is one of the forms below, over a list, an object or a Pod, with the key as a parameter, a constant or a
literal, with names, aliases and harmless statements at random, as a plain function, a method, or called by another.
The same seed gives the same text.
"""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

HEAD = """package p

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
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

func holds[T comparable](list []T, wanted T) bool {
	for _, one := range list {
		if one == wanted {
			return true
		}
	}
	return false
}

func lacking(list []string, unwanted string) []string {
	kept := list[:0:0]
	for _, one := range list {
		if one != unwanted {
			kept = append(kept, one)
		}
	}
	return kept
}
"""

# In all forms L is the list, K the key, x an element, i an index, t a local variable, W(...) the writing of a list.
LOOP = "for _, x := range L {\nif COND {\nreturn true\n}\n}\nreturn false"
FLAG = "t := false\nfor _, x := range L {\nif COND {\nt = true\n}\n}\nreturn t"
INDEXED = "for i := START; i < END; i++ {\nif L[i] == K {\nreturn true\n}\n}\nreturn false"
FILTER = "var t []string\nfor _, x := range L {\nif COND {\nt = append(t, x)\n}\n}\nW(t)"
SKIP = "t := make([]string, 0, len(L))\nfor _, x := range L {\nif COND {\ncontinue\n}\nt = append(t, x)\n}\nW(t)"
FIRST = "for i, x := range L {\nif x == K {\nW(append(L[:i:i], L[i+STEP:]...))\nbreak\n}\n}"
GUARDED = "if COND {\nW(append(L, VALUE))\n}"


class Form(NamedTuple):
    """`want` is a directive without its result; a near miss has `none` where samples show it, else `opaque`. `key` is
    the key where it is another one than K."""

    want: str
    body: str
    key: str = ""


QUESTIONS = (
    Form("Contains", LOOP.replace("COND", "x == K")),
    Form("Contains", LOOP.replace("COND", "!(K != x)")),
    Form("Contains", FLAG.replace("COND", "x == K")),
    Form("Contains", INDEXED.replace("START", "0").replace("END", "len(L)")),
    Form("Contains", "return slices.Contains(L, K)"),
    Form("Contains", "return slices.Index(L, K) >= 0"),
    Form("Contains", "return slices.Index(L, K) != -1"),
    Form("Contains", "return slices.ContainsFunc(L, func(x string) bool { return x == K })"),
    Form("Contains", "return slices.IndexFunc(L, func(x string) bool { return K == x }) > -1"),
    Form("Contains", "return sets.New(L...).Has(K)"),
    Form("Contains", "return sets.NewString(L...).Has(K)"),
    Form("Contains", "return holds(L, K)"),
    Form("Contains", "t := 0\nfor _, x := range L {\nif x == K {\nt++\n}\n}\nreturn t > 0"),
    Form("!Contains", "return !slices.Contains(L, K)"),
    Form("!Contains", "return slices.Index(L, K) < 0"),
    Form("!Contains", "for _, x := range L {\nif x == K {\nreturn false\n}\n}\nreturn true"),
    Form("HasAny", "return len(L) > 0"),
    Form("HasAny", "return len(L) != 0"),
    Form("HasAny", "return len(L) >= 1"),
    Form("HasAny", "for range L {\nreturn true\n}\nreturn false"),
    Form("!HasAny", "return len(L) == 0"),
    Form("none", LOOP.replace("COND", "x != K")),
    Form("none", INDEXED.replace("START", "1").replace("END", "len(L)")),
    Form("none", INDEXED.replace("START", "0").replace("END", "len(L)-1")),
    Form("none", "return slices.Index(L, K) > 0"),
    Form("none", "t := false\nfor _, x := range L {\nt = x == K\n}\nreturn t"),
    Form("none", "return len(L) > 1"),
    Form("none", "for _, x := range L {\nreturn x == K\n}\nreturn false"),
    Form("none", "return len(L) > 0 && L[0] == K"),
    Form("Contains", LOOP.replace("COND", "x == other"), "other"),
    Form("opaque", LOOP.replace("COND", "strings.TrimSpace(x) == K")),
    Form("opaque", LOOP.replace("COND", "strings.HasPrefix(x, K)")),
    Form("opaque", LOOP.replace("COND", "strings.EqualFold(x, K)")),
    Form("opaque", LOOP.replace("COND", 'x == K || x == ""')),
    Form("opaque", 'if K == "" {\nreturn true\n}\nreturn slices.Contains(L, K)'),
    Form("opaque", "return slices.Contains(L, K) || len(L) > 9"),
    Form("opaque", "return slices.Contains(L[:min(len(L), 3)], K)"),
    Form("opaque", 'return strings.Contains(strings.Join(L, ","), K)'),
    Form("opaque", "return slices.Contains(L, strings.ToLower(K))"),
)
CHANGES = (
    Form("Add", GUARDED.replace("COND", "!slices.Contains(L, K)").replace("VALUE", "K")),
    Form("Add", GUARDED.replace("COND", "!holds(L, K)").replace("VALUE", "[]string{K}...")),
    Form("Add", GUARDED.replace("COND", "slices.Index(L, K) == -1").replace("VALUE", "K")),
    Form("Add", GUARDED.replace("COND", "!sets.New(L...).Has(K)").replace("VALUE", "K")),
    Form("Add", "t := false\nfor _, x := range L {\nif x == K {\nt = true\nbreak\n}\n}\nif !t {\nW(append(L, K))\n}"),
    Form("Add [duplicate]", "W(append(L, K))"),
    Form("Add [order]", "if !slices.Contains(L, K) {\nW(append([]string{K}, L...))\n}"),
    Form("SetIfEmpty", "if len(L) == 0 {\nW([]string{K})\n}"),
    Form("Remove [nil-empty]", FILTER.replace("COND", "x != K")),
    Form("Remove [nil-empty]", SKIP.replace("COND", "x == K")),
    Form("Remove [first-only]", FIRST.replace("STEP", "1")),
    Form("Clear", "W(nil)"),
    Form("Clear", "W([]string{})"),
    Form("Clear", "if len(L) > 0 {\nW(nil)\n}"),
    Form("none", GUARDED.replace("COND", "slices.Contains(L, K)").replace("VALUE", "K")),
    Form("Add [duplicate]", GUARDED.replace("COND", "slices.Index(L, K) <= 0").replace("VALUE", "K")),
    Form("none", FILTER.replace("COND", "x == K")),
    Form("none", SKIP.replace("COND", "x != K")),
    Form("none", "if len(L) > 0 {\nW([]string{K})\n}"),
    Form("none", "if len(L) > 1 {\nW(nil)\n}"),
    Form("none", "if len(L) > 0 {\nW(L[1:])\n}"),
    Form("none", "if slices.Contains(L, K) {\nW(L[:len(L)-1])\n}"),
    Form("opaque", FIRST.replace("STEP", "2")),
    Form("opaque", GUARDED.replace("COND", "!slices.Contains(L, K)").replace("VALUE", "other")),
    Form("opaque", GUARDED.replace("COND", "!slices.Contains(L, other)").replace("VALUE", "K")),
    Form("opaque", GUARDED.replace("COND", "!slices.Contains(L, K) && len(L) < 9").replace("VALUE", "K")),
    Form("opaque", GUARDED.replace("COND", "!slices.Contains(L, K)").replace("VALUE", "strings.TrimSpace(K)")),
    Form("opaque", GUARDED.replace("COND", '!slices.Contains(L, K) && K != ""').replace("VALUE", "K")),
    Form("opaque", FILTER.replace("COND", "strings.TrimSpace(x) != K")),
    Form("opaque", FILTER.replace("COND", "!strings.HasPrefix(x, K)")),
    Form("opaque", FILTER.replace("COND", 'x != K && x != ""')),
    Form("opaque", FILTER.replace("COND", "x != K && len(L) < 9")),
    Form("Remove [nil-empty]", SKIP.replace("COND", "x == other"), "other"),
    Form("opaque", "W(lacking(L[:min(len(L), 3)], K))"),
    Form("opaque", "if len(L) > 9 {\nW(nil)\n}"),
)
DELETING = (
    Form("IsDeleting", "return !O.GetDeletionTimestamp().IsZero()"),
    Form("IsDeleting [zero-time]", "return O.GetDeletionTimestamp() != nil"),
    Form("!IsDeleting", "return O.GetDeletionTimestamp().IsZero()"),
    Form("!IsDeleting [zero-time]", "if O.GetDeletionTimestamp() != nil {\nreturn false\n}\nreturn true"),
    Form("none", "return !O.GetDeletionTimestamp().IsZero() && len(O.GetFinalizers()) > 0"),
    Form("opaque", "return O.GetDeletionGracePeriodSeconds() != nil"),
    Form("opaque", "t := O.GetCreationTimestamp()\nreturn !t.IsZero()"),
)
COUNTS = (
    Form("SameCount", "return len(O.GetFinalizers()) == len(P.GetFinalizers())"),
    Form("!SameCount", "return len(O.GetFinalizers()) != len(P.GetFinalizers())"),
    Form("none", "return len(O.GetFinalizers()) == len(P.GetFinalizers())+1"),
    Form("none", "return len(O.GetFinalizers()) >= len(P.GetFinalizers())"),
    Form("none", "return slices.Equal(O.GetFinalizers(), P.GetFinalizers())"),
)
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
    names = {what: random.choice(some) for what, some in _NAMES.items()}
    family = random.choice((QUESTIONS, QUESTIONS, CHANGES, CHANGES, CHANGES, DELETING, COUNTS))
    form = random.choice(family)
    receiver = random.choice(("", "", "(r *reconciler) "))
    if family in (DELETING, COUNTS):
        parameters = f"{names['object']} metav1.Object"
        if family is COUNTS:
            parameters = f"{names['object']}, {names['object']}2 metav1.Object"
        body = _named(form.body, names).replace("P.", f"{names['object']}2.").replace("O.", f"{names['object']}.")
        return _written(form.want, "", f"func {receiver}f{number}({parameters}) bool", body)
    return _about_key(random, number, form, names, receiver, family is CHANGES)


def _about_key(random: Random, number: int, form: Form, names: dict[str, str], receiver: str, changes: bool) -> str:
    carrier = random.choice(("list", "object", "pod"))
    key, parameter, directive = random.choice(
        (
            (names["key"], f"{names['key']} string", ""),
            (names["key"], f"{names['key']} string", ""),
            ("keeper", "", "keeper"),
            ('"example.com/text"', "", '"example.com/text"'),
        )
    )
    subject = names["list"] if carrier == "list" else names["object"]
    kind = {"list": "[]string", "object": "metav1.Object", "pod": "*corev1.Pod"}[carrier]
    read = {"list": subject, "object": f"{subject}.GetFinalizers()", "pod": f"{subject}.Finalizers"}[carrier]
    context = random.choice(("", "ctx context.Context")) if carrier != "list" else ""
    parameters = ", ".join(p for p in (context, f"{subject} {kind}", parameter) if p)
    body, result, returned = form.body, "bool", ""
    if changes and carrier == "list":
        result, returned = "[]string", "list"
    elif changes:
        result, returned = random.choice((("", ""), ("error", "error")))
    body = _writing(body, carrier, subject)
    if carrier != "list" and re.search(r"\bL\b", body) and random.random() < 0.3:
        body = f"current := {read}\n" + _named(body, {**names, "L": "current", "K": key})
    else:
        body = _named(body, {**names, "L": read, "K": key})
    if changes:
        body += {"list": f"\nreturn {subject}", "error": "\nreturn nil", "": ""}[returned]
    body = f"{random.choice(_HARMLESS)}\n{body}".lstrip("\n")
    arrow = f" -> {returned}" if returned and form.want not in ("none", "opaque") else ""
    head = f"func {receiver}f{number}({parameters}) {result}".rstrip()
    return _written(form.want + arrow, form.key or directive, head, body)


def _writing(body: str, carrier: str, subject: str) -> str:
    """W(...) in the words of what holds the list. It always stands alone on its line."""
    lines = []
    for line in body.split("\n"):
        if line.startswith("W("):
            value = line[2:-1]
            line = f"{subject}.SetFinalizers({value})" if carrier == "object" else f"{subject}.Finalizers = {value}"
            line = f"{subject} = {value}" if carrier == "list" else line
        lines.append(line)
    return "\n".join(lines)


def _named(body: str, names: dict[str, str]) -> str:
    return re.sub(r"\b[LKxit]\b", lambda m: names.get(m[0], m[0]), body)


def _written(want: str, key: str, head: str, body: str) -> str:
    lines, depth = [], 1
    for line in body.split("\n"):
        depth -= line.startswith("}")
        lines.append("\t" * depth + line)
        depth += line.endswith("{")
    directive = f"// key: {key}\n" if key else ""
    return "\n".join((f"// want: {want}", f"{directive}{head} {{", *lines, "}", ""))
