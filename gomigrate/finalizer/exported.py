"""Functions that code outside of the checkout may call: what is said of them once nothing in the checkout does."""

from __future__ import annotations

from gomigrate.go.references import Symbol
from gomigrate.go.syntax import SourceFile
from gomigrate.go.workspace import Workspace
from gomigrate.model import Operation, TextEdit

MAY_BE_CALLED = "it is exported, and code outside of this checkout may call it"
_INSTEAD = {
    Operation.CONTAINS: "controllerutil.ContainsFinalizer",
    Operation.HAS_ANY: "controllerutil.ContainsFinalizer",
    Operation.ADD: "controllerutil.AddFinalizer",
    Operation.SET_IF_EMPTY: "controllerutil.AddFinalizer",
    Operation.REMOVE: "controllerutil.RemoveFinalizer",
    Operation.CLEAR: "controllerutil.RemoveFinalizer",
    Operation.IS_DELETING: "!GetDeletionTimestamp().IsZero()",
}


def is_offered(workspace: Workspace, file: SourceFile, symbol: Symbol) -> bool:
    """Whether a package of another checkout could call a function: Go lets it, and the package may be imported.

    Source: https://go.dev/doc/go1.4#internalpackages for folders named internal.
    """
    reachable = symbol.exported and (not symbol.receiver or symbol.receiver[:1].isupper())
    hidden = file.is_test or "internal" in symbol.folder.split("/") or workspace.package_name(symbol.folder) == "main"
    return reachable and not hidden


def deprecation(file: SourceFile, start: int, operation: Operation) -> TextEdit | None:
    """The paragraph that tells the users of a function, which starts at this byte, what to call instead; None when it
    is there. Source: https://go.dev/wiki/Deprecated."""
    source = file.source
    newline = b"\r\n" if source[start - 2 : start] == b"\r\n" else b"\n"
    words: list[bytes] = []
    directives: list[bytes] = []
    line = start
    while line:
        before = source.rfind(b"\n", 0, line - 1) + 1
        text = source[before:line]
        if not text.startswith(b"//"):
            break
        # gofmt wants what is no word to a reader at the end.
        directive = text[2:3].strip() and not words
        (directives if directive else words).append(text)
        line = before
    if any(b"Deprecated:" in text for text in words):
        return None
    blank = b"//" + newline
    paragraph = f"// Deprecated: Use {_INSTEAD[operation]} instead.".encode() + newline
    between = blank if directives and directives[-1] != blank else b""
    at = start - sum(len(text) for text in directives)
    return TextEdit(file.path, at, at, (blank if words and words[0] != blank else b"") + paragraph + between)
