"""The page docs/bundled-packs.md, from the packs that come with gomigrate."""

from __future__ import annotations

from collections.abc import Iterator

from gomigrate import packs
from gomigrate.packs import Pack
from gomigrate.reference import item, wrapped

_HEAD = """\
# Bundled packs

What gomigrate knows of each project, as `gomigrate rules show NAME` says it. [Packs](packs.md) tells what each entry
means, and how to write one of your own.
"""


def page() -> str:
    """The page docs/bundled-packs.md."""
    parts = [_HEAD]
    for name in sorted(packs.available()):
        parts += _pack(packs.load(name))
    return "\n".join(parts)


def _pack(pack: Pack) -> Iterator[str]:
    yield f"## {pack.name}\n"
    yield f"**{pack.title}.**\n"
    yield wrapped(pack.description) + "\n"
    if pack.modules:
        modules = ", ".join(f"`{module}`" for module in pack.modules)
        yield wrapped(f"Taken for a checkout that has one of these modules: {modules}.") + "\n"
    if pack.finds_names:
        yield "The names are found in the code, by where they flow.\n"
    else:
        yield "| old name | new name | constants, where the code has none |\n|---|---|---|"
        for name in pack.finalizers:
            yield f"| `{name.old}` | `{name.new}` | `{name.constant}`, `{name.legacy_constant}` |"
        yield ""
    if pack.accept:
        yield "Accepted [differences](packs.md#differences) between hand-written code and controllerutil:\n"
        yield from (item(f"`{key}`: {why}") for key, why in pack.accept.items())
        yield ""
    if pack.force_delete:
        yield "Places that clear every finalizer on purpose, and are left alone:\n"
        yield from (item(f"`{place.path}`: {place.why}") for place in pack.force_delete)
        yield ""
