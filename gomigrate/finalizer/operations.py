"""What finalizer code means: run it on sample lists, and compare with the operations.

The result is a `Meaning` when the code is, on every sample, one operation up to named differences, and a `Opaque`
with the reason otherwise. Names of functions and variables decide nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer import samples
from gomigrate.finalizer.comparing import explain, takes_over
from gomigrate.finalizer.outcomes import HOST, Code, Outcome, compiled_function, run_with_keys
from gomigrate.finalizer.samples import List, Sample
from gomigrate.go.evaluator.compiler import Compiler
from gomigrate.go.evaluator.program import program_of
from gomigrate.go.evaluator.runtime import Context, Growth, Runtime
from gomigrate.go.evaluator.values import (
    Free,
    NeedKey,
    Unbound,
    Unsupported,
)
from gomigrate.go.scope import Local
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Types
from gomigrate.model import Operation

MAX_KEYS = 2
# How the result must be given back so that a call of controllerutil can take the place of the code.
_REPLACEABLE = frozenset(("none", "value", "changed", "unchanged"))


class Meaning(NamedTuple):
    """One operation. `samples` is the number of runs that agree.

    `named`: it is so for names that are not empty; what the code does with an empty one may be something else.
    `result` is how it is given back: none, value (a test's answer), changed, unchanged, list, 'list,changed',
    'changed,list', index, 'index,found', object (the one that was given), or error (always nil).
    """

    operation: Operation
    negated: bool
    result: str
    differences: tuple[tuple[str, str], ...]
    keys: tuple[Free, ...]
    objects: tuple[Free, ...]
    samples: int
    functions: Mapping[tuple[str, str, str], tuple[SourceFile, Node]]
    named: bool = False

    @property
    def difference_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.differences)


class Opaque(NamedTuple):
    """Nothing is known. `larger` says that a larger piece of the code may still be understood. `evaluated`: it was
    run; `asks`: and what it does hangs on finalizers. `guarded`: it stands under a test that is none of the operations.
    `takes_over`: all that it does is to hand names on from one list to another."""

    reason: str
    node: Node | None = None
    larger: bool = False
    local: Local | None = None
    evaluated: bool = False
    asks: bool = False
    guarded: bool = False
    takes_over: bool = False


def classify_unit(types: Types, file: SourceFile, context: list[Context], nodes: list[Node]) -> Meaning | Opaque:
    """The meaning of an expression, or of adjacent statements, inside a function, given what runs before."""
    runtime = Runtime()
    compiler = Compiler(types, HOST, runtime)
    try:
        run = compiler.unit(file, context, nodes)
        return _replaceable(_explore(Code(compiler, runtime, [], lambda values: run())))
    except (Unsupported, RecursionError) as error:
        return _opaque(error)
    finally:
        compiler.close()


def leaves_lists(types: Types, file: SourceFile, nodes: list[Node]) -> bool:
    """Whether statements, run by themselves, are known to leave the lists of all objects as they are."""
    runtime = Runtime()
    compiler = Compiler(types, HOST, runtime)
    keys: list[Free] = []
    try:
        run = compiler.unit(file, [], nodes)
        code = Code(compiler, runtime, [], lambda values: run())
        while True:
            try:
                return _left(code, tuple(runtime.keys[k.meaning] for k in keys))
            except NeedKey as need:
                _take_key(code, keys, need.free)
    except (Unsupported, RecursionError):
        return False
    finally:
        compiler.close()


def _left(code: Code, names: tuple[str, ...]) -> bool:
    code.run(Sample(((),)))
    places, done = code.places, set[Sample]()
    while variant := next((v for v in _variants(code.runtime, names) if v not in done), None):
        done.add(variant)
        for lists in _lists(names, places, every=True) if places else ():
            outcome = code.run(variant.with_lists(lists))
            if outcome is None or outcome.after != lists or code.places != places:
                return False
    return True


def classify_function(
    types: Types, file: SourceFile, node: Node, every_result: bool = False, given_names: bool = False
) -> Meaning | Opaque:
    """The meaning of a whole function or method, on its object or on its list of names.

    With `every_result` also of one that gives back more than a call of controllerutil could. With `given_names` as it
    is called with names: no string that it is given is empty.
    """
    compiler = Compiler(types, HOST, Runtime())
    compiler.runtime.given_names = given_names
    try:
        found = _explore(compiled_function(compiler, file, node))
    except (Unsupported, RecursionError) as error:
        return _opaque(error)
    finally:
        compiler.close()
    return found if every_result else _replaceable(found)


def _replaceable(found: Meaning | Opaque) -> Meaning | Opaque:
    if isinstance(found, Meaning) and found.objects and found.result not in _REPLACEABLE:
        # What becomes of the list, index or error is what matters: a larger piece of the code may tell.
        return Opaque(f"gives its result back as {found.result}", evaluated=True)
    return found


def run_function(
    types: Types,
    file: SourceFile,
    node: Node,
    chosen: Iterable[Sample],
    key: Callable[[Free], str],
    places: Mapping[int, int],
    growth: Growth,
) -> list[Outcome] | Opaque:
    """What a function does on each sample. `key` says what a string from outside is, `places` which list of the
    sample a parameter takes (the receiver is parameter 0), `growth` the capacity of a list that grows."""
    compiler = Compiler(types, HOST, Runtime())
    try:
        code = compiled_function(compiler, file, node)
        code.growth = growth
        code.fix(places)
        return [run_with_keys(code, sample, key) for sample in chosen]
    except (Unsupported, RecursionError) as error:
        return _opaque(error)
    finally:
        compiler.close()


def _opaque(error: Unsupported | RecursionError) -> Opaque:
    if isinstance(error, RecursionError):
        return Opaque("calls too deeply")
    if isinstance(error, Unbound):
        return Opaque(error.reason, error.node, larger=True, local=error.local)
    return Opaque(error.reason, error.node)


class _Known(NamedTuple):
    """What was found of a program. `telling` are the samples that show its objects and keys, in this order."""

    found: Meaning | Opaque
    telling: tuple[Sample, ...]


# Versions of one module, copies and generated code hold the same functions again and again.
_KNOWN: dict[str, _Known] = {}


def forget() -> None:
    """Understands all code anew: what one checkout's code means is not told by the words that another one's was."""
    _KNOWN.clear()


_MOST_KNOWN = 10_000


def _explore(code: Code) -> Meaning | Opaque:
    """As `_explored`; what is known of the same program elsewhere is not found out again."""
    program = program_of(code.parameters, code.call, code.runtime.given_names)
    known = _KNOWN.get(program) if program is not None else None
    if known is not None:
        return _again(code, known)
    asked = code.compiler.asked
    found = _explored(code)
    # A place in the code, and an answer that hangs on static types, belong to this code alone.
    general = isinstance(found, Meaning) or (found.node is None and found.local is None)
    if program is not None and general and code.compiler.asked == asked:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        plain = found._replace(keys=(), objects=(), functions={}) if isinstance(found, Meaning) else found
        _KNOWN[program] = _Known(plain, tuple(code.telling))
    return found


def _again(code: Code, known: _Known) -> Meaning | Opaque:
    """What is known of a program, in the words of another piece of code."""
    if isinstance(known.found, Opaque):
        return known.found
    keys: list[Free] = []
    for sample in known.telling:
        try:
            code.run(sample)
        except NeedKey as need:
            _take_key(code, keys, need.free)
    functions = code.compiler.used_functions
    return known.found._replace(keys=tuple(keys), objects=tuple(code.objects), functions=functions)


def _take_key(code: Code, keys: list[Free], free: Free) -> None:
    free.kind = "key"
    code.runtime.keys[free.meaning] = f"k{len(keys)}"
    keys.append(free)


def _explored(code: Code) -> Meaning | Opaque:
    """Runs the code on ever more samples; its keys are found on the way, and the runs start again."""
    keys: list[Free] = []
    while True:
        try:
            found = _classified(code, keys)
        except NeedKey as need:
            if len(keys) == MAX_KEYS:
                return Opaque("compares the finalizers with more than two names", need.free.node)
            code.telling.append(code.sample)
            _take_key(code, keys, need.free)
            continue
        # Names whose values are not known may be the same one, and that is not among the samples.
        if isinstance(found, Meaning) and len(keys) > 1 and any(k.constant is None for k in keys):
            return Opaque("compares with a second name beside the one that it is given", evaluated=True)
        return found


def _classified(code: Code, keys: list[Free]) -> Meaning | Opaque:
    names = tuple(code.runtime.keys[k.meaning] for k in keys)
    none = Opaque("computes none of the operations on finalizers", evaluated=True, asks=True)
    code.run(Sample(((),) * max(1, code.places)))
    while True:
        places = code.places
        if not places:
            return none._replace(asks=False)
        if places > 2:
            return Opaque("works on more than two objects")
        outcomes = _outcomes(code, names, places)
        if code.places == places:
            break
    if outcomes is None:
        return none
    if not outcomes:
        return Opaque("is never reached on the samples")
    explained = explain(outcomes, names, code, final=True)
    if explained is None:
        return none._replace(takes_over=_takes_over(outcomes, names, final=True))
    functions, named = code.compiler.used_functions, code.runtime.asked_name
    return Meaning(*explained, tuple(keys), tuple(code.objects), len(outcomes), functions, named)


def _outcomes(code: Code, names: tuple[str, ...], places: int) -> list[Outcome] | None:
    """The outcomes on all samples; None when those on the first few already are no operation."""
    runtime = code.runtime
    outcomes: list[Outcome] = []
    done: set[Sample] = set()
    while True:
        variant = next((v for v in _variants(runtime, names) if v not in done), None)
        if variant is None:
            return outcomes
        done.add(variant)
        for i, lists in enumerate(_lists(names, places, every=len(done) == 1)):
            if i == samples.TELLING and len(done) == 1 and not _may_mean_something(outcomes, names, code):
                return None
            if i == samples.TELLING and not runtime.asked_list:
                break
            outcome = code.run(variant.with_lists(lists))
            if code.places != places:
                return None
            if outcome is not None:
                outcomes.append(outcome)
        if len(done) == 1 and not _may_mean_something(outcomes, names, code):
            return None


def _may_mean_something(outcomes: list[Outcome], names: tuple[str, ...], code: Code) -> bool:
    return explain(outcomes, names, code) is not None or _takes_over(outcomes, names)


def _takes_over(outcomes: list[Outcome], names: tuple[str, ...], final: bool = False) -> bool:
    # Code with a name of its own tells that one from others.
    return not names and takes_over(outcomes, final)


def _lists(names: tuple[str, ...], places: int, every: bool) -> Iterable[tuple[List, ...]]:
    if places > 1:
        return samples.pairs(names)
    return ((x,) for x in (samples.lists(names) if every else samples.fewer_lists(names)))


def _variants(runtime: Runtime, names: tuple[str, ...]) -> Iterator[Sample]:
    """What to try beside the lists, as far as the code has asked for it until now."""
    deletions = samples.DELETION if runtime.asked_deletion else samples.DELETION[:1]
    rooms = samples.ROOM if runtime.asked_room else samples.ROOM[:1]
    for deletion, (spare, roomy) in product(deletions, rooms):
        yield Sample((), deletion, spare, roomy)
    if runtime.changed_elements and runtime.called_getter:
        yield Sample((), fresh_lists=True)
    if runtime.asked_order:
        yield from (Sample((), order=order) for order in samples.orders(names))
