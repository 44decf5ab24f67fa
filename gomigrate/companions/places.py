"""Where a companion holds a finalizer name: the plain values that its readers give."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from gomigrate.packs import FinalizerName


class Role(str, Enum):
    """What the name does at a place."""

    MANIFEST = "stands in an object's metadata.finalizers"
    ADDS = "is put on an object"
    TESTS = "is looked for"
    CONSTANT = "is held by a constant"
    TEXT = "stands in a text"


class Place(NamedTuple):
    """One place. Offsets are of bytes in the file, 0-based, the end exclusive.

    public  the place belongs to a manifest that people write or copy: objects elsewhere carry the name as well
    doubt   why nothing may be edited there; "" when it is certain what the place does
    """

    path: str
    name: FinalizerName
    start: int
    end: int
    role: Role
    public: bool = False
    doubt: str = ""
