"""What compiled code does, apart from where it stands: two units with the same program behave the same on all samples.

Many versions of one module, copies and generated code hold the same functions again and again. The program is read
from the compiled closures themselves, not from the text: whatever was looked up while they were compiled (types,
constants, the functions of other packages) is in them, and nothing else is.
"""

from __future__ import annotations

import re
from enum import Enum
from types import FunctionType, MethodType
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator.names import Names
from gomigrate.go.evaluator.runtime import Runtime
from gomigrate.go.evaluator.statements import Target
from gomigrate.go.evaluator.values import EMPTY, NIL, NO_ERROR, UNIT, UNTYPED_NIL, Free
from gomigrate.go.syntax import SourceFile

# Usual code has a thousand characters.
_LONGEST = 20_000
_PLAIN = (str, int, bool, bytes, type(None), Enum, type)
# What Names makes of a variable: whatever it is called, it is one variable.
_SLOT = re.compile(r"\w+#\d+")
_FIXED = (EMPTY, NIL, UNTYPED_NIL, NO_ERROR, UNIT)


def program_of(*parts: Any) -> str | None:
    """A description of compiled code and of what it is given; None when something in it cannot be told, or it is too
    long to be kept.

    Names of variables, of constants and from outside count by the order in which they appear.
    """
    reader = _Reader()
    try:
        for part in parts:
            reader.read(part)
    except _Strange:
        return None
    text = "\n".join(reader.found)
    return text if len(text) <= _LONGEST else None


class _Strange(Exception):
    """A value that a description would not do justice to."""


class _Reader:
    def __init__(self) -> None:
        self.found: list[str] = []
        self._seen: dict[int, int] = {}
        self._names: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._slots: dict[str, int] = {}

    def read(self, value: Any) -> None:
        say = self.found.append
        if isinstance(value, str) and _SLOT.fullmatch(value):
            say(f"variable {self._slots.setdefault(value, len(self._slots))}")
        elif isinstance(value, _PLAIN):
            say(repr(value))
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, (tuple, list)):
            say(f"{len(value)} values")
            for item in value:
                self.read(item)
        elif isinstance(value, Free):
            self._name(value)
        # Where code stands, and in what file, is told in messages only; a static type that is asked for while the
        # code runs is counted by `Names.asked`.
        elif isinstance(value, (Node, SourceFile, Runtime, Names)):
            say(type(value).__name__)
        elif isinstance(value, MethodType):
            say(value.__func__.__qualname__)
            self.read(value.__self__)
        elif isinstance(value, Target):
            self.read((value.nodes, value.parts, value.store))
        elif any(value is fixed for fixed in _FIXED):
            say(f"fixed {next(i for i, fixed in enumerate(_FIXED) if fixed is value)}")
        else:
            raise _Strange

    def _function(self, function: FunctionType) -> None:
        if id(function) in self._seen:
            self.found.append(f"function {self._seen[id(function)]} again")
            return
        self._seen[id(function)] = len(self._seen)
        # Code lives as long as its module does, so that its id stands for it.
        self.found.append(f"function {id(function.__code__)}")
        for cell in function.__closure__ or ():
            try:
                inner = cell.cell_contents
            except ValueError:
                raise _Strange from None
            self.read(inner)
        self.read(function.__defaults__)
        self.read(tuple((function.__kwdefaults__ or {}).items()))

    def _name(self, free: Free) -> None:
        number = self._names.setdefault(free.id, len(self._names))
        # Two constants of the same text are one name; what the text is makes no difference.
        text = free.named if free.constant is None else self._texts.setdefault(free.constant, len(self._texts))
        self.found.append(f"name {number} {text} {free.field!r} {free.kind!r} {free.local is None}")
        if free.parent is not None:
            self._name(free.parent)
