"""`invoke import`: files in, one federation.yaml and all findings out. The one place where its steps meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from planner import source as reading
from planner.checks.foreign_import import empty, foreign
from planner.checks.moved_secret import FAULT as MOVED_SECRET
from planner.checks.moved_secret import moved
from planner.checks.named_only import named_only
from planner.checks.skipped_file import skipped
from planner.checks.unexplained_difference import unexplained
from planner.diagnostics import Diagnostic, KeyPath, Place, Span
from planner.source import quote
from renderers.importing import scripts, words
from renderers.importing.comparing import Difference, Reason
from renderers.importing.files import Source, collect, document_of, looks_like_spec
from renderers.importing.fitting import Fitted, fit
from renderers.importing.judging import Judgement
from renderers.importing.remarks import live_defaults, own_entries
from renderers.importing.scripts import Scripted
from renderers.importing.sites import Gathered, gather, place_of, release_of, serving_of
from renderers.importing.specs import Spec, recognise
from renderers.importing.surveying import survey
from renderers.report.located import LinesDocument, LocatableDocument

_NAMES: Final = {"kube.cfg", "parties.conf", ".env"}


@dataclass(slots=True)
class Imported:
    """What came of an import.

    `text` is the federation.yaml, empty where nothing could be imported. `is_plannable` says whether `invoke plan`
    takes it as it is. `pairs` must talk. `differences` are between what would be planned and what was read.
    """

    text: str = ""
    is_plannable: bool = False
    pairs: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()
    documents: Mapping[str, LocatableDocument] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    corrections: tuple[str, ...] = ()
    read: int = 0
    sites: int = 0

    @property
    def has_errors(self) -> bool:
        """Whether an error was found."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)


def import_paths(paths: Sequence[str], name: str) -> Imported:
    """Import the files at these paths as the federation `name`."""
    sources, findings = collect(paths)
    run = _Run([part for source in sources for part in source.parts()], list(findings))
    return run.imported(paths, name)


class _Run:
    """One import."""

    def __init__(self, sources: Sequence[Source], findings: list[Diagnostic]) -> None:
        self._sources = sources
        self._findings = findings
        self._documents: dict[str, LocatableDocument] = {}
        self._names = {source.document: source.name for source in sources}
        for finding in findings:
            self._names.setdefault(finding.place.document, finding.place.document.partition(":")[2])

    def imported(self, paths: Sequence[str], name: str) -> Imported:
        """Everything that came of it."""
        specs = self._recognised()
        scripted = self._scripted()
        gathered = gather(specs, scripted)
        if not gathered.drafts:
            self._findings += gathered.findings
            self._tell_nothing(paths)
            return self._result(Imported())
        for each in scripted:
            for path, reference, draft in each.secrets:
                place = replace(place_of(each.spec, path), secret=True)
                self._findings.append(moved(draft.label, ".".join(map(str, path)), reference, place))
        self._translate(gathered)
        network = survey(gathered)
        for draft in gathered.drafts.values():
            self._findings += live_defaults(draft)
            self._findings += own_entries(draft)
        head = _head(len(specs) + len(scripted))
        fitted = fit(network, name, head, self._on_secret(gathered))
        self._findings = [each for each in self._findings if not _is_unspoken(each, fitted)]
        self._findings += gathered.findings + network.findings + fitted.findings
        for draft in gathered.drafts.values():
            self._findings += draft.findings
        self._tell_stubs(fitted)
        result = Imported(text=fitted.text, is_plannable=fitted.plan is not None, read=len(specs) + len(scripted))
        result.sites = len(fitted.assembled.sites)
        result.corrections = tuple(_corrections(fitted, gathered))
        if fitted.proof is not None and fitted.plan is not None:
            proof = Judgement(fitted, gathered, network)
            result.pairs = proof.proved.pairs
            self._findings += proof.findings(self._findings)
            result.differences = tuple(proof.differences(self._findings))
            self._findings += [
                _unexplained(each, gathered) for each in result.differences if each.reason is Reason.UNEXPLAINED
            ]
        return self._result(result)

    def _result(self, result: Imported) -> Imported:
        result.diagnostics = tuple(self._findings)
        result.documents, result.names = self._documents, self._names
        return result

    def _recognised(self) -> list[Spec]:
        specs: list[Spec] = []
        for source in self._sources:
            if source.name.rpartition("/")[2] in _NAMES:
                continue
            document, found = reading.parse(source.data, source.document)
            if document is None:
                self._documents[source.document] = LinesDocument(reading.source_lines(source.data))
                if source.named or looks_like_spec(source.data):
                    self._findings += map(_for_import, found)
                else:
                    self._skip(source)
                continue
            self._documents[source.document] = document
            spec = recognise(source.document, document)
            if spec is not None:
                self._findings += map(_for_import, found)
                specs.append(spec)
            else:
                self._skip(source)
        return specs

    def _scripted(self) -> list[Scripted]:
        """The kube.cfg and parties.conf files, each with the .env that lies beside it."""
        by_name = {source.name: source for source in self._sources}
        found: list[Scripted] = []
        for source in self._sources:
            folder, slash, name = source.name.rpartition("/")
            if name == scripts.ENVIRONMENT:
                self._documents[source.document] = LinesDocument(reading.source_lines(source.data))
                if source.named and not any(f"{folder}{slash}{each}" in by_name for each in _NAMES - {name}):
                    self._skip(source)
            if not scripts.is_settings(name):
                continue
            environment = by_name.get(f"{folder}{slash}{scripts.ENVIRONMENT}")
            result = scripts.read(name, source.document, source.data, environment.data if environment else None)
            if isinstance(result, tuple):
                self._documents[source.document] = LinesDocument(reading.source_lines(source.data))
                self._findings += result
            else:
                self._documents[source.document] = result.spec.document
                found.append(result)
        return found

    def _tell_nothing(self, paths: Sequence[str]) -> None:
        """Say that there is nothing to import, unless an error says why."""
        if any(each.is_error for each in self._findings):
            return
        for path in paths:
            document = document_of(path)
            self._names[document] = path
            self._findings.append(empty(quote(path), Place(span=Span(1, 1), document=document)))

    def _skip(self, source: Source) -> None:
        place = Place(span=Span(1, 1), document=source.document)
        name = quote(source.name.rpartition("/")[2])
        self._findings.append(foreign(name, place) if source.named else skipped(name, place))

    def _translate(self, gathered: Gathered) -> None:
        on_secret = self._on_secret(gathered)
        for draft in [draft for draft in gathered.drafts.values() if draft.dialled]:
            release, serving = release_of(draft), serving_of(draft)
            if draft.is_party:
                if draft.training is not None and release is not None:
                    words.training_words(draft, draft.training, release, on_secret)
                if draft.serving is not None and serving is not None:
                    words.serving_words(draft, draft.serving, serving, on_secret)
            elif draft.training is not None:
                found = serving if draft.kind == "servingProxy" else None
                words.exchange_words(draft, draft.training, release, found, on_secret)

    def _on_secret(self, gathered: Gathered) -> words.SecretFound:
        def tell(spec: Spec, path: KeyPath, reference: str) -> None:
            draft = next(
                draft for draft in gathered.drafts.values() if any(each is spec for each in draft.specs.values())
            )
            place = replace(place_of(spec, path), secret=True)
            self._findings.append(moved(draft.label, ".".join(map(str, path)), reference, place))

        return tell

    def _tell_stubs(self, fitted: Fitted) -> None:
        for path, draft in fitted.assembled.sites.items():
            if draft.is_named_only and draft.mentions:
                origin = draft.mentions[0]
                place = Place(origin.path, document=origin.document)
                self._findings.append(named_only(draft.label, place, f"{path[0]}[{path[1]}]"))


def _is_unspoken(diagnostic: Diagnostic, fitted: Fitted) -> bool:
    """Whether a finding says that a secret became a reference, and the reference was dropped again."""
    place = diagnostic.place
    return diagnostic.fault is MOVED_SECRET and (place.document, place.path) in fitted.unspoken


def _for_import(diagnostic: Diagnostic) -> Diagnostic:
    """A finding of the YAML reader, which has federation.yaml in mind, with what to do about an imported file."""
    return replace(diagnostic, hint=_HINTS.get(diagnostic.fault.code, diagnostic.hint))


_HINTS: Final = {
    "FED104": "name KubeFATE's own file, or a folder that holds it",
    "FED110": "write out in a copy what it stands for, and import that",
}
"""What to do about a file that cannot be read in full, by the code of the finding."""


def _head(number: int) -> list[str]:
    what = "one file" if number == 1 else f"{number} files"
    return [
        f"Imported from {what} of KubeFATE by `invoke import`. `invoke plan` checks this file and writes out/.",
        "Look it over: what the files do not say is a guess, and the report of the import names each of them.",
    ]


def _corrections(fitted: Fitted, gathered: Gathered) -> list[str]:
    lines = []
    for each in fitted.corrections:
        label = gathered.drafts[each.site].label
        what = ".".join(map(str, each.word)) or "the whole site"
        lines.append(f"{label}: {what} is left out because of {each.code}")
    return lines


def _unexplained(difference: Difference, gathered: Gathered) -> Diagnostic:
    draft = gathered.drafts[difference.site]
    before, after = difference.shown
    spec = next(spec for spec in draft.specs.values() if spec.source == difference.document)
    what = f"{difference.key} would be {after} instead of {before}"
    return unexplained(draft.label, what, place_of(spec, difference.path))
