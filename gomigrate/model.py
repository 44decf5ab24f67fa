"""The plain, frozen values that the stages hand to each other.

The words are those of golang.org/x/tools/go/analysis: a Diagnostic is what was found, a SuggestedFix is
how to mend it, a TextEdit is one replacement in one file. Byte offsets are 0-based with an exclusive end;
lines and columns are 1-based, columns count bytes. Paths are relative to the checkout's top, with slashes.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from gomigrate.catalogue import Rule

if TYPE_CHECKING:
    from gomigrate.verify.results import Verification


class Stage(str, Enum):
    """What the resulting code adds and honours."""

    PREPARE = "prepare"
    SWITCH = "switch"
    CLEANUP = "cleanup"


class Exported(str, Enum):
    """What becomes of an exported helper that only code outside of the checkout may still call."""

    DELETE = "delete"
    DEPRECATE = "deprecate"


class Confidence(str, Enum):
    """How far a change is known to keep behaviour."""

    EXACT = "exact"
    NARROWED = "narrowed"
    ASSUMED = "assumed"


class Operation(str, Enum):
    """What finalizer code computes on the list of finalizers."""

    CONTAINS = "Contains"
    ADD = "Add"
    SET_IF_EMPTY = "SetIfEmpty"
    REMOVE = "Remove"
    HAS_ANY = "HasAny"
    CLEAR = "Clear"
    SAME_COUNT = "SameCount"
    IS_DELETING = "IsDeleting"


class TextEdit(NamedTuple):
    """Replace the bytes [start, end) of a file."""

    path: str
    start: int
    end: int
    new_text: bytes


class SuggestedFix(NamedTuple):
    message: str
    edits: tuple[TextEdit, ...]
    after: str = ""


class Difference(NamedTuple):
    """A stated way in which the new code differs from the old, with the list that shows it."""

    name: str
    text: str
    example: str = ""


class ObjectInCode(NamedTuple):
    """The object of a site, in the words of its file. `type` is "import/path.Name", "" for an interface; with `value`
    the variable holds the struct itself, and no pointer to it."""

    text: str
    type: str
    value: bool


class Evidence(NamedTuple):
    """Why a change may be believed: how the meaning was found, and what the object's type rests on."""

    confidence: Confidence
    how: str
    differences: tuple[Difference, ...] = ()
    object_type: str = ""
    object: ObjectInCode | None = None


class Requirement(NamedTuple):
    """A line that a go.mod would need: `directory` is the module's folder ('.' for the checkout's top).

    `version` is a version, or a version query as `go get path@version` takes it (https://go.dev/ref/mod#version-queries);
    empty for the one that the module's build has already.
    """

    directory: str
    path: str
    version: str = ""


class Diagnostic(NamedTuple):
    """One finding. With a fix it is changed by the patch; without one it is left to a person, and says why.

    One that is left on purpose is `intended`, and `suppressed` when a comment in the code is why.
    """

    rule: Rule
    path: str
    line: int
    column: int
    end_line: int
    message: str
    before: str = ""
    operation: Operation | None = None
    name: str = ""
    evidence: Evidence | None = None
    fix: SuggestedFix | None = None
    left_because: str = ""
    next_step: str = ""
    requirement: Requirement | None = None
    intended: bool = False
    suppressed: bool = False

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class ConstantChoice(NamedTuple):
    """Where the constants of one finalizer name live after the patch, and why there."""

    old: str
    new: str
    key: str
    legacy_key: str
    package: str
    path: str
    why: str
    moved_from: str = ""
    users: tuple[str, ...] = ()


class MatrixCell(NamedTuple):
    """Finalizers of ours that are left on an object made by `created_by` and handled by `handled_by` in turn, at worst.

    certain  False: freed or stuck, depending on whether the releases mark objects that are there already
    """

    created_by: str
    handled_by: tuple[str, ...]
    left: tuple[str, ...]
    freed: bool
    why: str = ""
    certain: bool = True


class UpgradeMatrix(NamedTuple):
    """The cells for one finalizer name, computed from the operations in the code before and after."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    cells: tuple[MatrixCell, ...]
    advice: str


class ModuleFacts(NamedTuple):
    """A Go module, and the controller-runtime that its build really uses."""

    path: str
    directory: str
    controller_runtime: str
    source: str
    touched: bool = False


class Note(NamedTuple):
    """Something a reader must know that is no finding: a file that was skipped, a folder that is no git checkout."""

    path: str
    text: str


class NameProposal(NamedTuple):
    """A finalizer name and what it might become; `new` is "" when nothing can be proposed. `why` is for people."""

    old: str
    new: str
    why: str


class Plan(NamedTuple):
    """All that one run found and would do.

    `changes` maps a path to its new bytes, or None when the file goes. `requirements` are those that its code rests on
    and that no go.mod has yet. `web` is the page of the checkout's top folder
    at the commit, "" where none is known (see `gomigrate.git.web`).
    """

    checkout: str
    commit: str
    pack: str
    stage: Stage
    diagnostics: tuple[Diagnostic, ...]
    originals: dict[str, bytes]
    changes: dict[str, bytes | None]
    constants: tuple[ConstantChoice, ...] = ()
    matrices: tuple[UpgradeMatrix, ...] = ()
    modules: tuple[ModuleFacts, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    module_changes: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    timings: tuple[tuple[str, float], ...] = ()
    counts: Mapping[str, int] = MappingProxyType({})
    web: str = ""
    verification: "Verification | None" = None
    proposals: tuple[NameProposal, ...] = ()

    @property
    def changed(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.fix)

    @property
    def left(self) -> tuple[Diagnostic, ...]:
        """Left to a person; what was left on purpose (a force delete) is `intended` and not among them."""
        return tuple(d for d in self.diagnostics if not d.fix and not d.intended)

    @property
    def intended(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if not d.fix and d.intended)
