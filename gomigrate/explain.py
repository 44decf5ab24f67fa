"""A rule of the catalogue as text: for the terminal, for other tools' help, and as the page docs/rules.md."""

from __future__ import annotations

from gomigrate.catalogue import ALWAYS_TOLD, RULES, Rule, find_rule, nearest
from gomigrate.errors import UserError, printable

_PAGE = """\
# Rules

Each kind of finding has an id and a name; both mean the same wherever a rule is asked for. `gomigrate explain` lists
them, `gomigrate explain GM001` (or `gomigrate explain unqualified-name`) shows one. *error*: objects may get stuck;
*warning*: code to migrate; *note*: good to know.
"""


def rule_named(word: str) -> Rule:
    """The rule of this id or name. Raises UserError, with the nearest one, when there is none."""
    found = find_rule(word)
    if found is None:
        close = nearest(word)
        hint = f" Did you mean {close}?" if close else ""
        raise UserError(f"there is no rule {printable(word)!r}.{hint} `gomigrate explain` lists them.")
    return found


def list_text() -> str:
    """One line for each rule."""
    width = max(len(r.name) for r in RULES)
    return "\n".join(f"{r.id}  {r.name:{width}}  {r.severity.value:7}  {r.title}" for r in RULES)


def help_text(rule: Rule) -> str:
    """All that is known of a rule, as plain text."""
    parts = [f"{rule.id} {rule.name} ({rule.severity.value})\n{rule.title}", rule.why]
    for title, code in (("Before", rule.before), ("After", rule.after)):
        if code:
            parts.append(f"{title}:\n\n" + _indented(code))
    if rule.sources:
        parts.append("Source:\n" + "\n".join(f"  {s}" for s in rule.sources))
    if rule.id not in ALWAYS_TOLD:
        parts.append(f"Suppress, behind the code, above it or above the package clause:\n  {_directive(rule)}")
    return "\n\n".join(parts)


def help_markdown(rule: Rule) -> str:
    """What `help_text` says below the title, as Markdown."""
    parts = [rule.why]
    for title, code in (("Before", rule.before), ("After", rule.after)):
        if code:
            parts.append(f"{title}:\n\n```go\n{code}\n```")
    if rule.sources:
        parts.append("Source: " + ",\n".join(f"<{s}>" for s in rule.sources))
    if rule.id not in ALWAYS_TOLD:
        parts.append(f"Suppress: `{_directive(rule)}`")
    return "\n\n".join(parts)


def page() -> str:
    """The page docs/rules.md."""
    rows = [f"| [{r.id}](#{_anchor(r)}) | `{r.name}` | {r.severity.value} | {r.title} |" for r in RULES]
    parts = [_PAGE, "\n".join(["| id | name | severity | |", "|---|---|---|---|", *rows])]
    for rule in RULES:
        parts.append(f"## {rule.id} {rule.name}\n\n**{rule.title}.**\n\n{help_markdown(rule)}")
    return "\n\n".join(p.strip("\n") for p in parts) + "\n"


def _directive(rule: Rule) -> str:
    return f"//gomigrate:ignore {rule.id} the reason"


def _anchor(rule: Rule) -> str:
    return f"{rule.id.lower()}-{rule.name}"


def _indented(code: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in code.expandtabs(4).split("\n"))
