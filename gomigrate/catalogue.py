"""The catalogue of rules: each kind of finding, with the one text that all outputs use.

Ids and names are an interface: suppressions, baselines and other people's settings hold them. An id is never used again
for something else, and what a name stands for does not change.
"""

from enum import Enum
from typing import NamedTuple

# The bytes of a comment that suppresses findings of a rule.
DIRECTIVE = b"gomigrate:ignore"


class Severity(str, Enum):
    """How much a finding matters, in SARIF's words."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Rule(NamedTuple):
    """A kind of finding. `title` is a line of plain text; `why` has paragraphs, parted by an empty line, in Markdown's
    plainest form; `before` and `after` are Go; `sources` are addresses of where the facts come from."""

    id: str
    name: str
    severity: Severity
    title: str
    why: str
    before: str = ""
    after: str = ""
    sources: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Rule({self.id}, {self.name})"


_FINALIZERS = "https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/"
_CONTROLLERUTIL = "https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

UNQUALIFIED_NAME = Rule(
    "GM001",
    "unqualified-name",
    Severity.WARNING,
    "A finalizer name that is not domain-qualified",
    """\
Since Kubernetes 1.29 the API server answers every write of a custom resource that adds such a name with a warning:
`metadata.finalizers: "flyte-finalizer": prefer a domain-qualified finalizer name to avoid accidental conflicts with
other finalizer writers`. Two controllers that choose the same short name free each other's objects.

A qualified name is a DNS subdomain, a slash, and a name of at most 63 characters. The old name is honoured beside the
new one until no live object carries it (stages `prepare` and `switch`); it goes with stage `cleanup`.""",
    before='const finalizer = "flyte-finalizer"',
    after="""\
const (
	FinalizerKey       = "flyte.org/finalizer"
	LegacyFinalizerKey = "flyte-finalizer"
)""",
    sources=("https://github.com/kubernetes/kubernetes/pull/119508", _FINALIZERS),
)
HAND_WRITTEN_HELPER = Rule(
    "GM002",
    "hand-written-helper",
    Severity.WARNING,
    "A function of one's own that does what controllerutil does",
    """\
Helpers that add, find or remove a finalizer are written anew in every operator, and many get something wrong: a second
copy, only the first copy removed, the list changed while it is walked. Since `AddFinalizer`, `RemoveFinalizer` and
`ContainsFinalizer` are there, nothing of this has to be kept.

A helper is deleted when every use of it is migrated. One use that is left keeps it, and the finding names that use.""",
    before="""\
func contains(list []string, name string) bool {
	for _, item := range list {
		if item == name {
			return true
		}
	}
	return false
}""",
    after="// gone: controllerutil.ContainsFinalizer is called instead",
    sources=(_CONTROLLERUTIL,),
)
HAND_WRITTEN_CALL = Rule(
    "GM003",
    "hand-written-call",
    Severity.WARNING,
    "A call of a hand-written helper on an object's finalizers",
    """\
What the helper does was found out by running it on sample lists, not from its name. The call becomes one of
controllerutil's when the two do the same, or when the pack accepts the difference, which is then named.""",
    before="""\
if !contains(w.GetFinalizers(), finalizer) {
	w.SetFinalizers(append(w.GetFinalizers(), finalizer))
}""",
    after="controllerutil.AddFinalizer(w, FinalizerKey)",
    sources=(_CONTROLLERUTIL,),
)
INLINE_FINALIZER_CODE = Rule(
    "GM004",
    "inline-finalizer-code",
    Severity.WARNING,
    "Code that works on the list of finalizers in place",
    """\
Appending to the list, filtering it or setting it whole is what controllerutil is for. Code that clears the whole list
frees the object from other controllers too: their clean-up is then skipped. It is narrowed to its own finalizer, and
the report says so.""",
    before="""\
if len(o.GetFinalizers()) > 0 {
	o.SetFinalizers([]string{})
}""",
    after="""\
if controllerutil.ContainsFinalizer(o, FinalizerKey) || controllerutil.ContainsFinalizer(o, LegacyFinalizerKey) {
	controllerutil.RemoveFinalizer(o, FinalizerKey)
	controllerutil.RemoveFinalizer(o, LegacyFinalizerKey)
}""",
    sources=(_CONTROLLERUTIL, _FINALIZERS),
)
NOT_UNDERSTOOD = Rule(
    "GM005",
    "not-understood",
    Severity.WARNING,
    "A place that touches finalizers in a way that is not understood",
    """\
Only the part of Go that can be followed for certain is followed: an unknown call, a goroutine or a map in between ends
it. Such a place is never edited, and a name that it uses does not change anywhere. Look at it, and use controllerutil
where it fits.

Names that are taken over whole from another object or from a parameter, also beside those that are there, are no
finding: there is nothing in controllerutil for it, and it does not matter what they are.""",
    before="w.SetFinalizers(registry.Apply(w.GetFinalizers()))",
    sources=(_CONTROLLERUTIL,),
)
FORCE_CLEAR = Rule(
    "GM006",
    "force-clear",
    Severity.NOTE,
    "Every finalizer is cleared on purpose",
    """\
A person asked for the object to go whatever happens (`--force`). The pack names such places under `[[force-delete]]`
with the reason; they are listed, not changed, and no finding of `check`. A test for any finalizer there stays as well,
and so do the helpers for any or all finalizers that are used there.""",
    before="""\
if force {
	w.SetFinalizers([]string{})
}""",
    sources=(_FINALIZERS,),
)
HELPER_TEST = Rule(
    "GM007",
    "helper-test",
    Severity.NOTE,
    "A test of a hand-written helper that goes",
    """\
A test that calls nothing of its package but helpers that are deleted tests nothing any more, and is deleted with them.
A test that is about something else as well stays.""",
)
ARBITRARY_FIXTURE = Rule(
    "GM008",
    "arbitrary-fixture",
    Severity.NOTE,
    "A test's object carries a made-up finalizer that stood for any",
    """\
Code that asked for any finalizer now asks for its own. An object in a test that carries an arbitrary one carries the
key instead, so that every assertion keeps its meaning. This is done only when every place of that literal in the test
is a finalizer; otherwise it is left to a person.""",
    before='Finalizers: []string{"f1"},',
    after="Finalizers: []string{FinalizerKey},",
)
NAME_IN_TEXT = Rule(
    "GM009",
    "name-in-text",
    Severity.NOTE,
    "The old name stands inside of a longer text",
    """\
A message, a JSON patch or a manifest that is written as a string is text, and is not followed. Most need no change; one
that is sent to the API server does.""",
    before="""patch := `{"metadata":{"finalizers":["flyte-finalizer"]}}`""",
    after="""patch := `{"metadata":{"finalizers":["flyte.org/finalizer"]}}`""",
)
LEGACY_LEFT_OVER = Rule(
    "GM010",
    "legacy-left-over",
    Severity.WARNING,
    "The code is at another stage than the one that is asked for",
    """\
Code that is migrated already, by hand or by gomigrate, still adds or names the legacy finalizer (or, with stage
`prepare`, adds the new one already). It is taken to the next stage when every test and removal serves both names; else
the name stays as it is, and the finding says which place speaks against it. Never back: a release that adds the new
name may be out.

Go to `cleanup` only when no live object carries the old name: the report holds the commands that tell.""",
    before="""\
controllerutil.RemoveFinalizer(w, FinalizerKey)
controllerutil.RemoveFinalizer(w, LegacyFinalizerKey)""",
    after="controllerutil.RemoveFinalizer(w, FinalizerKey)",
    sources=("https://github.com/flyteorg/flyte/pull/7537",),
)
UNSAFE_UPGRADE = Rule(
    "GM011",
    "unsafe-upgrade",
    Severity.ERROR,
    "Objects would be stuck after an upgrade or a rollback",
    """\
The upgrade matrix is computed from what the code before and after adds, tests for and removes. Where a cell is stuck,
some objects keep a finalizer that no running code removes, and can never be deleted. The usual case is a rollback: the
code of today removes only the old name, and knows nothing of the one that the new code added.

Release in three steps, each safe beside its neighbours: `--stage prepare`, `--stage switch`, `--stage cleanup`.""",
    before="""\
// today: objects with flyte.org/finalizer are never freed
controllerutil.RemoveFinalizer(w, "flyte-finalizer")""",
    after="""\
// prepare: released before anything adds the new name
controllerutil.RemoveFinalizer(w, FinalizerKey)
controllerutil.RemoveFinalizer(w, LegacyFinalizerKey)""",
    sources=("https://github.com/ngrok/ngrok-operator/pull/820", _FINALIZERS),
)
COMPUTED_NAME = Rule(
    "GM012",
    "computed-name",
    Severity.NOTE,
    "A finalizer name that is only known as the program runs",
    """\
Names are followed from where they reach an object's finalizers back to where they are written: through variables,
parameters, struct fields, concatenations and `fmt.Sprintf`. One that comes from a flag, a configuration or a call that
cannot be followed may be anything. See that every name it can get is domain-qualified.""",
    before='controllerutil.AddFinalizer(w, os.Getenv("FINALIZER"))',
    sources=(_FINALIZERS,),
)

INVALID_SUPPRESSION = Rule(
    "GM013",
    "invalid-suppression",
    Severity.WARNING,
    "A suppression that is not well-formed",
    """\
`//gomigrate:ignore RULE reason` wants a rule that there is (its id or name, several with commas between), a reason, no
blank after the slashes, and code on its line or on the line below. Until it is mended nothing is edited at its place,
and with no rule or an unknown one every finding is still reported.""",
    before="""\
//gomigrate:ignore GM04
w.Finalizers = nil""",
    after="""\
//gomigrate:ignore GM004 the simulator owns these objects alone
w.Finalizers = nil""",
)
UNUSED_SUPPRESSION = Rule(
    "GM014",
    "unused-suppression",
    Severity.WARNING,
    "A suppression that suppresses nothing",
    """\
There is no finding of its rule at its place any more: take the comment out, so that it does not hide the next one.""",
    before="""\
//gomigrate:ignore GM004 the simulator owns these objects alone
controllerutil.RemoveFinalizer(w, FinalizerKey)""",
    after="controllerutil.RemoveFinalizer(w, FinalizerKey)",
)
NAME_IN_COMPANION = Rule(
    "GM015",
    "name-in-companion",
    Severity.NOTE,
    "A file beside the Go code holds the old name",
    """\
Manifests, scripts and documentation name finalizers too. With `--companions` those are changed of which it is certain
what they do: items of `metadata.finalizers` in YAML and JSON, and Python scripts in which every place that holds the
name puts it on objects or looks for it. All else is for a person to look at.

A name that people write into manifests is *public*: objects that nobody here knows of carry it. It is honoured for
ever, and stage `cleanup` leaves it as it is.""",
)

RULES = (
    UNQUALIFIED_NAME,
    HAND_WRITTEN_HELPER,
    HAND_WRITTEN_CALL,
    INLINE_FINALIZER_CODE,
    NOT_UNDERSTOOD,
    FORCE_CLEAR,
    HELPER_TEST,
    ARBITRARY_FIXTURE,
    NAME_IN_TEXT,
    LEGACY_LEFT_OVER,
    UNSAFE_UPGRADE,
    COMPUTED_NAME,
    INVALID_SUPPRESSION,
    UNUSED_SUPPRESSION,
    NAME_IN_COMPANION,
)


# They speak of suppressions, and cannot be suppressed themselves.
ALWAYS_TOLD = frozenset({INVALID_SUPPRESSION.id, UNUSED_SUPPRESSION.id})


def find_rule(word: str) -> Rule | None:
    """The rule of this id or name, in any case."""
    return next((r for r in RULES if word.lower() in (r.id.lower(), r.name)), None)


def nearest(word: str) -> str:
    """The id or name that comes nearest to a word, for a message; '' when none does."""
    from difflib import get_close_matches

    known = [name for rule in RULES for name in (rule.id.lower(), rule.name)]
    close = get_close_matches(word.lower(), known, n=1)
    found = find_rule(close[0]) if close else None
    if found is None:
        return ""
    return found.id if close[0] == found.id.lower() else found.name
