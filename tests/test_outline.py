"""Pieces of a file say what the whole of it says, wherever its declarations begin and end."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from gomigrate.checkout import Checkout
from gomigrate.go import trees
from gomigrate.go.outline import Piece, has_code, pieces
from gomigrate.go.syntax import SourceFile
from gomigrate.go.workspace import Workspace

PROJECT = Path(__file__).parent.parent
HEAD = "package p\n\n"

SOURCES = {
    "each by itself": 'import "fmt"\n\n// A says.\nfunc A() { fmt.Println("}") }\n\ntype B struct{}\n\nconst c = 1\n',
    "a text with a function": "var text = `\nfunc Fake() {}\n`\n\nfunc A() {}\n",
    "a comment with a function": "/*\nfunc Fake() {}\n*/\n\nfunc A() {}\n",
    "a comment behind another": "// a /* b\nfunc A() {}\n\n/* c */ // d\nfunc B() {}\n",
    "a comment in a text": 'var glob = "/*"\n\nfunc A() {}\n\nvar end = "*/"\n',
    "a quote in a comment": "// It's a `name\nfunc A() {}\n\nfunc B() {}\n",
    "signs as runes": "func A() []rune { return []rune{'\"', '`', '{', '\\'', '\\\\'} }\n\nfunc B() {}\n",
    "escapes": 'var a = "\\\\"\n\nfunc A() string { return "\\"}" }\n\nfunc B() {}\n',
    "code that is not indented": "func A() int {\nvar x int\nconst y = 1\ntype z int\nreturn x\n}\n\nfunc B() {}\n",
    "brackets that close at the margin": "func A() {\n\tif true {\n}\nvar x int\n\t_ = x\n}\n\nvar x string\n",
    "two on a line": "func A() {}; type B int; var c = 1\n\nfunc D() {}; func E() {}\n",
    "indented": "func A() {}\n\n  type B int\n\n\tvar c = 1\n\n  func D() {}\n\nfunc E() {}\n",
    "behind a comment": "func A() {}\n\n/* b */ func B() {}\n\n/* c */ type C int\n",
    "a literal at the margin": (
        "type T int\n\nvar a =\nfunc (x T) int { return 1 }\n\nvar b func(T) =\nfunc(T) {}\n\nfunc A() {}\n"
    ),
    "a literal with a result": (
        "type T[K any] int\n\nvar a =\nfunc (x int) T[int] { return 1 }\n\n"
        "var b =\nfunc (int) func(int) {\nreturn nil }\n"
    ),
    "methods": (
        "type T[K any] int\n\nfunc (t *T[K]) A() {}\n\nfunc (T[K]) B() {}\n\nfunc (\n\tt T[K],\n) C() {}\n\n"
        "func (t (T[K])) D() {}\n"
    ),
    "results with braces": (
        "func A() interface{} {\n\treturn nil\n}\n\nfunc B() (x struct{}, _ any) {\n\treturn\n}\n\n"
        "func C(interface{}) {}\n"
    ),
    "without a body": "func A(x int) int\n\nfunc B() {}\n",
    "letters": "func Ä() {}\n\nfunc A() {}\n\ntype Ö int\n\nfunc (Ö) Ü() {}\n",
    "an assertion over lines": "var x any\n\nvar a = x.(\ntype_)\n\ntype type_ = int\n\nfunc A() {}\n",
    "declared twice": "func A() {}\n\nfunc B() {}\n\nfunc A() {}\n",
    "groups": (
        "type (\n\tA int\n\tB struct {\n\t\tf func()\n\t}\n)\n\nconst (\n\tc = iota\n\td\n)\n\n"
        "var e, f = func() int { return 1 }(), 2\n"
    ),
    "the last line does not end": "func A() {}\n\nconst (\n\ta = 1\n)",
    "no other declaration": "",
    "a value in new": "func A() *int { return new(int(1)) }\n\nfunc B() *int { return new(3) }\n",
}


def told(file: SourceFile, whole: SourceFile) -> None:
    """That a file of which pieces are parsed tells of all names what the whole file does."""
    names = {name for _, name in whole.functions_by_name} | {*whole.types, *whole.values, "x", "Fake", "other"}
    receivers = {receiver for receiver, _ in whole.functions_by_name} | {"", "T"}
    for name in sorted(names):
        for receiver in sorted(receivers):
            wanted = whole.functions_by_name.get((receiver, name), [])
            assert file.count_functions(receiver, name) == len(wanted), (receiver, name)
            found = file.functions_named(receiver, name)
            assert [(n.start_byte, n.end_byte, str(n)) for n in found] == [
                (n.start_byte, n.end_byte, str(n)) for n in wanted
            ], (receiver, name)
        kind, wanted_kind = file.type_named(name), whole.types.get(name)
        assert (kind and (kind.start_byte, str(kind))) == (wanted_kind and (wanted_kind.start_byte, str(wanted_kind)))
        value, wanted_value = file.value_named(name), whole.values.get(name)
        assert (value and (value.spec.start_byte, value.kind, value.text)) == (
            wanted_value and (wanted_value.spec.start_byte, wanted_value.kind, wanted_value.text)
        )
    assert [(i.path, i.name, i.spec.start_byte) for i in file.imports] == [
        (i.path, i.name, i.spec.start_byte) for i in whole.imports
    ]
    assert file.package_name == whole.package_name


def both(source: bytes) -> tuple[SourceFile, SourceFile]:
    """A file that is parsed when it is asked, and the same one parsed as a whole."""
    whole = SourceFile("p.go", source)
    whole.parse()
    return SourceFile("p.go", source), whole


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
@pytest.mark.parametrize("name", SOURCES)
def test_pieces_tell_what_the_whole_does(name: str, mark: bytes, end: str) -> None:
    source = mark + (HEAD + SOURCES[name]).replace("\n", end).encode()
    file, whole = both(source)
    assert not whole.root.has_error
    told(file, whole)
    found = pieces(source)
    assert (found[0].start, found[-1].end) == (0, len(source))
    assert all(one.end == other.start for one, other in pairwise(found))


def test_pieces_of_written_code_tell_what_the_whole_does() -> None:
    parted = 0
    for path in sorted(path for name in ("fixtures", "tests") for path in (PROJECT / name).rglob("*.go")):
        file, whole = both(path.read_bytes())
        if not whole.root.has_error:
            told(file, whole)
            parted += len(pieces(file.source)) > 1
    assert parted > 20


def test_each_declaration_is_a_piece() -> None:
    source = (HEAD + SOURCES["each by itself"]).encode()
    assert [source[p.start : p.end].strip().split(b"\n")[0] for p in pieces(source)] == [
        b"package p",
        b"// A says.",
        b"type B struct{}",
        b"const c = 1",
    ]
    assert [p.function for p in pieces(source)] == [None, ("", "A"), None, None]
    assert [p.inert for p in pieces(source)] == [False, False, True, True]


@pytest.mark.parametrize(
    "hostile",
    [
        b"/*" * 200_000,
        b"/*/" * 200_000,
        b'"' + b"\\" * 400_000,
        b'\\"' * 200_000,
        b"`'" * 200_000,
        b"\nfunc (" * 60_000,
        b"\nfunc a() {" * 40_000,
        b"//\n" * 130_000,
        b"//\nx\n" * 80_000,
        b"\ntype" * 80_000,
        b"func (" + b"a," * 200_000,
    ],
    ids=range(11),
)
def test_no_bytes_take_long(hostile: bytes) -> None:
    before = time.process_time()
    found = pieces(b"package p\n" + hostile)
    assert time.process_time() - before < 2
    assert found[-1].end == len(hostile) + 10


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("// SetFinalizers\nfunc A() {}\n", False),
        ('func A() string { return "SetFinalizers" }\n', False),
        ("type A struct {\n\tSetFinalizers []string\n}\n\nfunc B() {}\n", False),
        ("const SetFinalizers = 1\n", False),
        ("type A interface {\n\tSetFinalizers([]string)\n}; func B(a A) { a.SetFinalizers(nil) }\n", True),
        ("func A(o O) { o.SetFinalizers(nil) }\n", True),
        ("var a = func(o O) { o.SetFinalizers(nil) }\n", True),
        ("type O = int\n\nvar a = `\n` // SetFinalizers\n", False),
    ],
)
def test_what_code_says_stands_in_no_comment_text_or_type(code: str, expected: bool) -> None:
    assert has_code((HEAD + code).encode(), [b"SetFinalizers"]) is expected


def workspace(root: Path, source: str) -> Workspace:
    (root / "go.mod").write_text("module example.com/m\n")
    (root / "p.go").write_text(source)
    return Workspace(Checkout(root))


def test_a_lookup_parses_only_what_may_declare_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[Piece | None] = []
    original = trees.parsed

    def spy(source: bytes, old_tree: trees.Tree | None = None, piece: Piece | None = None) -> trees.Tree:
        parsed.append(piece)
        return original(source, old_tree, piece)

    monkeypatch.setattr(trees, "parsed", spy)
    source = HEAD + "type T int\n\nfunc (T) A() {}\n\nfunc B() T { return 1 }\n\nconst one = 1\n"
    found = workspace(tmp_path, source)
    assert found.has_function("", "T", "A") and not parsed
    assert found.type_spec("", "T") and found.value("", "one") is not None
    assert found.function("", "", "B") is not None
    assert None not in parsed
    assert [source[p.start : p.end].split()[0] for p in parsed if p is not None] == ["type", "const", "func"]


def test_nodes_that_were_given_stay_those_that_are_given(tmp_path: Path) -> None:
    found = workspace(tmp_path, HEAD + "func A() {}\n\nfunc B() {}\n")
    before = found.function("", "", "A")
    file = found.file("p.go")
    assert before is not None and file is before[0] and file.root.child_count
    assert found.function("", "", "A") == before


@pytest.mark.parametrize("broken", ["func B() { x := }\n", "func B() {\n", "type B struct { int int int }\n"])
def test_a_declaration_that_does_not_parse_is_not_known(tmp_path: Path, broken: str) -> None:
    found = workspace(tmp_path, HEAD + "type T int\n\n" + broken)
    assert found.function("", "", "B") is None and found.type_spec("", "B") is None
    assert found.file("p.go") is None
    assert [note.text for note in found.checkout.notes] == ["has a syntax error; the file is skipped"]
    assert found.type_spec("", "T") is None, "of a file that is skipped nothing is used"
