"""Bodies of Go functions about finalizers, each with what it means, for tests/finalizer_code.py to put together.

L is the list, K the key, O the object, x an element, i an index, t a local variable, and W(...) writes a list. M, P and
V(...) are the same of a second list or object, and `wrong` is a second name that is given.
"""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """`want` is a directive (see shapes.py) without its result; a near miss has `none`, and samples must show it in Go.
    `key` is the key where it is another one than K. `free`: it is about the key's value, so that a parameter must be
    it. `again`: it reads the list anew after it was written. `second`: what it means is about the second object."""

    want: str
    body: str
    key: str = ""
    free: bool = False
    again: bool = False
    second: bool = False


LOOP = "for _, x := range L {\nif COND {\nreturn true\n}\n}\nreturn false"
FLAG = "t := false\nfor _, x := range L {\nif COND {\nt = true\n}\n}\nreturn t"
INDEXED = "for i := START; i < END; i++ {\nif L[i] == K {\nreturn true\n}\n}\nreturn false"
FILTER = "var t []string\nfor _, x := range L {\nif COND {\nt = append(t, x)\n}\n}\nW(t)"
SKIP = "t := make([]string, 0, len(L))\nfor _, x := range L {\nif COND {\ncontinue\n}\nt = append(t, x)\n}\nW(t)"
FIRST = "for i, x := range L {\nif x == K {\nW(append(L[:i:i], L[i+STEP:]...))\nbreak\n}\n}"
GUARDED = "if COND {\nW(append(L, VALUE))\n}"

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
    Form("none", LOOP.replace("COND", "strings.TrimSpace(x) == K")),
    Form("none", LOOP.replace("COND", "strings.HasPrefix(x, K)")),
    Form("none", LOOP.replace("COND", "strings.EqualFold(x, K)")),
    Form("none", LOOP.replace("COND", 'x == K || x == ""')),
    Form("none", 'if K == "" {\nreturn true\n}\nreturn slices.Contains(L, K)', free=True),
    Form("none", "return slices.Contains(L, K) || len(L) > 9"),
    Form("none", "return slices.Contains(L[:min(len(L), 3)], K)"),
    Form("none", 'return strings.Contains(strings.Join(L, ","), K)'),
    Form("none", "return slices.Contains(L, strings.ToLower(K))", free=True),
)
CHANGES = (
    Form("Add", GUARDED.replace("COND", "!slices.Contains(L, K)").replace("VALUE", "K")),
    Form("Add", GUARDED.replace("COND", "slices.Index(L, K) == -1").replace("VALUE", "K")),
    Form("Add", GUARDED.replace("COND", "!sets.New(L...).Has(K)").replace("VALUE", "K")),
    Form("Add", "t := false\nfor _, x := range L {\nif x == K {\nt = true\nbreak\n}\n}\nif !t {\nW(append(L, K))\n}"),
    Form("Add [duplicate]", "W(append(L, K))"),
    Form("Add [duplicate]", GUARDED.replace("COND", "slices.Index(L, K) <= 0").replace("VALUE", "K")),
    Form("Add [order]", "if !slices.Contains(L, K) {\nW(append([]string{K}, L...))\n}"),
    Form("SetIfEmpty", "if len(L) == 0 {\nW([]string{K})\n}"),
    Form("Remove [nil-empty]", FILTER.replace("COND", "x != K")),
    Form("Remove [nil-empty]", SKIP.replace("COND", "x == K")),
    Form("Remove [first-only]", FIRST.replace("STEP", "1")),
    Form("Clear", "W(nil)"),
    Form("Clear", "W([]string{})"),
    Form("Clear", "if len(L) > 0 {\nW(nil)\n}"),
    Form("none", GUARDED.replace("COND", "slices.Contains(L, K)").replace("VALUE", "K")),
    Form("none", FILTER.replace("COND", "x == K")),
    Form("none", SKIP.replace("COND", "x != K")),
    Form("none", "if len(L) > 0 {\nW([]string{K})\n}"),
    Form("none", "if len(L) > 1 {\nW(nil)\n}"),
    Form("none", "if len(L) > 0 {\nW(L[1:])\n}"),
    Form("none", "if slices.Contains(L, K) {\nW(L[:len(L)-1])\n}"),
    Form("none", FIRST.replace("STEP", "2")),
    Form("none", GUARDED.replace("COND", "!slices.Contains(L, K) && len(L) < 9").replace("VALUE", "K")),
    Form("none", GUARDED.replace("COND", "!slices.Contains(L, K)").replace("VALUE", "strings.TrimSpace(K)"), free=True),
    Form("none", GUARDED.replace("COND", '!slices.Contains(L, K) && K != ""').replace("VALUE", "K"), free=True),
    Form("none", FILTER.replace("COND", "strings.TrimSpace(x) != K")),
    Form("none", FILTER.replace("COND", "!strings.HasPrefix(x, K)")),
    Form("none", FILTER.replace("COND", 'x != K && x != ""')),
    Form("none", FILTER.replace("COND", "x != K && len(L) < 9")),
    Form("none", "W(lacking(L[:min(len(L), 3)], K))"),
    Form("none", "if len(L) > 9 {\nW(nil)\n}"),
)

# Cut out of the list in place, by index or by a predicate: elements move while others still look at them.
DROP = "slices.DeleteFunc(L, func(x string) bool { return COND })"
IN_PLACE = "t := START\nfor _, x := range L {\nif COND {\nt = append(t, x)\n}\n}\nW(t)"
WHILE_RANGING = "t := L\nfor i, x := range t {\nif x == K {\nt = append(t[:i], t[i+1:]...)\n}\n}\nW(t)"
CUT = "t := L\nfor i := 0; i < len(t); i++ {\nif t[i] == K {\nt = append(t[:i], t[i+1:]...)\nTHEN\n}\n}\nW(t)"
BACKWARDS = "t := L\nfor i := len(t) - 1; i >= END; i-- {\nif t[i] == K {\nt = slices.Delete(t, i, i+1)\n}\n}\nW(t)"
BY_INDEX = "if i := slices.Index(L, K); i >= 0 {\nW(slices.Delete(L, FROM, TO))\n}"
IN_PLACES = (
    Form("Remove", f"W({DROP})".replace("COND", "x == K")),
    Form("Remove", f"t := {DROP}\nW(t)".replace("COND", "!(x != K)")),
    Form("Remove [first-only]", BY_INDEX.replace("FROM", "i").replace("TO", "i+1")),
    Form("Remove", "for slices.Contains(L, K) {\ni := slices.Index(L, K)\nW(slices.Delete(L, i, i+1))\n}", again=True),
    Form("Remove", BACKWARDS.replace("END", "0")),
    Form("Remove", CUT.replace("THEN", "i--")),
    Form("Remove [leftover]", CUT.replace("THEN\n", "")),
    Form("Remove [first-only]", CUT.replace("THEN", "break")),
    Form("Remove", IN_PLACE.replace("START", "L[:0]").replace("COND", "x != K")),
    Form("Remove", "t := L[:0]\nfor i := range L {\nif K != L[i] {\nt = append(t, L[i])\n}\n}\nW(t)"),
    Form("Remove [first-only]", "for i, x := range L {\nif x == K {\nW(append(L[:i], L[i+1:]...))\nbreak\n}\n}"),
    Form("Remove [leftover, panic]", WHILE_RANGING),
    Form("none", f"W({DROP})".replace("COND", "x != K")),
    Form("none", f"W({DROP})".replace("COND", "x == K || len(L) > 9")),
    Form("none", f"W({DROP})".replace("COND", "strings.TrimSpace(x) == K")),
    Form("none", f"t := {DROP}\nif len(t) > 0 {{\nW(t)\n}}".replace("COND", "x == K")),
    Form("none", BY_INDEX.replace("FROM", "i").replace("TO", "len(L)")),
    Form("none", BY_INDEX.replace("FROM", "0").replace("TO", "i+1")),
    Form("none", BY_INDEX.replace("FROM", "i").replace("TO", "i")),
    Form("none", BY_INDEX.replace("i >= 0", "i > 0").replace("FROM", "i").replace("TO", "i+1")),
    Form("none", BACKWARDS.replace("END", "1")),
    Form("none", "t := L\nfor i := len(t) - 1; i >= 0; i-- {\nif t[i] == K {\nW(slices.Delete(t, i, i+1))\n}\n}"),
    Form("Remove [leftover]", CUT.replace("THEN", "i++")),
    Form("none", IN_PLACE.replace("START", "append(L[:0], K)").replace("COND", "x != K")),
    Form("none", IN_PLACE.replace("START", "L[:0]").replace("COND", "x == K")),
    Form("none", "t := L[:0]\nfor _, x := range L {\nt = append(t, x, x)\n}\nW(t)"),
    Form("none", IN_PLACE.replace("START", "L[:0]").replace("COND", "x != K").replace("\nW(t)", "\n_ = t")),
    Form("none", "t := L\nif !slices.Contains(t, K) {\nt := append(t, K)\n_ = t\n}\nW(t)"),
)
# On an interface it hangs on whether GetFinalizers gives the list or, as that of Unstructured, a copy of it.
ANEW = "for i, x := range L {\nif x == K {\nW(append(L[:i], L[i+1:]...))\n}\n}"
FIELD_CHANGES = (
    Form("Remove [leftover, panic]", ANEW, again=True),
    Form("none", f"{DROP}\nt := L\nW(t[:len(t)-1])".replace("COND", "x == K")),
)

SEEN = "t := map[string]bool{}\nfor _, x := range L {\nt[x] = VALUE\n}\nreturn ANSWER"
IN_STRUCTS = "t := map[string]struct{}{}\nfor _, x := range L {\nt[x] = struct{}{}\n}\n_, is := t[K]\nreturn is"
OURS = "t := map[string]bool{K: true}\n"
UNSEEN = "var rest []string\nfor _, x := range L {\nif COND {\nTHENrest = append(rest, x)\n}\n}\nW(rest)"
MAPS = (
    Form("Contains", SEEN.replace("VALUE", "true").replace("ANSWER", "t[K]")),
    Form("Contains", IN_STRUCTS),
    Form("Contains", OURS + LOOP.replace("COND", "t[x]")),
    Form("!Contains", SEEN.replace("VALUE", "true").replace("ANSWER", "!t[K]")),
    Form("HasAny", SEEN.replace("VALUE", "true").replace("ANSWER", "len(t) > 0")),
    Form("none", SEEN.replace("VALUE", "x != K").replace("ANSWER", "t[K]")),
    Form("none", SEEN.replace("VALUE", "!t[x]").replace("ANSWER", "t[K]")),
    Form("none", SEEN.replace("VALUE", "true").replace("ANSWER", "t[K] && len(t) == 1")),
    Form("none", SEEN.replace("VALUE", "true").replace("ANSWER", "len(t) == len(L)")),
    Form("none", OURS + LOOP.replace("COND", "!t[x]")),
)
MAP_CHANGES = (
    Form("Remove [nil-empty]", OURS + UNSEEN.replace("COND", "!t[x]").replace("THEN", "")),
    Form("none", OURS + UNSEEN.replace("COND", "t[x]").replace("THEN", "")),
    Form("Remove [dedup, nil-empty]", OURS + UNSEEN.replace("COND", "!t[x]").replace("THEN", "t[x] = true\n")),
    Form("none", "t := map[string]bool{}\n" + UNSEEN.replace("COND", "!t[x]").replace("THEN", "t[x] = true\n")),
    Form("Add [dedup, sorted]", "W(sets.List(sets.New(L...).Insert(K)))", free=True),
    Form("Remove [dedup, nil-empty, sorted]", "W(sets.NewString(L...).Delete(K).List())", free=True),
    Form("none", "W(sets.List(sets.New(L...)))", free=True),
)

GENERIC = (
    Form("Contains", "return holds(L, K)"),
    Form("Contains", "return holds[string](L, K)"),
    Form("Contains", "return some(L, func(x string) bool { return x == K })"),
    Form("!Contains", "return !some(L, func(x string) bool { return K == x })"),
    Form("none", "return some(L, func(x string) bool { return K != x })"),
    Form("none", "return holds(L[:len(L)/2], K)"),
)
GENERIC_CHANGES = (
    Form("Add", GUARDED.replace("COND", "!holds(L, K)").replace("VALUE", "[]string{K}...")),
    Form("Remove", "W(dropped(L, K))"),
    Form("Remove", "W(picked(L, func(x string) bool { return x != K }))"),
    Form("none", "W(picked(L, func(x string) bool { return x == K }))"),
    Form("none", "W(dropped(L, L[0]))"),
)
GENERIC_OBJECTS = (
    Form("Contains", "return carries(O, K)"),
    Form("!Contains", "return !carries(O, K)"),
    Form("none", 'return carries(O, K+"2")'),
)
GENERIC_OBJECT_CHANGES = (
    Form("Remove", "release(O, K)"),
    Form("Add", "if !carries(O, K) {\nW(append(L, K))\n}"),
    Form("none", "if carries(O, K) {\nW(append(L, K))\n}"),
    Form("none", 'release(O, K+"2")'),
)

# One of the names is another one than it should be, or is just the right one.
WRONG = (
    Form("Contains", LOOP.replace("COND", "x == other"), "other"),
    Form("Contains", LOOP.replace("COND", "x == wrong"), "wrong"),
    Form("Contains", "return slices.Contains(L, wrong)", "wrong"),
    Form("none", LOOP.replace("COND", "x == K || x == wrong")),
    Form("none", LOOP.replace("COND", "x == K || x == other"), free=True),
    Form("Contains", LOOP.replace("COND", "x == keeper || x == other"), "keeper, other"),
    Form("none", "return slices.Contains(L, K) && !slices.Contains(L, wrong)"),
)
WRONG_CHANGES = (
    Form("Add", GUARDED.replace("COND", "!slices.Contains(L, wrong)").replace("VALUE", "wrong"), "wrong"),
    Form("Remove [nil-empty]", SKIP.replace("COND", "x == other"), "other"),
    Form("Remove [nil-empty]", SKIP.replace("COND", "x == wrong"), "wrong"),
    Form("none", GUARDED.replace("COND", "!slices.Contains(L, K)").replace("VALUE", "other")),
    Form("none", GUARDED.replace("COND", "!slices.Contains(L, other)").replace("VALUE", "K")),
    Form("none", GUARDED.replace("COND", "!slices.Contains(L, K)").replace("VALUE", "wrong")),
    Form("none", GUARDED.replace("COND", "!slices.Contains(L, wrong)").replace("VALUE", "K")),
    Form("none", FIRST.replace("STEP", "1").replace("if x == K {", "if x == K && L[0] != wrong {")),
    Form("none", "if slices.Contains(L, K) {\n" + FILTER.replace("COND", "x != wrong") + "\n}"),
)
# Two objects, or two lists. What is said of the first must not be done to the second.
SECOND = (
    Form("Contains", "return slices.Contains(M, K)", second=True),
    Form("!Contains", "for _, x := range M {\nif x == K {\nreturn false\n}\n}\nreturn true", second=True),
    Form("HasAny", "return len(M) > 0", second=True),
    Form("none", "return slices.Contains(L, K) || slices.Contains(M, K)"),
    Form("none", "return slices.Contains(L, K) && len(M) > 0"),
    Form("none", "for i := range L {\nif i < len(M) && M[i] == K {\nreturn true\n}\n}\nreturn false"),
)
SECOND_CHANGES = (
    Form("Add", "if !slices.Contains(M, K) {\nV(append(M, K))\n}", second=True),
    Form("Remove", "V(slices.DeleteFunc(M, func(x string) bool { return x == K }))", second=True),
    Form("Clear", "V(nil)", second=True),
    Form("none", "if !slices.Contains(L, K) {\nV(append(M, K))\n}"),
    Form("none", "if !slices.Contains(M, K) {\nW(append(L, K))\n}"),
    Form("none", "if !slices.Contains(L, K) {\nW(append(M, K))\n}"),
    Form("none", "if !slices.Contains(L, K) {\nV(append(L, K))\n}"),
    Form("none", IN_PLACE.replace("START", "M[:0]").replace("COND", "x != K")),
    Form("none", "W(slices.DeleteFunc(M, func(x string) bool { return x == K }))"),
    Form("none", "if len(L) > 0 {\nV(nil)\n}"),
    Form("none", "W(M)"),
)
DELETING = (
    Form("IsDeleting", "return !O.GetDeletionTimestamp().IsZero()"),
    Form("IsDeleting [zero-time]", "return O.GetDeletionTimestamp() != nil"),
    Form("!IsDeleting", "return O.GetDeletionTimestamp().IsZero()"),
    Form("!IsDeleting [zero-time]", "if O.GetDeletionTimestamp() != nil {\nreturn false\n}\nreturn true"),
    Form("IsDeleting", "return !P.GetDeletionTimestamp().IsZero()", second=True),
    Form("none", "return !O.GetDeletionTimestamp().IsZero() && len(O.GetFinalizers()) > 0"),
    Form("none", "return !O.GetDeletionTimestamp().IsZero() && P.GetDeletionTimestamp() == nil"),
    Form("none", "return O.GetDeletionGracePeriodSeconds() != nil"),
    Form("none", "t := O.GetCreationTimestamp()\nreturn !t.IsZero()"),
)
COUNTS = (
    Form("SameCount", "return len(O.GetFinalizers()) == len(P.GetFinalizers())"),
    Form("!SameCount", "return len(O.GetFinalizers()) != len(P.GetFinalizers())"),
    Form("none", "return len(O.GetFinalizers()) == len(P.GetFinalizers())+1"),
    Form("none", "return len(O.GetFinalizers()) >= len(P.GetFinalizers())"),
    Form("none", "return slices.Equal(O.GetFinalizers(), P.GetFinalizers())"),
)
