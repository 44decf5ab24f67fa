"""A Kubernetes API server for custom resources, and releases of operators that work against it.

The server is tests/apiserver/server, a real one with a real etcd; a release is tests/apiserver/driver, built from the
operators' sources at one stage. Both are child processes that end when their standard input does.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

NAMESPACE = "default"
NO_NEW_FINALIZERS = "no new finalizers can be added if the object is being deleted"
_WARNING = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')


class Resource(NamedTuple):
    """Where the API server keeps the objects of an operator. `named` is the name of an object, with {} in it."""

    api_version: str
    plural: str
    kind: str
    named: str = "{}"

    def path(self, name: str = "") -> str:
        folder = f"/apis/{self.api_version}/namespaces/{NAMESPACE}/{self.plural}"
        return f"{folder}/{self.named.format(name)}" if name else folder


class Answer(NamedTuple):
    status: int
    body: Any
    warnings: tuple[str, ...]


class Child:
    """A child process that is spoken to line by line, and ends with its standard input."""

    def __init__(self, command: Sequence[Path | str], log: Path) -> None:
        self._log = log
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, encoding="utf-8"
            )

    def read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"{self._process.args} gave up:\n{self._log.read_text(encoding='utf-8')[-4000:]}"
        return line.rstrip("\n")

    def write(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


class Cluster(Child):
    """The API server, and its answers to plain requests: what anybody sees who is not an operator."""

    def __init__(self, server: Path, etcd: Path, log: Path) -> None:
        super().__init__([server, etcd], log)
        self.url = self.read()

    def request(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Answer:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return self._answer(reply)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return self._answer(refusal)

    @staticmethod
    def _answer(reply: Any) -> Answer:
        text = reply.read().decode()
        told = ", ".join(reply.headers.get_all("Warning") or ())
        warnings = tuple(re.sub(r"\\(.)", r"\1", found) for found in _WARNING.findall(told))
        return Answer(reply.status, json.loads(text) if text.startswith("{") else text, warnings)

    def define(self, crd: Path) -> None:
        """Adds a CustomResourceDefinition, and returns when its resources are served and can be discovered."""
        added = self.request(
            "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd.read_bytes(), "application/yaml"
        )
        assert added.status == 201, added
        spec = added.body["spec"]
        version = f"/apis/{spec['group']}/{spec['versions'][0]['name']}"
        end = time.monotonic() + 60
        for path in (version, f"{version}/{spec['names']['plural']}"):
            while (answer := self.request("GET", path)).status != 200:
                assert time.monotonic() < end, answer
                time.sleep(0.05)

    def create(self, resource: Resource, name: str, finalizers: Sequence[str]) -> Answer:
        metadata = {"name": resource.named.format(name), "namespace": NAMESPACE, "finalizers": list(finalizers)}
        body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
        return self.request("POST", resource.path(), body)

    def delete(self, resource: Resource, name: str) -> None:
        assert self.request("DELETE", resource.path(name)).status == 200

    def finalizers(self, resource: Resource, name: str) -> tuple[str, ...] | None:
        """The finalizers of an object, in the server's order; None when there is no such object."""
        answer = self.request("GET", resource.path(name))
        if answer.status == 404:
            return None
        assert answer.status == 200, answer
        return tuple(answer.body["metadata"].get("finalizers", ()))


class Release(Child):
    """Operators of one release, at work in a cluster."""

    def __init__(self, driver: Path, cluster: Cluster, log: Path) -> None:
        super().__init__([driver, cluster.url], log)

    def order(self, do: str, operator: str, name: str) -> tuple[str, ...]:
        """Has an operator `create` an object, or handle one that is `live` or `deleted`; gives the warnings."""
        answer = self._answer(do, operator, name)
        assert not answer["error"], answer["error"]
        return tuple(answer["warnings"] or ())

    def free(self, operator: str, name: str) -> bool:
        """Has an operator handle an object that is being deleted; whether the server took what it wrote. What it may
        refuse is a new finalizer."""
        error = self._answer("deleted", operator, name)["error"]
        assert not error or NO_NEW_FINALIZERS in error, error
        return not error

    def _answer(self, do: str, operator: str, name: str) -> Any:
        self.write(json.dumps({"do": do, "operator": operator, "name": name}))
        return json.loads(self.read())
