"""What a controllerutil offers whose code is in the checkout: recognised by behaviour, like any other helper."""

from __future__ import annotations

from gomigrate.finalizer.helpers import Helper, find_helpers
from gomigrate.finalizer.objects import judge, type_of_free
from gomigrate.finalizer.runtime_versions import Calls
from gomigrate.go.types import Types
from gomigrate.model import Operation

_WANTED = {
    "AddFinalizer": (Operation.ADD, frozenset[str]()),
    # What is behind the end of a list, and whether an empty one is nil, is nothing that anybody sees.
    "RemoveFinalizer": (Operation.REMOVE, frozenset({"nil-empty", "panic", "leftover"})),
    "ContainsFinalizer": (Operation.CONTAINS, frozenset[str]()),
}


def read_calls(types: Types, folder: str) -> Calls | None:
    """What the package in this folder offers; None when its AddFinalizer or RemoveFinalizer is not understood."""
    workspace = types.workspace
    files = [f for p in workspace.checkout.go_files_in(folder) if (f := workspace.file(p)) and not f.is_test]
    found = {h.symbol.name: h for h in find_helpers(types, files) if not h.symbol.receiver and _fits(h)}
    add, remove, contains = (found.get(name) for name in _WANTED)
    if add is None or remove is None:
        return None
    levels = {judge(types, type_of_free(types, o)).level for h in (add, remove) for o in h.meaning.objects}
    return Calls(
        takes_meta=levels == {"meta"},
        contains=contains is not None,
        result={add.meaning.result, remove.meaning.result} == {"changed"},
        removes_copies=not {"panic", "leftover"} & set(remove.meaning.difference_names),
    )


def _fits(helper: Helper) -> bool:
    operation, accepted = _WANTED.get(helper.symbol.name, (None, frozenset()))
    meaning = helper.meaning
    plain = meaning.operation is operation and not meaning.negated and not meaning.named
    return plain and accepted.issuperset(meaning.difference_names)
