"""Old code against new code, run by Go: for each site, on all sample lists, with its object's own type.

Written into the patched scratch copy and removed again: for each file with sites a test file that holds the text that
stood there, the text that stands there now, and the helpers that the patch deletes, so that the old text still means
what it did. What Go does not compile there (local variables, say) is left out, and counts as not run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gomigrate.catalogue import HAND_WRITTEN_HELPER, UNQUALIFIED_NAME
from gomigrate.finalizer.samples import DELETION, List, lists
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Diagnostic, Operation, Plan, Stage
from gomigrate.verify.results import Compared, Failure

META = "k8s.io/apimachinery/pkg/apis/meta/v1"
PREFIX = "zz_gomigrate_"
_QUESTIONS = (Operation.CONTAINS, Operation.HAS_ANY, Operation.IS_DELETING)
_ADDS = (Operation.ADD, Operation.SET_IF_EMPTY)
_ANY_TYPE = f"{META}.PartialObjectMetadata"
_CONSTANT = re.compile(r"(\w+)[ \t]*(\w*)[ \t]*=[ \t]*\"")
_KEY = re.compile(r"[A-Za-z_][\w.]*|\"[^\"\\]*\"")
_FUNCTION = re.compile(r"func\s+(?:\([^)]*\)\s*)?(\w+)")
_SHOWN = 3


class Site(NamedTuple):
    """A change that can be run. `keys` are Go expressions: the name in the old code, and the one in the new code."""

    number: int
    diagnostic: Diagnostic
    keys: tuple[str, str]


def sites(plan: Plan) -> dict[str, list[Site]]:
    """The changes that can be tried, by the folder of their package."""
    found: dict[str, list[Site]] = {}
    for number, diagnostic in enumerate(plan.changed):
        evidence = diagnostic.evidence
        if evidence is None or evidence.object is None or diagnostic.operation in (None, Operation.SAME_COUNT):
            continue
        keys = _keys(plan, diagnostic)
        if keys is not None and plan.changes.get(diagnostic.path) is not None:
            found.setdefault(diagnostic.path.rpartition("/")[0], []).append(Site(number, diagnostic, keys))
    return found


def _keys(plan: Plan, diagnostic: Diagnostic) -> tuple[str, str] | None:
    for choice in plan.constants:
        if choice.old == diagnostic.name:
            added = choice.old if plan.stage is Stage.PREPARE else choice.new
            return json.dumps(choice.new), json.dumps(added)
    if diagnostic.operation is Operation.IS_DELETING:
        return '"k"', '"k"'
    return (diagnostic.name, diagnostic.name) if _KEY.fullmatch(diagnostic.name) else None


class Program(NamedTuple):
    """The test files of one package: their text by name, and for each name what stands from which line (1-based) on."""

    files: dict[str, str]
    lines: dict[str, list[tuple[int, str]]]


def program(
    plan: Plan, folder: str, package: tuple[str, str], found: Sequence[Site], left_out: frozenset[str], output: Path
) -> Program:
    """The program for the sites of a package (import path, name), without the pieces that are left out."""
    from jinja2 import Template

    path, name = package
    harness = (Path(__file__).parent / "differential.go.j2").read_text(encoding="utf-8")
    ordered = list(lists(("k",)))
    values = {"package": name, "lists": f"`{json.dumps(ordered)}`", "output": json.dumps(str(output))}
    values["deletions"] = ", ".join(map(json.dumps, DELETION))
    files = {f"{PREFIX}harness_test.go": Template(harness).render(values)}
    lines: dict[str, list[tuple[int, str]]] = {}
    for number, (source, pieces) in enumerate(_pieces(plan, folder, path, found).items()):
        kept = {piece: text for piece, text in pieces.items() if piece not in left_out}
        old, new = plan.originals[source], plan.changes.get(source)
        body = "\n".join(kept.values())
        imports = {i.name: i.path for data in (old, new) if data for i in SourceFile(source, data).imports}
        used = {n: p for n, p in imports.items() if re.search(rf"\b{re.escape(n)}\.", body)}
        types = {f"gomigrate{i}": t for i, t in _types(found).items() if f"gomigrate{i}." in body}
        head = "".join(f"import {alias} {json.dumps(p)}\n" for alias, p in (*used.items(), *types.items()))
        text = f"package {name}\n\n{head}\n"
        file = f"{PREFIX}{number}_test.go"
        for piece, code in kept.items():
            lines.setdefault(file, []).append((text.count("\n") + 1, piece))
            text += code + "\n"
        files[file] = text
    return Program(files, lines)


def _types(found: Sequence[Site]) -> dict[int, str]:
    every = {_type(s).rpartition(".")[0]: None for s in found}
    return dict(enumerate(every))


def _type(site: Site) -> str:
    evidence = site.diagnostic.evidence
    assert evidence is not None and evidence.object is not None
    return evidence.object.type or _ANY_TYPE


def _pieces(plan: Plan, folder: str, path: str, found: Sequence[Site]) -> dict[str, dict[str, str]]:
    """Source file -> the pieces of its test file: old constants, deleted helpers, sites. By a name for each."""
    pieces: dict[str, dict[str, str]] = {}
    for d in plan.changed:
        if d.path.rpartition("/")[0] != folder or d.path not in plan.originals:
            continue
        if d.rule == HAND_WRITTEN_HELPER and not d.path.endswith("_test.go"):
            pieces.setdefault(d.path, {})[f"helper {d.where}"] = d.before
        elif d.rule == UNQUALIFIED_NAME and (constant := _CONSTANT.match(d.before)):
            after = plan.changes.get(d.path) or b""
            choice = next((c for c in plan.constants if c.old == d.name), None)
            if choice and not re.search(rb"\b%b\b[ \t]*\w*[ \t]*=" % constant[1].encode(), after):
                text = f"const {constant[1]} {constant[2]} = {json.dumps(choice.new)}"
                pieces.setdefault(d.path, {})[f"constant {d.where}"] = text
    packages = {p: i for i, p in _types(found).items()}
    for site in found:
        of, _, name = _type(site).rpartition(".")
        kind = name if of == path else f"gomigrate{packages[of]}.{name}"
        pieces.setdefault(site.diagnostic.path, {})[f"site {site.number}"] = _site(plan, site, kind)
    return pieces


def _site(plan: Plan, site: Site, kind: str) -> str:
    d = site.diagnostic
    assert d.evidence is not None and d.evidence.object is not None and d.fix is not None
    thing = d.evidence.object
    name = thing.text if thing.text.isidentifier() else "gomigrateObject"
    pattern = rf"(?<![\w.\"]){re.escape(thing.text)}(?!\w)"
    old, new = (re.sub(pattern, name, text) for text in (d.before, d.fix.after))
    for choice in plan.constants:
        old = old.replace(json.dumps(choice.old), json.dumps(choice.new))
    pointer = f"&{name}" if thing.value else name
    made = f"{kind}{{}}" if thing.value else f"&{kind}{{}}"

    def function(code: str) -> str:
        # What is no call, but a condition, is no statement.
        statement = f"_ = {code}" if " && " in code and not code.startswith("if ") else code
        call = f"return {code}" if d.operation in _QUESTIONS else f"{statement}\n\t\treturn nil"
        return (
            "func(list []string, deletion string) gomigrateOutcome {\n"
            f"\t{name} := {made}\n\tgomigratePrepare({pointer}, list, deletion)\n"
            f"\treturn gomigrateCall({pointer}, func() any {{\n\t\t{call}\n\t}})\n}}"
        )

    keys = ", ".join(f"string({key})" for key in site.keys)
    entry = f"gomigrateSite{{{site.number}, {keys}, {function(old)}, {function(new)}}}"
    return f"func init() {{\n\tgomigrateSites = append(gomigrateSites, {entry})\n}}"


def judged(found: Sequence[Site], answers: Mapping[str, Any]) -> Iterator[Compared]:
    """What the outcomes say of each site that ran."""
    for site in found:
        if str(site.number) in answers:
            yield _judge(site.diagnostic, answers[str(site.number)])


def helpers_run(plan: Plan, folder: str, compared: Sequence[Compared]) -> Iterator[Compared]:
    """The deleted helpers of a package that ran in the old code of its sites."""
    for d in plan.changed:
        name = _FUNCTION.match(d.before) if d.rule == HAND_WRITTEN_HELPER else None
        if name is None or d.path.rpartition("/")[0] != folder:
            continue
        if any(re.search(rf"\b{name[1]}\(", c.diagnostic.before) for c in compared):
            yield Compared(d, "equal", "run in Go, by the old code that calls it")


def _judge(diagnostic: Diagnostic, outcomes: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> Compared:
    samples = [(one, deletion) for deletion in DELETION for one in lists(("k",))]
    runs = [(sample, _value(old), _value(new)) for sample, (old, new) in zip(samples, outcomes, strict=True)]
    differing = [run for run in runs if run[1] != run[2]]
    if not differing:
        return Compared(diagnostic, "equal", f"run in Go: equal on {len(runs)} samples")
    evidence = diagnostic.evidence
    assert evidence is not None
    # What the old code answers for an object with our name alone, and being deleted, is not the reverse by chance.
    yes = next(old[0] for sample, old, _ in runs if sample == (("k",), "set"))
    by_sets = any(d.name == "sorted" for d in evidence.differences)
    guarded = any(d.name == "not-when-deleting" for d in evidence.differences)
    wrong = [run for run in differing if not _as_meant(diagnostic, run[0], run[2], yes is False, by_sets, guarded)]
    if evidence.differences and not wrong:
        text = f"run in Go: differs as stated, on {len(differing)} of {len(runs)} samples"
        return Compared(diagnostic, "stated", text)
    shown = "; ".join(_shown(run) for run in (wrong or differing)[:_SHOWN])
    count = len(wrong or differing)
    return Compared(diagnostic, "worse", f"differs in Go from the old code on {count} of {len(runs)} samples: {shown}")


def _value(outcome: dict[str, Any]) -> tuple[Any, tuple[str, ...], str]:
    # nil and [] are the same to the API server: both are left out.
    return outcome["result"], tuple(outcome["list"] or ()), outcome["panic"]


def _as_meant(
    d: Diagnostic,
    sample: tuple[List, str],
    new: tuple[Any, tuple[str, ...], str],
    negated: bool,
    by_sets: bool,
    guarded: bool,
) -> bool:
    """Whether the new code does on a sample what the operation's counterpart in controllerutil does; `guarded`: on an
    object that is not being deleted."""
    before, deletion = sample[0] or (), sample[1]
    result, after, panic = new
    if panic:
        return False
    if d.operation in _QUESTIONS:
        yes = deletion == "set" if d.operation is Operation.IS_DELETING else "k" in before
        return result is (yes is not negated) and after == before
    if d.operation in _ADDS and guarded and deletion == "set":
        return after == before
    if d.operation in _ADDS:
        return after == (before if "k" in before else (*before, "k"))
    kept = tuple(x for x in before if x != "k")
    return after == (tuple(sorted(set(kept))) if by_sets else kept)


def _shown(run: tuple[tuple[List, str], tuple[Any, ...], tuple[Any, ...]]) -> str:
    (before, deletion), old, new = run
    start = "nil" if before is None else f"[{', '.join(before)}]"
    when = f", deletion timestamp {deletion}" if deletion != "unset" else ""
    return f"{start}{when}: old {_said(old)}, new {_said(new)}"


def _said(value: tuple[Any, ...]) -> str:
    result, after, panic = value
    if panic:
        return f"panics ({panic})"
    answer = "" if result is None else f"{json.dumps(result)}, "
    return f"{answer}[{', '.join(after)}]"


def uncompiled(found: Program, failures: Sequence[Failure]) -> frozenset[str]:
    """The pieces that the compiler's messages are about."""
    names = set()
    for failure in failures:
        pieces = found.lines.get(failure.path.rpartition("/")[2], [])
        at = [piece for line, piece in pieces if line <= failure.line]
        names |= set(at[-1:])
    return frozenset(names)
