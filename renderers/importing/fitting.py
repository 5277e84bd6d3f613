"""From a surveyed network to a federation.yaml that can be planned.

The first federation.yaml says everything as it was read, so that the checks of `invoke plan` find in it what is wrong
with the files. Whatever stands in the way of a plan is then taken out, one finding at a time, until it can be planned;
each step is remembered, and told. What the charts read and federation.yaml has no word for goes under `overrides`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from planner.checks.unspeakable_setting import unspeakable
from planner.checks.useless_pin import FAULT as USELESS_PIN
from planner.diagnostics import Diagnostic, KeyPath, Note, Place, SetValue
from planner.pipeline import Checked, check
from planner.plan import Plan
from planner.releases import FATE_SERVING, load_serving
from planner.secret_references import is_placeholder, is_reference, is_secret_key
from renderers.charts.document import load as load_rendered
from renderers.importing import comparing
from renderers.importing.assembling import Assembled, assemble
from renderers.importing.drafts import SERVING_FILE, Draft, Origin
from renderers.importing.network import Network
from renderers.importing.sites import place_of, release_of
from renderers.importing.specs import Spec
from renderers.importing.text import written
from renderers.importing.words import nearest_engine, variable
from renderers.planning import render_site

MOST_ROUNDS: Final = 50
"""Corrections are made until nothing is wrong any more; so many rounds are more than any file set needs."""
_SITES: Final = 2
"""Length of the path of a site."""
_SHAPES: Final = ("topology",)
_HEAVY: Final = frozenset({"id", "cluster"})
"""What a site cannot be without: if that is wrong, the site is left out."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A setting that was taken out because of a finding: its site, its word, where it stood, and the finding's code."""

    site: str
    word: KeyPath
    origin: Origin | None
    code: str


@dataclass(slots=True)
class Fitted:
    """A federation.yaml as far as it could be made: its text, its plan if there is one, and what was found.

    `proof` is the plan without `overrides`, against which the imported files are proved. `findings` are in the imported
    files. `unspoken` are keys of files (document and path) that federation.yaml cannot say.
    """

    assembled: Assembled
    text: str
    plan: Plan | None = None
    proof: Plan | None = None
    findings: list[Diagnostic] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    unspoken: set[tuple[str, KeyPath]] = field(default_factory=set)


OnSecret = Callable[[Spec, KeyPath, str], None]


def fit(network: Network, name: str, head: Sequence[str], on_secret: OnSecret) -> Fitted:
    """The federation.yaml of a network, corrected until it can be planned, with all that the checks have to say."""
    fitting = _Fitting(network, name, head, on_secret)
    fitting.correct()
    fitting.share()
    if fitting.checked is not None and fitting.checked.plan is not None:
        fitting.result.proof = fitting.checked.plan
        fitting.override()
    return fitting.result


class _Fitting:
    """One federation on its way to a plan."""

    def __init__(self, network: Network, name: str, head: Sequence[str], on_secret: OnSecret) -> None:
        self._network = network
        self._name = name
        self._head = head
        self._on_secret = on_secret
        self._seen: set[tuple[str, Place, str]] = set()
        self._remarked: set[tuple[str, Place]] = set()
        self.checked: Checked | None = None
        self.result = Fitted(Assembled(), "")

    def correct(self) -> None:
        """Check, take out what is wrong, and check again."""
        for _ in range(MOST_ROUNDS):
            self._check(report=True)
            assert self.checked is not None  # noqa: S101 - for the type checker
            errors = [each for each in self.checked.diagnostics if each.is_error or each.fault is USELESS_PIN]
            if not errors or not self._take_out(errors):
                return

    def share(self) -> None:
        """Say once what all parties have alike."""
        self._check(report=False)

    def override(self) -> None:
        """Put under `overrides` what is read by the charts and would be lost; what may not stand there is said."""
        for _ in range(MOST_ROUNDS):
            added = self._add_overrides()
            if not added:
                return
            self._check(report=False)
            while self.checked is not None and self.checked.plan is None and self._refuse_overrides():
                self._check(report=False)

    def _check(self, *, report: bool) -> None:
        """Check what there is. For a report every site says all of its own, so that each file has its findings.

        A warning that a correction only words anew is not said again.
        """
        assembled = assemble(self._network, self._name, share=not report)
        text = written(assembled.data, self._head, assembled.remark)
        self.checked = check(text.encode())
        self.result.assembled, self.result.text, self.result.plan = assembled, text, self.checked.plan
        if not report:
            return
        before = set(self._remarked)
        told = {(each.fault.code, each.message) for each in self.checked.diagnostics if each.place.path[:1] != _SHAPES}
        for diagnostic in self.checked.diagnostics:
            if diagnostic.place.path[:1] == _SHAPES and (diagnostic.fault.code, diagnostic.message) in told:
                continue
            found = located(diagnostic, assembled, self._network)
            where = (found.fault.code, replace(found.place, path=()))
            key = (*where, found.message)
            if key not in self._seen and (found.is_error or where not in before):
                self._seen.add(key)
                self._remarked.add(where)
                self.result.findings.append(found)

    # -----------------------------------------------------------------------------------------------------------------
    # Corrections

    def _take_out(self, errors: Sequence[Diagnostic]) -> bool:
        """Take out what the errors are about; False where nothing can be taken out."""
        is_changed = False
        done: set[KeyPath] = set()
        for error in errors:
            path = error.place.path
            if path in done:
                continue
            done.add(path)
            is_changed |= self._take_out_one(error, path)
        return is_changed

    def _take_out_one(self, error: Diagnostic, path: KeyPath) -> bool:
        assembled = self.result.assembled
        if path[:1] == ("routes",) and len(path) > 1 and isinstance(path[1], int):
            if path[1] < len(self._network.routes):
                self._network.routes.pop(path[1])
                return True
            return False
        draft = assembled.sites.get(path[:_SITES])
        if draft is None:
            return self._take_out_shared(error, path)
        if self._mend(draft, error, path) or self._take_out_of(draft, error, path[_SITES:]):
            return True
        return self._take_out_noted(error) if draft.is_party else self._leave_out(draft, error)

    def _take_out_noted(self, error: Diagnostic) -> bool:
        """A setting that a site does not have and others do: what the notes point at."""
        for note in error.notes:
            path = () if note.place is None else note.place.path
            draft = self.result.assembled.sites.get(path[:_SITES])
            word = path[_SITES:]
            if draft is not None and word and word[0] not in _HEAVY and self._take_out_of(draft, error, word):
                return True
        return False

    def _mend(self, draft: Draft, error: Diagnostic, path: KeyPath) -> bool:
        """Do what the finding's own fix says, where that is another value in the same place."""
        edits = [edit for edit in error.fix if isinstance(edit, SetValue) and edit.path == path]
        if len(edits) != 1 or len(error.fix) != 1 or not draft.words.has(path[_SITES:]):
            return False
        self._remember(draft, path[_SITES:], error)
        draft.words.put(path[_SITES:], edits[0].value, draft.words.origins.get(path[_SITES:]))
        return True

    def _take_out_shared(self, error: Diagnostic, path: KeyPath) -> bool:
        """A setting under `defaults`, or the release that all sites have."""
        if path[:1] == ("topology",):  # an exchange that the release does not have, of which no file was imported
            drafts = [each for each in self.result.assembled.sites.values() if not each.is_party and each.is_named_only]
            taken = [self._leave_out(draft, error) for draft in drafts]
            return any(taken)
        if path[:1] != ("defaults",):
            return False
        taken = [self._take_out_of(draft, error, path[1:]) for draft in self.result.assembled.sites.values()]
        return any(taken)

    def _take_out_of(self, draft: Draft, error: Diagnostic, word: KeyPath) -> bool:
        if word[:1] == ("engine",) and draft.words.has(("engine",)):
            nearest = nearest_engine(draft.words.get(("engine",)))
            release = release_of(draft)
            is_known = release is not None and release.engine(nearest) is not None
            if is_known and draft.words.get(("engine",)) != nearest:
                self._remember(draft, ("engine",), error)
                draft.words.put(("engine",), nearest, draft.words.origins.get(("engine",)))
                return True
            return False
        if word[:1] and word[0] in _HEAVY and (draft.is_party or word[0] != "id"):
            return self._leave_out(draft, error)
        for length in range(len(word), 0, -1):
            if draft.words.has(word[:length]) and (draft.is_party or word[:length] not in {("name",), ("kind",)}):
                inherited = self.result.assembled.data.get("defaults", {})
                same = length == 1 and word[0] in inherited
                self._remember(draft, word[:length], error)
                value = draft.words.remove(word[:length])
                if same:
                    for other in self.result.assembled.sites.values():
                        if other.is_party and other.words.get(word[:1]) == value:
                            self._remember(other, word[:1], error)
                            other.words.remove(word[:1])
                return True
        return False

    def _leave_out(self, draft: Draft, error: Diagnostic) -> bool:
        parties = [each for each in self._network.gathered.parties if each.cluster]
        if not draft.cluster or (draft.is_party and len(parties) < _SITES):
            return False
        self._remember(draft, (), error)
        draft.cluster = ""
        self._network.forget(draft)
        return True

    def _remember(self, draft: Draft, word: KeyPath, error: Diagnostic) -> None:
        self.result.corrections.append(Correction(draft.key, word, draft.origin_of(word), error.fault.code))

    # -----------------------------------------------------------------------------------------------------------------
    # Overrides

    def _add_overrides(self) -> bool:
        plan = self.result.plan
        if plan is None:
            return False
        render = render_site(plan)
        is_changed = False
        for draft in self.result.assembled.sites.values():
            if not draft.specs:
                continue
            files = render(plan.by_key[draft.key])
            for name, spec in draft.specs.items():
                if name in files and name in draft.dialled:
                    ours = load_rendered(files[name])
                    for path, value in self._missing(draft, spec, ours):
                        is_changed = True
                        self._put(draft, spec, name, path, value)
        return is_changed

    def _missing(self, draft: Draft, spec: Spec, ours: Any) -> Iterator[tuple[KeyPath, Any]]:
        """Values of a file that its chart reads, that would be lost, and that `overrides` may set."""
        reads = reader(draft, spec)
        corrected = {each.origin.path[:1] for each in self.result.corrections if each.origin and each.site == draft.key}
        told: set[KeyPath] = set()
        for difference in comparing.compare(draft.key, spec.source, spec.data, ours):
            path = comparing.settable(difference.path)
            if difference.imported in (None, False) or not path or path in told:
                continue
            told.add(path)
            is_own = path[0] in comparing.OWN_ROUTES
            if (
                (spec.source, path) in self.result.unspoken
                or path[0] in comparing.SELECTING
                or path[:1] in corrected
                or (is_own and draft.serving is not None)
                or (comparing.is_routing(path) and not is_own)
                or is_placeholder(difference.planned)
                or is_default(path, difference.imported)
                or not spec.deploys(path)
                or not reads(".".join(map(str, path)))
            ):
                continue
            yield path, spec.get(*path)

    def _put(self, draft: Draft, spec: Spec, name: str, path: KeyPath, value: Any) -> None:
        word: KeyPath = ("serving", "overrides", *path) if name == SERVING_FILE else ("overrides", *path)
        if is_secret_key(path[-1]) and not is_reference(value):
            if is_placeholder(value):
                value = str(value)[len("${secret:") : -1]
            else:
                reference = f"env:{variable(draft, '_'.join(map(str, path)))}"
                self._on_secret(spec, path, reference)
                value = reference
        draft.words.put(word, value, Origin(spec.source, path))

    def _refuse_overrides(self) -> bool:
        """Take out the overrides that the checks refuse."""
        assert self.checked is not None  # noqa: S101 - for the type checker
        is_changed = False
        for error in self.checked.diagnostics:
            path = error.place.path
            draft = self.result.assembled.sites.get(path[:_SITES])
            if not error.is_error or draft is None:
                continue
            word = path[_SITES:]
            if "overrides" not in word[:2]:
                continue
            start = word.index("overrides") + 1
            for key, origin in list(draft.words.origins.items()):
                if key[:start] == word[:start] and key[: len(word)] == word[: len(key)]:
                    draft.words.remove(key)
                    del draft.words.origins[key]
                    self._cannot_say(draft, origin)
                    is_changed = True
        return is_changed

    def _cannot_say(self, draft: Draft, origin: Origin) -> None:
        self.result.unspoken.add((origin.document, origin.path))
        spec = next(spec for spec in draft.specs.values() if spec.source == origin.document)
        value = spec.get(*origin.path)
        shown = "" if comparing.holds_secret(origin.path, value) else f": {comparing.short(value)}"
        what = f"{'.'.join(map(str, origin.path))}{shown}"
        self.result.findings.append(unspeakable(draft.label, what, place_of(spec, origin.path)))


DEFAULTS: Final[Mapping[str, Any]] = {
    "pullPolicy": "IfNotPresent",
    "mysql.ip": "mysql",
    "mysql.port": 3306,
    "mysql.database": "eggroll_meta",
    "mysql.user": "fate",
    "mysql.password": "fate_dev",
    "fateboard.username": "admin",
    "fateboard.password": "admin",
    "fateboard.type": "ClusterIP",
    "servingRedis.password": "fate_dev",
    "servingAdmin.username": "admin",
    "servingAdmin.password": "admin",
    "externalMysqlPort": 3306,
    "externalRedisPort": 6379,
    "python.pulsar.tenant": "fl-tenant",
    "pulsar.exchange.domain": "fate.org",
    "backend": "eggroll",
    "rabbitmq.default_user": "fate",
    "rabbitmq.default_pass": "fate",
    "rabbitmq.user": "fate",
    "rabbitmq.password": "fate",
}  # fmt: skip
"""What the charts fill in themselves (reference: cluster-yaml.md section 4): saying it changes nothing."""


def is_default(path: KeyPath, value: Any) -> bool:
    """Whether a value is the one that the chart fills in for the key."""
    if path[-1:] == ("accessMode",):
        return bool(value == "ReadWriteOnce")
    dotted = ".".join(map(str, path))
    return dotted in DEFAULTS and bool(DEFAULTS[dotted] == value)


def reader(draft: Draft, spec: Spec) -> Callable[[str], bool]:
    """Whether the chart of a spec reads a key and makes something of it, or KubeFATE itself does."""
    release = release_of(draft)
    if spec.chart == FATE_SERVING:
        serving = load_serving(spec.version) or (
            load_serving(release.serving) if release is not None and release.serving else None
        )
        keys = () if release is None else release.kubefate.keys

        def reads_serving(path: str) -> bool:
            known = serving is not None and serving.reads(path) and not serving.is_dead(path)
            return known or path.partition(".")[0] in keys

        return reads_serving

    def reads(path: str) -> bool:
        if release is None:
            return False
        known = release.reads(spec.chart, path) and not release.is_dead(spec.chart, path)
        return known or path.partition(".")[0] in release.kubefate.keys

    return reads


# ---------------------------------------------------------------------------------------------------------------------
# Findings about federation.yaml become findings about the imported files


def located(diagnostic: Diagnostic, assembled: Assembled, network: Network) -> Diagnostic:
    """A finding about the federation.yaml, at the places in the imported files that its values come from."""
    specs = {spec.source: spec for draft in network.gathered.drafts.values() for spec in draft.specs.values()}
    place = diagnostic.place
    if place.path[:1] == _SHAPES:
        place = _named(diagnostic.message, assembled) or place
    place = _imported(place, assembled, specs)
    notes = tuple(
        note if note.place is None else Note(note.message, _imported(note.place, assembled, specs))
        for note in diagnostic.notes
    )
    return replace(diagnostic, place=place, notes=notes, fix=())


def _named(message: str, assembled: Assembled) -> Place | None:
    """The place of the first site that a message about the topology names: nobody wrote the topology itself."""
    found = [
        (f"{message} ".index(f"{draft.label} "), path)
        for path, draft in assembled.sites.items()
        if f"{draft.label} " in f"{message} "
    ]
    return Place(min(found)[1]) if found else None


def _imported(place: Place, assembled: Assembled, specs: Mapping[str, Spec]) -> Place:
    origin = assembled.origin(place.path)
    if origin is None:
        return place
    spec = specs.get(origin.document)
    if spec is None:
        return Place(origin.path, document=origin.document, secret=place.secret)
    found = place_of(spec, origin.path, on_key=place.on_key)
    return replace(found, secret=place.secret or any(map(is_secret_key, origin.path)))
