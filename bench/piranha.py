"""Searches a tree with polyglot-piranha, as `speed.py` calls it: in the environment that has it, and nothing else."""

from __future__ import annotations

import sys

from polyglot_piranha import PiranhaArguments, Rule, RuleGraph, execute_piranha

QUERY = """(
    (call_expression function: (selector_expression field: (field_identifier) @field)) @call
    (#eq? @field "SetFinalizers")
)"""


def main() -> None:
    graph = RuleGraph(rules=[Rule(name="set_finalizers", query=QUERY)], edges=[])
    found = execute_piranha(PiranhaArguments("go", paths_to_codebase=sys.argv[1:2], rule_graph=graph, dry_run=True))
    print(sum(len(summary.matches) for summary in found))


if __name__ == "__main__":
    main()
