"""The library: plan the migration of a checkout, look at the findings, and render or apply it.

    from gomigrate.api import migrate

    migration = migrate("path/to/checkout", stage="prepare")
    for finding in migration.plan.left:
        print(finding.where, finding.left_because)
    Path("finalizer.patch").write_bytes(migration.patch())

The values are those of `gomigrate.model`. Every function raises `gomigrate.errors.UserError`, whose text is meant for
people, for what it cannot do, and has then written nothing. `patch`, `apply`, `verify` and `demo` of the command line
do their work through a Migration.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gomigrate.errors import UserError
from gomigrate.model import Diagnostic, Note, Plan

if TYPE_CHECKING:
    from gomigrate.report.diffs import Sources
    from gomigrate.verify.progress import Progress

    Render = Callable[[dict[str, Any], dict[str, Sources]], Callable[[], dict[str, str]]]

__all__ = ["Diagnostic", "Migration", "Note", "Plan", "UserError", "check", "migrate"]


class Migration:
    """A plan for the checkout `top`, and what can be made of it. Rendering changes nothing."""

    def __init__(self, plan: Plan, top: Path, render: Render) -> None:
        self.plan = plan
        self.top = top
        self._render = render
        # What a reader of the patch must know, once there is one: how git stores files that it converts.
        self.notes: list[str] = []

    def patch(self, form: str = "diff") -> bytes:
        """One patch: `form` is "diff" for `git apply` or "mbox" for `git am`; b"" when nothing changes."""
        from gomigrate.patches import single_patch

        patch, note = single_patch(self.plan, self.top, form)
        self._note(note)
        return patch

    def series(self, by: str, form: str = "diff") -> dict[str, bytes]:
        """File name -> content of a cover letter and of numbered patches, one for each `by`: "module", "package" or
        "codeowners". They are to be applied in the order of their names."""
        from gomigrate.patches import patch_series

        files, note = patch_series(self.plan, self.top, form, by, self.report(".md"))
        self._note(note)
        return files

    def report(self, suffix: str) -> str:
        """A report in the format that a file with this suffix holds: ".md", ".json", ".html", ".sarif"."""
        return self.reports([suffix])()[suffix]

    def reports(self, suffixes: Iterable[str]) -> Callable[[], dict[str, str]]:
        """Begins to render several reports, and gives a function that waits for them: suffix -> report."""
        from gomigrate.report import sources_for

        wanted = {suffix: sources_for(suffix, self.plan) for suffix in suffixes}
        return self._render(self._view, wanted) if wanted else dict

    def verified(
        self, *, tests: str = "dependents", limit: float = 600.0, keep: bool = False, progress: Progress | None = None
    ) -> Migration:
        """This migration with the results of the Go toolchain in its plan; reports made from it hold them.

        RUNS THE CHECKOUT'S OWN TESTS, in a scratch copy. `tests` is "touched", "dependents", "all" or "none", `limit`
        in seconds for what one package's tests may take; `keep` leaves the scratch copy. What cannot be found out is
        said in `plan.verification`, with what to do.
        """
        from gomigrate.verify.progress import Progress
        from gomigrate.verify.session import VerifyOptions, verify

        options = VerifyOptions(tests, limit, keep)
        result = verify(self.plan, self.patch(), self.top, options, progress or Progress(quiet=True))
        return Migration(self.plan._replace(verification=result), self.top, self._render)

    def apply(self) -> tuple[str, ...]:
        """Makes the changes in the checkout and gives the paths; see `gomigrate.apply.apply_changes`.

        Files that were changed since the plan was made are refused, by name. Whether git knows the files' contents,
        so that they can be had back, is for the caller to ask.
        """
        from gomigrate.apply import apply_changes

        return tuple(apply_changes(self.top, self.plan.originals, self.plan.changes))

    @cached_property
    def _view(self) -> dict[str, Any]:
        from gomigrate.report.view import build_view

        return build_view(self.plan)

    def _note(self, note: str) -> None:
        if note and note not in self.notes:
            self.notes.append(note)


def migrate(
    checkout: str | os.PathLike[str] = ".",
    *,
    pack: str | None = None,
    rules: str | os.PathLike[str] | None = None,
    stage: str | None = None,
    constant_package: str | None = None,
    exported: str | None = None,
    names: Mapping[str, str] | None = None,
    reports: Iterable[str] = (),
    tidy: bool = False,
    companions: bool = False,
    progress: Progress | None = None,
) -> Migration:
    """Plans the migration of a checkout; reads only.

    The options are those of the command line; what is None is taken from the checkout's configuration, else the
    default. `rules` is a folder with packs of one's own. `names` says what each old finalizer name becomes, for a pack
    that finds names. `reports` are the suffixes of reports that will be asked for:
    what they need is loaded meanwhile. `tidy` takes along what the changes need of go.mod, go.sum and vendor/: this
    runs Go in a scratch copy, and may download modules; `progress` is told how far it is. `companions` takes along
    manifests and scripts that hold a name which changes, where it is certain what they do.
    """
    from gomigrate.ahead import Ahead

    path = Path(checkout)
    ahead = Ahead(path)
    # What is imported only now is imported while the files are listed.
    from gomigrate.git.folder import top_of
    from gomigrate.settings import Given, forget, settle

    forget()
    top = top_of(path)
    own = None if rules is None else Path(rules)
    given = Given(pack, own, stage, constant_package, exported, tuple((names or {}).items()))
    settings = settle(given, Path(os.path.realpath(path)), top)
    ahead.search(settings.pack, reports)
    # And this while they are read.
    import gomigrate.patches
    import gomigrate.report.view  # noqa: F401
    from gomigrate.pipeline import Options, plan_checkout

    options = Options(settings.stage, settings.constant_package, settings.selection, settings.note, tidy, companions)
    plan = plan_checkout(path, settings.pack, options, ahead)
    if tidy:
        from gomigrate.verify.progress import Progress
        from gomigrate.verify.tidy import with_module_files

        plan = with_module_files(plan, top, progress or Progress(quiet=True))
    return Migration(plan, top, ahead.reports)


def check(
    paths: Iterable[str | os.PathLike[str]],
    *,
    pack: str | None = None,
    rules: str | os.PathLike[str] | None = None,
    stage: str | None = None,
) -> tuple[tuple[Diagnostic, ...], tuple[Note, ...]]:
    """The findings in files and folders, and notes on what was skipped; a file is judged knowing its checkout."""
    from gomigrate.check import check_paths
    from gomigrate.settings import Given, forget, settle

    forget()
    given = Given(pack, None if rules is None else Path(rules), stage)
    return check_paths(tuple(map(Path, paths)), partial(settle, given))
