"""`gomigrate rules`: the packs, as the command line shows, tries and begins them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gomigrate.groups import Group
from gomigrate.options import pack_names

folder_option = click.option(
    "--rules", "folder", type=click.Path(path_type=Path), metavar="DIR", help="A folder with packs of your own."
)


@click.group(cls=Group)
def rules() -> None:
    """The packs: what gomigrate knows of each project."""


@rules.command("list")
@folder_option
def list_rules(folder: Path | None) -> None:
    """The packs that there are."""
    from gomigrate import packs

    for name in sorted(packs.available(folder)):
        click.echo(f"{name}  {packs.load(name, folder).title}")


@rules.command("show")
@click.argument("name", shell_complete=pack_names)
@folder_option
def show_rules(name: str, folder: Path | None) -> None:
    """All that one pack says."""
    from gomigrate import packs

    pack = packs.load(name, folder)
    lines = [f"{pack.name}: {pack.title}", "", pack.description, "", "Finalizers"]
    for found in pack.finalizers:
        lines.append(f"  {found.old} → {found.new}")
        lines.append(f"    constants, where the code has none: {found.constant}, {found.legacy_constant}")
    if pack.finds_names:
        lines.append("  found in the code, by where they flow")
    lines += ["", "Accepted differences between hand-written code and controllerutil"]
    lines += [f"  {key}: {why}" for key, why in pack.accept.items()] or ["  none"]
    lines += ["", "Places that clear every finalizer on purpose"]
    lines += [f"  {place.path}: {place.why}" for place in pack.force_delete] or ["  none"]
    lines += ["", f"Files: {pack.folder}"]
    click.echo("\n".join(lines))


@rules.command("test", short_help="Run the examples that a pack brings.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def run_rules_examples(folder: Path) -> None:
    """Run the examples of the pack in DIR: what is found in its code, and what becomes of it.

    Exit codes: 0 all as expected, 1 not all, 2 the pack is broken or has no examples.
    """
    from gomigrate.examples import run_examples
    from gomigrate.terminal import plural

    examples = run_examples(folder)
    failed = [example for example in examples if example.wrong]
    for example in failed:
        click.echo("\n".join([f"{example.name}:", *(f"  {line}" for w in example.wrong for line in w.split("\n"))]))
    click.echo(f"{plural(len(examples), 'example')}, {len(failed) or 'none'} not as expected", err=True)
    if failed:
        sys.exit(1)


@rules.command("new", short_help="Write a pack to begin with.")
@click.argument("name")
def new_rules(name: str) -> None:
    """Write a pack to begin with, NAME, into a new folder of that name.

    Exit codes: 0 done, 2 it could not be done.
    """
    from gomigrate.examples import write_skeleton

    folder = write_skeleton(name, Path("."))
    click.echo(f"{folder}: edit pack.toml and the examples, then run `gomigrate rules test {folder}`", err=True)
