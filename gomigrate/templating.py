"""Rendering the templates of a pack. A pack is data that somebody sends you, and its templates are no programs.

They run in jinja2's sandbox, and only the part of its language is there that ends soon and gives little: names,
attributes and items, `if`, `for` but not in another one, `~`, comparisons, and a few filters on texts.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

_NODES = frozenset(
    (
        *("Template", "Output", "TemplateData", "Name", "Const", "Getattr", "Getitem"),
        *("If", "For", "CondExpr", "And", "Or", "Not", "Compare", "Operand", "Concat", "Filter", "Test"),
    )
)
_FILTERS = frozenset(("capitalize", "default", "first", "join", "last", "length", "lower", "trim", "upper"))


class _Environment(ImmutableSandboxedEnvironment):
    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        """jinja2's own hook between parsing and compiling, which would work out constant parts already."""
        _check(source, in_loop=False)
        return super()._generate(source, *args, **kwargs)


def _check(node: nodes.Node, *, in_loop: bool) -> None:
    kind = type(node).__name__
    if kind not in _NODES:
        raise TemplateSyntaxError(f"a pack's templates may not use {kind}", node.lineno)
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        raise TemplateSyntaxError(f"a pack's templates may not use the filter {node.name}", node.lineno)
    # Python code is made of the template, and there such a number is a name that means nothing.
    if isinstance(node, nodes.Const) and isinstance(node.value, float) and not isfinite(node.value):
        raise TemplateSyntaxError("a number is too large", node.lineno)
    if isinstance(node, nodes.For):
        if in_loop or node.recursive:
            raise TemplateSyntaxError("a pack's templates may not hold a loop in a loop", node.lineno)
        in_loop = True
    for child in node.iter_child_nodes():
        _check(child, in_loop=in_loop)


def environment(load: Callable[[str], str]) -> Environment:
    """Templates that `load` gives by their names, as texts."""
    made = _Environment(
        loader=FunctionLoader(load), undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    # They reach for functions, and a template has values enough.
    made.globals.clear()
    return made


def render(templates: Environment, name: str, values: dict[str, object]) -> str:
    """What a template gives for these values. Raises ValueError, saying why, when it is broken or does too much."""
    try:
        return templates.get_template(name).render(values)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise ValueError(f"{f'line {line}: ' if line else ''}{error.message or error}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (TypeError, ArithmeticError) as error:
        raise ValueError(str(error)) from None
