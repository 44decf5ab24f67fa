"""The reports of a hand-made plan: golden files, the schema, hostile content, size, and the kubectl command.

UPDATE_GOLDEN=1 rewrites tests/golden/report.md and tests/golden/report.json.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gomigrate.catalogue import (
    ARBITRARY_FIXTURE,
    FORCE_CLEAR,
    INLINE_FINALIZER_CODE,
    NOT_UNDERSTOOD,
    UNQUALIFIED_NAME,
    Rule,
)
from gomigrate.errors import UserError
from gomigrate.finalizer.diagnostics import WHAT
from gomigrate.model import (
    Confidence,
    ConstantChoice,
    Diagnostic,
    Difference,
    Evidence,
    MatrixCell,
    ModuleFacts,
    Note,
    Operation,
    Plan,
    Stage,
    SuggestedFix,
    TextEdit,
    UpgradeMatrix,
)
from gomigrate.report import FORMATS, render, render_view
from gomigrate.report.json_report import SCHEMA_FILE, render_json
from gomigrate.report.markdown import LIMIT, render_markdown
from gomigrate.report.view import build_view, live_objects_command, read_versions

GOLDEN = Path(__file__).with_name("golden")
VERSIONS = {"gomigrate": "0.1.0", "python": "3.11.7", "tree-sitter": "0.25.1", "tree-sitter-go": "0.25.0"}
TIMINGS = (("index", 0.0521), ("operations", 0.0384), ("edits", 0.0092))
SECTIONS = [
    "Summary",
    "What changed",
    "What changes in meaning",
    "Where the constants live",
    "Left for you",
    "Upgrade matrix and plan",
    "Dependency changes",
    "Notes",
    "Versions and timings",
]
GITHUB_LIMIT = 65_536

HANDLER_TEST = "flytepropeller/pkg/controller/handler_test.go"
WORKFLOW = "*v1alpha1.FlyteWorkflow, an API type of this checkout"
HANDLER = "flytepropeller/pkg/controller/handler.go"
SUBTASK = "flyteplugins/go/tasks/plugins/array/k8s/subtask.go"
SAME = "does the same as {} on all 96 sample lists, and moves elements without looking into them"


def found(
    path: str,
    line: int,
    operation: Operation | None,
    message: str,
    before: str,
    *,
    rule: Rule = INLINE_FINALIZER_CODE,
    **more: Any,
) -> Diagnostic:
    return Diagnostic(
        rule=rule,
        path=path,
        line=line,
        column=5,
        end_line=line + before.count("\n"),
        message=message,
        before=before,
        operation=operation,
        **more,
    )


def fixed(message: str, after: str, path: str = HANDLER, start: int = 100, end: int = 140) -> SuggestedFix:
    return SuggestedFix(message, (TextEdit(path, start, end, after.encode()),), after)


def exact(operation: Operation, object_type: str = WORKFLOW, *differences: Difference) -> Evidence:
    return Evidence(Confidence.EXACT, SAME.format(operation.value), differences, object_type)


SECOND_COPY = Difference(
    "duplicate",
    "added a second copy of a name that was there already; now it stays once",
    '["k"] became ["k", "k"]',
)
NAMES_OF_OTHERS = Difference(
    "own-name",
    "removed every finalizer, those of other controllers too; now removes only ours",
    '["ours", "theirs"] became [], becomes ["theirs"]',
)

DIAGNOSTICS = (
    found(
        HANDLER,
        106,
        Operation.IS_DELETING,
        "`IsDeleted` tests whether the deletion timestamp is set",
        "if IsDeleted(w) {",
        fix=fixed("the test stands here, and the helper is gone", "if !w.GetDeletionTimestamp().IsZero() {"),
        evidence=exact(Operation.IS_DELETING),
    ),
    found(
        HANDLER,
        128,
        Operation.HAS_ANY,
        "`HasFinalizer` tests whether the object has any finalizer",
        "if HasFinalizer(w) {",
        name="flyte-finalizer",
        fix=fixed(
            "asks for our two names",
            "if controllerutil.ContainsFinalizer(w, v1alpha1.FinalizerKey) ||\n"
            "\tcontrollerutil.ContainsFinalizer(w, v1alpha1.LegacyFinalizerKey) {",
        ),
        evidence=Evidence(Confidence.NARROWED, SAME.format("HasAny"), (), WORKFLOW),
    ),
    found(
        HANDLER,
        213,
        Operation.SET_IF_EMPTY,
        "`SetFinalizerIfEmpty` adds `flyte-finalizer` to an empty list",
        'SetFinalizerIfEmpty(mutableW, "flyte-finalizer")',
        name="flyte-finalizer",
        fix=fixed(
            "calls AddFinalizer",
            "_ = controllerutil.AddFinalizer(mutableW, v1alpha1.FinalizerKey)",
            start=900,
        ),
        evidence=exact(
            Operation.SET_IF_EMPTY,
            WORKFLOW,
            Difference("beside-others", "did nothing when another finalizer was there; now adds ours beside it"),
        ),
    ),
    found(
        SUBTASK,
        72,
        Operation.ADD,
        "appends `flyte/array` and writes the list back",
        "finalizers := append(pod.GetFinalizers(), finalizer)\npod.SetFinalizers(finalizers)",
        name="flyte/array",
        fix=fixed("calls AddFinalizer", "_ = controllerutil.AddFinalizer(pod, FinalizerArray)", SUBTASK, 2210, 2290),
        evidence=exact(Operation.ADD, "*v1.Pod", SECOND_COPY),
    ),
    found(
        SUBTASK,
        147,
        Operation.CLEAR,
        "empties the list when it holds anything",
        "if len(o.GetFinalizers()) > 0 {\n\to.SetFinalizers([]string{})\n}",
        name="flyte/array",
        fix=fixed(
            "removes our two names",
            "controllerutil.RemoveFinalizer(o, FinalizerArray)\n"
            "controllerutil.RemoveFinalizer(o, LegacyFinalizerArray)",
            SUBTASK,
            4410,
            4500,
        ),
        evidence=Evidence(Confidence.NARROWED, SAME.format("Clear"), (NAMES_OF_OTHERS,), "*v1.Pod"),
    ),
    found(
        "flyteadmin/pkg/workflowengine/impl/prepare_execution.go",
        133,
        Operation.ADD,
        "appends the bare name `flyte-finalizer`",
        'flyteWf.Finalizers = append(flyteWf.Finalizers, "flyte-finalizer")',
        name="flyte-finalizer",
        fix=fixed(
            "calls AddFinalizer",
            "_ = controllerutil.AddFinalizer(flyteWf, v1alpha1.FinalizerKey)",
            "flyteadmin/pkg/workflowengine/impl/prepare_execution.go",
            5120,
            5188,
        ),
        evidence=Evidence(
            Confidence.ASSUMED,
            SAME.format("Add"),
            (SECOND_COPY,),
            "*v1alpha1.FlyteWorkflow, by what the file imports",
        ),
    ),
    found(
        "flytepropeller/pkg/controller/finalizer.go",
        11,
        None,
        "`flyte-finalizer` has no domain",
        'const FinalizerKey = "flyte-finalizer"',
        rule=UNQUALIFIED_NAME,
        name="flyte-finalizer",
        fix=SuggestedFix("the constant moves to the package of the API type", ()),
        evidence=Evidence(Confidence.EXACT, "every use of the constant is among the changes here"),
    ),
    *(
        found(
            HANDLER_TEST,
            line,
            None,
            "the arbitrary finalizer 'f1' stood for any finalizer",
            '"f1"',
            rule=ARBITRARY_FIXTURE,
            fix=fixed("the test's object carries the constant", "v1alpha1.FinalizerKey", HANDLER_TEST, line * 40),
            evidence=Evidence(Confidence.EXACT, "every 'f1' of this test is a finalizer, and all change alike"),
        )
        for line in (141, 176)
    ),
    found(
        "flytepropeller/pkg/controller/nodes/branch/gc.go",
        58,
        Operation.SAME_COUNT,
        "compares the number of finalizers of two objects",
        "if len(a.Finalizers) == len(b.Finalizers) {",
        left_because="controllerutil has no counterpart, and the result decides whether an update is sent",
        next_step="compare what you mean: whether `FinalizerKey` was added or removed",
    ),
    found(
        "flytestdlib/storage/legacy.go",
        301,
        Operation.REMOVE,
        "writes a list that `normalise` computes",
        "obj.Finalizers = normalise(obj.Finalizers)",
        rule=NOT_UNDERSTOOD,
        left_because="`normalise` lower-cases the names, so its result depends on their content",
        next_step="call `controllerutil.RemoveFinalizer` by hand if removing our name is all that is wanted",
    ),
    found(
        "flytepropeller/cmd/kubectl-flyte/cmd/delete.go",
        84,
        Operation.CLEAR,
        "empties the list under `--force`",
        "w.SetFinalizers([]string{})",
        rule=FORCE_CLEAR,
        left_because="a forced delete is meant to drop the finalizers of everybody",
        intended=True,
    ),
)


def cells(name: str, rollback_frees: bool) -> tuple[MatrixCell, ...]:
    """The five columns of both rows; the old code may know its own name only."""
    result = []
    for created_by in ("old", "new"):
        for handled_by in (("old",), ("new",), ("old", "new"), ("new", "old"), ("old", "new", "old")):
            by_new = "new" in (created_by, *handled_by)
            stuck = not rollback_frees and by_new and handled_by[-1] == "old"
            cell = MatrixCell(created_by, handled_by, (name,) if stuck else (), not stuck)
            if stuck:
                cell = cell._replace(why="the old code removes its own name only, and not `" + name + "`")
            result.append(cell)
    return tuple(result)


PLAN = Plan(
    checkout="/srv/checkouts/flyte",
    commit="fd9a378061",
    pack="flyte",
    stage=Stage.SWITCH,
    diagnostics=DIAGNOSTICS,
    originals={
        HANDLER: b"package controller\n",
        HANDLER_TEST: b"package controller\n",
        SUBTASK: b"package k8s\n",
        "flyteadmin/pkg/workflowengine/impl/prepare_execution.go": b"package impl\n",
        "flytepropeller/pkg/controller/finalizer.go": b"package controller\n",
        "flytepropeller/pkg/controller/finalizer_test.go": b"package controller\n",
    },
    changes={
        HANDLER: b"package controller // new\n",
        HANDLER_TEST: b"package controller // new\n",
        SUBTASK: b"package k8s // new\n",
        "flyteadmin/pkg/workflowengine/impl/prepare_execution.go": b"package impl // new\n",
        "flytepropeller/pkg/controller/finalizer.go": None,
        "flytepropeller/pkg/controller/finalizer_test.go": None,
        "flytepropeller/pkg/apis/flyteworkflow/v1alpha1/finalizer.go": b"package v1alpha1\n",
    },
    constants=(
        ConstantChoice(
            old="flyte-finalizer",
            new="flyte.org/finalizer",
            key="FinalizerKey",
            legacy_key="LegacyFinalizerKey",
            package="v1alpha1",
            path="flytepropeller/pkg/apis/flyteworkflow/v1alpha1/finalizer.go",
            why="package `controller` cannot be imported by flyteadmin without a new line in its go.mod; this "
            "one declares the type that carries the finalizer, and every user imports it already",
            moved_from="flytepropeller/pkg/controller/finalizer.go",
            users=("flytepropeller/pkg/controller", "flyteadmin/pkg/workflowengine/impl"),
        ),
        ConstantChoice(
            old="flyte/array",
            new="flyte.org/finalizer-array",
            key="FinalizerArray",
            legacy_key="LegacyFinalizerArray",
            package="k8s",
            path=SUBTASK,
            why="it has one user, and stays where it is",
            users=("flyteplugins/go/tasks/plugins/array/k8s",),
        ),
    ),
    matrices=(
        UpgradeMatrix(
            name="flyte-finalizer",
            before=("adds `flyte-finalizer`", "tests for any finalizer", "removes every finalizer"),
            after=("adds `flyte.org/finalizer`", "tests for both names", "removes both names"),
            cells=cells("flyte.org/finalizer", rollback_frees=True),
            advice="one release is enough: stage `switch` now, `cleanup` once no object carries the old name",
        ),
        UpgradeMatrix(
            name="flyte/array",
            before=("adds `flyte/array`", "removes `flyte/array`"),
            after=("adds `flyte.org/finalizer-array`", "removes both names"),
            cells=cells("flyte.org/finalizer-array", rollback_frees=False),
            advice="release stage `prepare` first, then `switch`, then `cleanup`; each step back is then safe",
        ),
    ),
    modules=(
        ModuleFacts(
            "github.com/flyteorg/flyte/flytepropeller",
            "flytepropeller",
            "v0.16.2",
            "replace in flytepropeller/go.mod:155",
            True,
        ),
        ModuleFacts(
            "github.com/flyteorg/flyte/flyteadmin",
            "flyteadmin",
            "v0.16.2",
            "replace in flyteadmin/go.mod:219",
            True,
        ),
        ModuleFacts("github.com/flyteorg/flyte/flytecopilot", "flytecopilot", "v0.16.2", "replace", False),
    ),
    module_changes=("flyteadmin/go.mod: sigs.k8s.io/controller-runtime v0.16.3 becomes a direct requirement",),
    notes=(Note("flyteidl/gen/pb-go/huge.pb.go", "skipped: larger than 4 MB and generated"),),
    timings=TIMINGS,
    counts={"files": 2252, "parsed": 31},
    web="https://github.com/flyteorg/flyte/blob/fd9a378061",
)


def view_of(plan: Plan) -> dict[str, Any]:
    return build_view(plan, versions=VERSIONS, timings=TIMINGS)


def schema() -> dict[str, Any]:
    loaded = json.loads(SCHEMA_FILE.read_text())
    assert isinstance(loaded, dict)
    return loaded


def headings(markdown: str) -> list[str]:
    """Section titles outside of code blocks."""
    result, ticks = [], ""
    for line in markdown.splitlines():
        fence = re.match(r"`{3,}", line)
        if fence and not ticks:
            ticks = fence[0]
        elif ticks and line == ticks:
            ticks = ""
        elif not ticks and line.startswith("## "):
            result.append(line[3:])
    assert not ticks, "a code block is never closed"
    return result


def validate(text: str) -> None:
    jsonschema.Draft202012Validator(schema()).validate(json.loads(text))


@pytest.mark.parametrize("suffix", [".md", ".json"])
def test_golden(suffix: str) -> None:
    text = render_view(view_of(PLAN), suffix)
    golden = GOLDEN / f"report{suffix}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


def test_json_follows_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    validate(render_json(view_of(PLAN)))
    empty = PLAN._replace(
        commit="",
        diagnostics=(),
        changes={},
        constants=(),
        matrices=(),
        modules=(),
        module_changes=(),
        notes=(),
        timings=(),
        counts={},
    )
    validate(render(empty, ".json"))
    assert headings(render(empty, ".md")) == [s for s in SECTIONS if s != "Notes"]


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every part of the schema that describes an object, or a field of one."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def test_schema_is_closed_and_described() -> None:
    for node in objects(schema()):
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == sorted(node["properties"])
            for name, described in node["properties"].items():
                assert described.get("description") or "$ref" in described, name


def test_every_operation_has_its_words_and_stands_in_the_schema() -> None:
    assert set(WHAT) == set(Operation)
    named = [set(node["enum"]) for node in objects(schema()) if Operation.ADD.value in node.get("enum", ())]
    assert named and all(names == {None, *(o.value for o in Operation)} for names in named)


def test_unknown_key_is_refused() -> None:
    document = json.loads(render_json(view_of(PLAN)))
    places: list[dict[str, Any]] = [
        document,
        document["summary"],
        document["changes"][0],
        document["versions"],
    ]
    places += [document["matrices"][0]["cells"][0], document["changes"][0]["edits"][0]]
    for place in places:
        place["surprise"] = 1
        with pytest.raises(jsonschema.ValidationError, match="surprise"):
            jsonschema.Draft202012Validator(schema()).validate(document)
        del place["surprise"]


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_same_plan_same_bytes(suffix: str) -> None:
    shuffled = PLAN._replace(
        diagnostics=tuple(reversed(DIAGNOSTICS)),
        changes=dict(reversed(PLAN.changes.items())),
        counts=dict(reversed(PLAN.counts.items())),
    )
    assert render(PLAN, suffix) == render(PLAN, suffix) == render(shuffled, suffix)
    assert render(PLAN, suffix.upper()) == render(PLAN, suffix)


def test_view_is_left_as_it_was() -> None:
    view = view_of(PLAN)
    before = json.dumps(view)
    for suffix in FORMATS:
        render_view(view, suffix)
    assert json.dumps(view) == before


def test_unknown_suffix() -> None:
    with pytest.raises(UserError, match=r"'\.doc'.* \.html or \.json or \.md"):
        render(PLAN, ".doc")


def test_versions() -> None:
    from importlib.metadata import PackageNotFoundError, version

    for name, shown in read_versions().items():
        if name.startswith("tree-sitter"):
            try:
                assert shown == version(name)
            except PackageNotFoundError:
                assert shown == "not installed"


def test_jinja2_is_imported_only_for_markdown() -> None:
    code = (
        "import sys; from gomigrate.report import render_view; import gomigrate.report.view;"
        "import gomigrate.report.markdown, gomigrate.report.json_report; sys.exit('jinja2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_no_machine_path() -> None:
    for suffix in FORMATS:
        assert "/srv/checkouts" not in render(PLAN, suffix)


def test_summary_counts() -> None:
    summary = view_of(PLAN)["summary"]
    assert summary["exact"] + summary["narrowed"] + summary["assumed"] == summary["changes"] == 9
    assert (summary["files_changed"], summary["files_added"], summary["files_deleted"]) == (4, 1, 2)
    assert (summary["left"], summary["intended"]) == (2, 1)


def test_change_without_evidence_is_not_exact() -> None:
    bare = DIAGNOSTICS[0]._replace(evidence=None)
    view = view_of(PLAN._replace(diagnostics=(bare,)))
    assert view["summary"]["assumed"] == 1
    assert view["meaning"][0]["kind"] == "assumed"


def matrix_of(stuck: set[tuple[str, ...]]) -> tuple[UpgradeMatrix, ...]:
    """A matrix where the given histories (creator first) end in a stuck object."""
    histories = [(c.created_by, *c.handled_by) for c in cells("new", rollback_frees=True)]
    return (
        UpgradeMatrix(
            "flyte-finalizer",
            (),
            (),
            tuple(MatrixCell(h[0], h[1:], ("new",) if h in stuck else (), h not in stuck) for h in histories),
            "advice",
        ),
    )


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        (
            {"matrices": matrix_of(set())},
            "Live objects are still freed, after a rollback too; 2 places are left to you.",
        ),
        (
            {"matrices": matrix_of({("old", "new")})},
            "Do not release this as it is: some live objects would be stuck",
        ),
        (
            {"matrices": matrix_of({("old", "new")}), "stage": Stage.CLEANUP},
            "Release this only when no live object carries an old name any more",
        ),
        (
            {"matrices": matrix_of({("new", "old")})},
            "Live objects are still freed, but after a rollback some",
        ),
        ({"matrices": matrix_of({("old", "old")})}, "Live objects are still freed, after a rollback too"),
        (
            {"matrices": matrix_of(set()), "constants": PLAN.constants},
            "Live objects are still freed, after a rollback too (not computed for every name);",
        ),
        (
            {"matrices": ()},
            "A finalizer name changes, and what happens to live objects could not be computed",
        ),
        ({"matrices": (), "constants": ()}, "No finalizer name changes; 2 places are left to you."),
        ({"diagnostics": DIAGNOSTICS[-3:-1], "changes": {}}, "The patch is empty: 2 places are left to you."),
        ({"diagnostics": (), "changes": {}}, "The patch is empty: nothing is left to you."),
    ],
)
def test_verdict(changes: dict[str, Any], verdict: str) -> None:
    view = view_of(PLAN._replace(**{"constants": PLAN.constants[:1]} | changes))
    assert view["summary"]["verdict"].startswith(verdict)
    assert verdict in render_markdown(view).split("## What changed")[0]


def test_equal_changes_are_told_once() -> None:
    text = render_markdown(view_of(PLAN))
    assert "- lines 141, 176, exact: the arbitrary finalizer" in text
    assert f"`{HANDLER_TEST}:141:5`, `{HANDLER_TEST}:176:5`\n\n```diff" in text


def test_matrix_table() -> None:
    text = render_markdown(view_of(PLAN)).split("### `flyte/array`")[1]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in text.split("\n\n")[1].splitlines()]
    stuck = "**stuck:** `flyte.org/finalizer-array`"
    assert rows == [
        ["Created by", "old", "new", "old then new", "new then old (rollback)", "old, new, old"],
        ["---"] * 6,
        ["old", "freed", "freed", "freed", stuck, stuck],
        ["new", stuck, "freed", "freed", stuck, stuck],
    ]


HOSTILE = [
    "a | b || c \\| d \\\\| e",
    "`one` ``two`` ``` three",
    "```\n## Summary\n```",
    "````\n</details><script>alert(1)</script>",
    "<script>alert(1)</script><!-- <details> &lt;",
    "line\n\n## Forged\r\n\r\n| a | b |\n|---|---|\n",
    "\x1b[31mred\x1b[0m\x07\x00\x9b31m\x7f",
    "\u202eevil\u2066\u200b\u200f\ufeff\u2028\u2029\x85",
    "[link](javascript:alert(1)) ![image](http://x/y) <http://x>",
    "*bold* _it_ ~~gone~~ $x$ @everybody #1 # head",
    "- item\n1. item\n    code\n===\n---",
    "{{ 7 * 7 }}{% raw %}{# no #}",
    "stray \udcff byte and \ud800",
    "' ; touch /tmp/x ; ` $(touch x) \" }} {{",
    "",
    " ",
    "`",
    "|",
    "\\",
    "@" * 500,
    "`" * 500,
]


def hostile_plan(text: str, findings: int = 3) -> Plan:
    """A plan that holds the text wherever a text can be; `findings` of each sort."""
    new_text = text.encode("utf-8", "surrogatepass")
    fix = SuggestedFix(text, (TextEdit(text, 0, 1, new_text),), text)
    diagnostics = []
    for i in range(findings):
        evidence = Evidence(list(Confidence)[i % 3], text, (Difference(text, text, text),), text)
        kinds: list[dict[str, Any]] = [
            {"fix": fix, "evidence": evidence},
            {"left_because": text, "next_step": text},
            {"left_because": text, "intended": True},
        ]
        for kind in kinds:
            diagnostics.append(
                Diagnostic(INLINE_FINALIZER_CODE, text, i + 1, 1, 1, text, text, Operation.CLEAR, text, **kind)
            )
    others = min(findings, 40)
    texts = (text,) * others
    matrix = UpgradeMatrix(
        text,
        texts,
        texts,
        tuple(c._replace(left=texts, freed=False, why=text) for c in cells("x", rollback_frees=True)),
        text,
    )
    choice = ConstantChoice(text, text + "2", text, text, text, text, text, text, texts)
    return PLAN._replace(
        commit=text,
        pack=text,
        diagnostics=tuple(diagnostics),
        originals={},
        changes={f"{text}{i}": b"x" for i in range(findings)},
        constants=(choice,) * others,
        matrices=(matrix,) * others,
        modules=(ModuleFacts(text, text, text, text, True),) * others,
        module_changes=texts,
        notes=(Note(text, text),) * others,
        timings=((text, 1.0),) * others,
    )


def check_page(plan: Plan) -> str:
    """The Markdown of a plan, which holds every section, and fits, whatever the plan holds."""
    view = build_view(plan, versions=VERSIONS)
    text = render_markdown(view)
    assert len(text) <= LIMIT < GITHUB_LIMIT
    assert headings(text) == SECTIONS
    assert all(ch.isprintable() or ch in "\n\t" for ch in text)
    assert "\n\n\n" not in text
    for line in text.splitlines():
        if line.startswith("|"):
            # Nothing but the row's own pipes divides cells.
            assert len(re.findall(r"(?<!\\)\|", line)) in (5, 7), line
    return text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_in_its_place(text: str) -> None:
    plan = hostile_plan(text)
    validate(render(plan, ".json"))
    markdown = check_page(plan)
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"html": True}).enable("table")
    allowed = {"<details>", "</details>", "<summary>", "</summary>"}
    titles, cells_in_row, rows = [], 0, set()
    tokens = parser.parse(markdown)
    for i, token in enumerate(tokens):
        if token.type in ("html_block", "html_inline"):
            assert set(re.findall(r"</?\w+>", token.content)) <= allowed, token.content
            assert re.sub(r"<[^>]*>|[\w, ]|\n", "", token.content) == ""
        if token.type == "heading_open" and token.tag == "h2":
            titles.append(tokens[i + 1].content)
        if token.type == "tr_open":
            cells_in_row = 0
        cells_in_row += token.type in ("td_open", "th_open")
        if token.type == "tr_close":
            rows.add(cells_in_row)
        assert token.type not in ("code_block", "hr", "blockquote_open", "ordered_list_open")
        for child in token.children or ():
            assert child.type not in ("link_open", "image", "html_inline"), child
    assert titles == SECTIONS
    assert rows == {4, 6}


@pytest.mark.parametrize("unit", ["word ", "`", "@", "\U000e0001", "\U0001f600", "|\\", "x\n", "<&$"])
def test_long_text(unit: str) -> None:
    check_page(hostile_plan(unit * (100_000 // len(unit)), findings=1))


@pytest.mark.parametrize("text", ["short", "`" * 200 + "|" * 200, "@everybody " * 50])
def test_many_findings(text: str) -> None:
    markdown = check_page(hostile_plan(text, findings=1000))
    assert re.search(r"- and [\d,]+ more, see the JSON report", markdown)


def test_many_ordinary_findings_use_the_room() -> None:
    many = tuple(d._replace(path=f"pkg/part{i}/{d.path}") for i in range(300) for d in DIAGNOSTICS)
    markdown = check_page(PLAN._replace(diagnostics=many))
    assert len(markdown) > LIMIT / 3
    assert len(view_of(PLAN._replace(diagnostics=many))["changes"]) == 2700


DISCOVERY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [
            {
                "name": "flyte.lyft.com",
                "versions": [{"groupVersion": "flyte.lyft.com/v1alpha1", "version": "v1alpha1"}],
                "preferredVersion": {"groupVersion": "flyte.lyft.com/v1alpha1", "version": "v1alpha1"},
            }
        ],
    },
}


def resources(group_version: str, *kinds: tuple[str, str, bool]) -> dict[str, Any]:
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": [
            {
                "name": name,
                "singularName": "",
                "namespaced": namespaced,
                "kind": kind,
                "verbs": ["get", "list"],
            }
            for name, kind, namespaced in kinds
        ],
    }


def listed(api: str, kind: str, *items: tuple[str, str, list[str] | None]) -> dict[str, Any]:
    result = []
    for namespace, name, finalizers in items:
        metadata: dict[str, Any] = {"name": name}
        if namespace:
            metadata["namespace"] = namespace
        if finalizers is not None:
            metadata["finalizers"] = finalizers
        result.append({"apiVersion": api, "kind": kind, "metadata": metadata})
    return {"apiVersion": api, "kind": kind + "List", "metadata": {"resourceVersion": "1"}, "items": result}


ODD_NAME = 'it\'s "$(touch pwned)" `touch pwned` }} \\ <\U0001f600>'


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An API server of three kinds, one of which may not be listed; gives the environment for kubectl."""
    answers = DISCOVERY | {
        "/api/v1": resources("v1", ("pods", "Pod", True), ("nodes", "Node", False), ("secrets", "Secret", True)),
        "/apis/flyte.lyft.com/v1alpha1": resources(
            "flyte.lyft.com/v1alpha1", ("flyteworkflows", "FlyteWorkflow", True)
        ),
        "/api/v1/pods": listed(
            "v1",
            "Pod",
            ("dev", "one", ["flyte/array"]),
            ("dev", "two", None),
            ("prod", "three", ["x", ODD_NAME]),
        ),
        "/api/v1/nodes": listed("v1", "Node", ("", "worker", ["flyte-finalizer"])),
        "/apis/flyte.lyft.com/v1alpha1/flyteworkflows": listed(
            "flyte.lyft.com/v1alpha1",
            "FlyteWorkflow",
            ("dev", "wf-1", ["other", "flyte-finalizer"]),
            ("dev", "wf-2", ["flyte-finalizer-2", "flyte.org/finalizer"]),
        ),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path.split("?")[0])
            body = json.dumps(answer or {"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403})
            self.send_response(200 if answer else 403)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}],
        "current-context": "c",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    yield {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "config")}
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")
@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["flyte-finalizer"], ["FlyteWorkflow dev/wf-1 flyte-finalizer", "Node worker flyte-finalizer"]),
        (
            ["flyte-finalizer", "flyte/array"],
            [
                "FlyteWorkflow dev/wf-1 flyte-finalizer",
                "Node worker flyte-finalizer",
                "Pod dev/one flyte/array",
            ],
        ),
        ([ODD_NAME], [f"Pod prod/three {ODD_NAME}"]),
        (["none-has-it"], []),
    ],
)
def test_live_objects_command_works(
    names: list[str], lines: list[str], cluster: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        ["sh", "-c", live_objects_command(names)],
        env=cluster,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sorted(done.stdout.splitlines()) == lines, done.stderr
    assert "INCOMPLETE: secrets could not be listed" in done.stderr
    assert not (tmp_path / "pwned").exists()
