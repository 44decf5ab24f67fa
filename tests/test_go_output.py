"""What Go's commands print, read into failures: as real toolchains print it, old and new."""

from __future__ import annotations

import json

from gomigrate.verify.failures import GoTestOutput, compile_failures, new_failures
from gomigrate.verify.results import Failure

TOP = "/scratch/top"
P = "example.com/p"


def test_the_compiler() -> None:
    lines = [
        "example.com/p/inner",
        "# example.com/p [example.com/p.test]",
        "./a.go:3:5: undefined: x",
        "./a.go:9:2: missing return",
        "\thave (int)",
        "vet: ./b_test.go:4:1: expected declaration",
        "too many errors",
        "# example.com/q",
        "../q/q.go:1: no column",
        "go: updates to go.mod needed; to update it:",
        "\tgo mod tidy",
        "/usr/local/go/src/fmt/print.go:1:2: odd",
    ]
    found = compile_failures(lines, "m", TOP)
    assert [(f.where, f.text, f.package) for f in found] == [
        ("m/a.go:3:5", "undefined: x", P),
        ("m/a.go:9:2", "missing return", P),
        ("m/b_test.go:4:1", "expected declaration", P),
        ("q/q.go:1", "no column", "example.com/q"),
        ("", "go: updates to go.mod needed; to update it:", "example.com/q"),
        ("/usr/local/go/src/fmt/print.go:1:2", "odd", "example.com/q"),
    ]
    assert found[1].lines == ("\thave (int)",)
    assert found[4].lines == ("\tgo mod tidy",)


def test_the_same_failure_elsewhere_is_no_new_one() -> None:
    moved = Failure("x redeclared, other at ./b.go:7:2", P, "a.go", 3)
    before = [moved._replace(line=1, text="x redeclared, other at ./b.go:1:2"), Failure("no", P, test="TestA")]
    assert new_failures(before, [moved, Failure("other words", P, test="TestA")])[0] == []
    twice, other = moved._replace(line=9), moved._replace(path="c.go")
    assert new_failures(before, [moved, twice, other]) == ([twice, other], [moved])


def read(*events: dict[str, str] | str, folders: dict[str, str] | None = None) -> GoTestOutput:
    output = GoTestOutput(folders or {P: "m/p"}, "m", TOP)
    for event in events:
        output.take(event if isinstance(event, str) else json.dumps({"Package": P} | event))
    return output


def say(test: str, text: str) -> dict[str, str]:
    return {"Action": "output", "Test": test, "Output": text + "\n"}


def end(action: str, test: str = "") -> dict[str, str]:
    return {"Action": action} | ({"Test": test} if test else {})


def test_only_the_innermost_test_is_named() -> None:
    output = read(
        *(end("start"), end("run", "TestA"), end("run", "TestA/one"), end("run", "TestA/two")),
        *(
            say("TestA/one", "=== RUN   TestA/one"),
            say("TestA/one", "    p_test.go:12: wrong"),
            say("TestA/one", "  more"),
        ),
        *(say("TestA", "--- FAIL: TestA (0.00s)"), end("fail", "TestA/one"), end("pass", "TestA/two")),
        *(end("fail", "TestA"), say("", "FAIL"), end("fail")),
    )
    (failure,) = output.failures()
    assert (failure.test, failure.where, failure.text) == ("TestA/one", "m/p/p_test.go:12", "wrong")
    assert failure.lines == ("    p_test.go:12: wrong", "  more")


def test_testify_names_a_whole_path() -> None:
    trace = f"        \tError Trace:\t{TOP}/m/other/check.go:44"
    output = read(
        end("run", "TestA"), say("TestA", trace), say("TestA", "  Error: Not equal"), end("fail", "TestA"), end("fail")
    )
    assert [f.where for f in output.failures()] == ["m/other/check.go:44"]


def test_a_panic_is_that_of_its_test_and_the_place_is_in_the_checkout() -> None:
    lines = (
        "panic: nil map",
        "goroutine 7:",
        "\t/usr/local/go/src/testing/testing.go:1 +0x1",
        f"\t{TOP}/m/p/p.go:5 +0x1",
    )
    output = read(
        end("start"), end("run", "TestA"), *(say("TestA", line) for line in lines), end("fail", "TestA"), end("fail")
    )
    (failure,) = output.failures()
    assert (failure.test, failure.text, failure.where) == ("TestA", "panic: nil map", "m/p/p.go:5")


def test_a_test_that_the_time_limit_ended_has_no_end_of_its_own() -> None:
    output = read(
        *(end("start"), end("run", "TestA"), say("TestA", "panic: test timed out after 1s"), end("fail")),
    )
    assert [(f.test, f.text) for f in output.failures()] == [("TestA", "panic: test timed out after 1s")]


def test_a_package_that_fails_by_itself() -> None:
    output = read(end("start"), say("", "TestMain says no"), end("fail"))
    assert [(f.package, f.test, f.text) for f in output.failures()] == [(P, "", "TestMain says no")]


def test_a_test_that_does_not_compile_in_new_and_old_releases() -> None:
    message = "p/p_test.go:3:1: undefined: y"
    new = read(
        *({"Action": "build-output", "ImportPath": P, "Output": line + "\n"} for line in (f"# {P}", message)),
        *({"Action": "build-fail", "ImportPath": P}, end("start"), say("", f"FAIL\t{P} [build failed]"), end("fail")),
    )
    old = read(
        f"# {P} [{P}.test]", message, f"FAIL\t{P} [build failed]", say("", f"FAIL\t{P} [build failed]"), end("fail")
    )
    for output in (new, old):
        assert [(f.where, f.text) for f in output.failures()] == [("m/p/p_test.go:3:1", "undefined: y")]


def test_what_hangs_is_named() -> None:
    output = read(
        end("start"), end("run", "TestA"), end("pass", "TestA"), end("run", "TestB"), end("run", "TestB/deep")
    )
    (failure,) = output.hanging(3)
    assert (failure.test, failure.text) == ("TestB/deep", "did not end within 3 seconds and was killed")


def test_lines_that_are_no_events() -> None:
    output = read('{"not": "an event"}', "{broken", "warning: odd things happen", end("pass"))
    assert output.results == {(P, ""): "pass"}
