"""The imported files, judged: read back as if they had been planned, and held against what is planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from planner.checks import (
    forwarding_loop,
    lost_setting,
    missing_route,
    one_way_route,
    readback_mismatch,
    uncovered_party,
    wrong_endpoint,
)
from planner.checks.live_default import FAULT as LIVE_DEFAULT
from planner.diagnostics import FEDERATION, Diagnostic, Note, Place, Span
from planner.plan import Plan, PlannedSite
from planner.releases import FATE_SERVING, load, load_serving
from renderers import bash
from renderers.charts.document import load as load_rendered
from renderers.importing import scripts
from renderers.importing.comparing import Difference, Reason, compare
from renderers.importing.drafts import Draft
from renderers.importing.explaining import Explainer, Told
from renderers.importing.fitting import Fitted, located
from renderers.importing.network import Network
from renderers.importing.scripts import Scripted
from renderers.importing.sites import Gathered, place_of, release_of, serving_of
from renderers.importing.specs import Spec, is_blank, leaves
from renderers.planning import render_site
from renderers.proving import Proved, prove
from renderers.target import Files

_ROUTES: Final = frozenset(
    module.FAULT.code for module in (forwarding_loop, missing_route, one_way_route, uncovered_party, wrong_endpoint)
)
_HINT: Final = "correct the file where it is used, or plan the new federation.yaml: its files do not have this"
_MOST_NOTES: Final = 3
_NOT_PLANNED: Final = "is not the planned one"
_ABOUT_CONTROL: Final = "route table for control"


class Judgement:
    """The imported files, read back as if they had been planned, and held against what is planned."""

    def __init__(self, fitted: Fitted, gathered: Gathered, network: Network) -> None:
        """Prove the files of a federation that can be planned."""
        assert fitted.proof is not None  # noqa: S101 - for the type checker
        assert fitted.plan is not None  # noqa: S101 - for the type checker
        self._fitted = fitted
        self._gathered = gathered
        self._network = network
        self._plan: Plan = fitted.plan
        self._texts: dict[str, dict[str, str]] = {}
        self._by_document = {
            spec.source: (draft, spec, dialled)
            for draft in gathered.drafts.values()
            for spec, dialled in draft.tables()
        }
        rendered = render_site(fitted.proof)
        for draft in fitted.assembled.sites.values():
            self._texts[draft.key] = {
                name: repaired(spec, _version_for(draft, spec)) if name in draft.dialled else spec.document.text
                for name, spec in draft.specs.items()
                if name != scripts.PARTIES_CONF
            }

        def files_of(planned: PlannedSite) -> Files:
            return {**rendered(planned), **self._texts.get(planned.key, {})}

        self.proved: Proved = prove(fitted.proof, files_of)

    def findings(self, known: Sequence[Diagnostic]) -> list[Diagnostic]:
        """What the proof found, in the imported files; what the checks said of the same line is not said again."""
        lines = {(each.place.document, each.place.span.line) for each in known if each.place.span and each.is_error}
        self_routed = {
            each.place.document for each in known if each.fault is LIVE_DEFAULT and "nginx.exchange" in each.message
        }
        result: list[Diagnostic] = []
        for diagnostic in self.proved.diagnostics:
            found = self._imported(diagnostic)
            if found is None:
                continue
            span = found.place.span
            if found.place.document in self_routed and _ABOUT_CONTROL in found.message:
                continue
            if _NOT_PLANNED in found.message and (self._moved(found.place.document) or self._is_wider(found)):
                continue  # what it dials was corrected, and that was said; or it knows more parties than need it
            again = span is not None and (found.place.document, span.line) in lines
            if again and found.fault in {readback_mismatch.FAULT, lost_setting.FAULT}:
                continue
            result.append(found)
        return list(_gathered_losses(result))

    def _moved(self, document: str) -> bool:
        """Whether a site that a file dials was corrected, so that the file's rows cannot be the planned ones."""
        corrected = {each.site for each in self._fitted.corrections}
        return any(claim.spec.source == document for key in corrected for claim in self._network.claims.get(key, ()))

    def _is_wider(self, diagnostic: Diagnostic) -> bool:
        """Whether an exchange has every row of the planned table, and rows for parties that do not need it."""
        draft, spec, dialled = self._by_document.get(diagnostic.place.document, (None, None, None))
        if draft is None or spec is None or dialled is None or draft.is_party:
            return False
        planned = self._plan.by_key[draft.key]
        for channel in planned.channels:
            ours, theirs = self._plan.table(planned, channel).entries, dialled.entries(channel)
            for party, endpoint in ours.items():
                row = theirs.get(party)
                if row is None or (row.host, next(iter(row.ports.values()))) != (endpoint.host, endpoint.port):
                    return False
        return True

    def _imported(self, diagnostic: Diagnostic) -> Diagnostic | None:
        """A finding at its place in the imported files; None for one that nobody needs."""
        place = diagnostic.place
        if place.document == FEDERATION:
            moved_there = located(diagnostic, self._fitted.assembled, self._network)
            return self._at_row(moved_there)
        if place.document == scripts.KUBE_CFG:
            return self._in_kube_cfg(diagnostic)
        key, _, name = place.document.partition("/")
        draft = self._gathered.drafts.get(key)
        spec = draft.specs.get(name) if draft is not None else None
        if draft is None or spec is None:
            return None  # about a file that nobody imported
        place = Place(span=place.span, document=spec.source)
        notes = tuple(self._note(note) for note in diagnostic.notes)
        found = replace(diagnostic, place=place, notes=notes, hint=_HINT)
        if found.fault is lost_setting.FAULT and place.span is not None and _is_harmless(spec, place.span):
            return None
        return self._at_row(found)

    def _in_kube_cfg(self, diagnostic: Diagnostic) -> Diagnostic | None:
        """A finding in the one kube.cfg of all sites; what its reader remarks was said already."""
        each = next((each for each in self._gathered.scripted if not each.is_docker), None)
        if each is None or diagnostic.fault is lost_setting.FAULT:
            return None
        place = Place(span=diagnostic.place.span or Span(1, 1), document=each.spec.source)
        return replace(diagnostic, place=place, hint=_HINT)

    def _note(self, note: Note) -> Note:
        if note.place is None:
            return note
        key, _, name = note.place.document.partition("/")
        draft = self._gathered.drafts.get(key)
        spec = draft.specs.get(name) if draft is not None else None
        return note if spec is None else Note(note.message, Place(span=note.place.span, document=spec.source))

    def _at_row(self, diagnostic: Diagnostic) -> Diagnostic:
        """A finding about a route, at the row that is not as planned, if there is one for the party that it names."""
        if diagnostic.fault.code not in _ROUTES:
            return diagnostic
        known = self._by_document.get(diagnostic.place.document)
        if known is None:
            return diagnostic
        draft, spec, dialled = known
        text = " ".join((diagnostic.message, *(note.message for note in diagnostic.notes)))
        for row in (*dialled.rows, *dialled.defaults):
            wanted = f"{row.host}:{next(iter(row.ports.values()), 0)}"
            named = row.party is None or f"party {row.party}" in text
            if named and wanted in text and row.party != draft.id:
                return replace(diagnostic, place=place_of(spec, row.path))
        return diagnostic

    def differences(self, findings: Sequence[Diagnostic]) -> list[Difference]:
        """Every value that would be planned differently, with its reason."""
        render = render_site(self._plan)
        told = Told(findings)
        result: list[Difference] = []
        for each in self._gathered.scripted:
            if not each.is_docker:
                result += self._script_differences(each, render(self._plan.sites[0]))
        for draft in self._fitted.assembled.sites.values():
            if not draft.dialled:
                continue
            files = render(self._plan.by_key[draft.key])
            for name, spec in draft.specs.items():
                planned = load_rendered(files.get(name, "{}"))
                found = compare(draft.key, spec.source, _normal(spec), planned)
                explainer = Explainer(self._fitted, draft, spec, told)
                result += [explainer.explained(each) for each in found]
        return result

    def _script_differences(self, scripted: Scripted, files: Files) -> Iterator[Difference]:
        """The settings of a kube.cfg, held against those of the one that would be planned."""
        ours, theirs = bash.parse(files.get(scripts.KUBE_CFG, "")), scripted.spec.document.settings  # type: ignore[attr-defined]
        if not isinstance(ours, bash.Settings):
            return
        draft = scripted.drafts[0]
        for found in compare(draft.key, scripted.spec.source, _setting_values(theirs), _setting_values(ours)):
            name = str(found.path[0]) if found.path else found.key
            reason, code = Reason.UNEXPLAINED, ""
            if name == "servingServer":
                reason = Reason.DROPPED
            elif found.imported is None:
                reason = Reason.WRITTEN_OUT
            elif name in {"nodeLabel", "eggList"} and not any(theirs.text(each) for each in scripts.PLACEMENT):
                reason = Reason.DEFAULT
            elif self._fitted.corrections:
                reason, code = Reason.CORRECTED, self._fitted.corrections[0].code
            elif any(each.fault.code == "FED723" for each in scripted.findings):
                reason, code = Reason.CORRECTED, "FED723"
            yield replace(found, reason=reason, code=code)


def _setting_values(settings: bash.Settings) -> dict[str, Any]:
    """The settings as data: a list where one is written, a word otherwise."""
    return {
        name: [value.text for value in setting.values] if setting.is_list else setting.text
        for name, setting in settings.by_name.items()
    }


def _gathered_losses(findings: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings; the keys of one block that nobody reads told together, as they are one mistake."""
    groups: dict[tuple[str, str], list[Diagnostic]] = {}
    for each in findings:
        if (block := _lost_block(each)) is not None:
            groups.setdefault((each.place.document, block), []).append(each)
    for each in findings:
        block = _lost_block(each)
        group = [each] if block is None else groups.pop((each.place.document, block), [])
        if group:
            notes = tuple(Note(other.message, other.place) for other in group[1 : 1 + _MOST_NOTES])
            if len(group) > 1 + _MOST_NOTES:
                notes += (Note(f"and so it is with {len(group) - 1 - _MOST_NOTES} more keys of this block"),)
            yield replace(group[0], notes=(*group[0].notes, *notes))


def _lost_block(diagnostic: Diagnostic) -> str | None:
    """The block of a key that has no effect; None for any other finding."""
    if diagnostic.fault is not lost_setting.FAULT or "no template of the chart reads it" not in diagnostic.message:
        return None
    return diagnostic.message.partition(": ")[2].partition(" ")[0].partition(".")[0]


def _normal(spec: Spec) -> dict[str, Any]:
    """The data of a spec under the names that all dialects share."""
    data = dict(spec.data)
    if spec.version_key == "version":
        data["chartVersion"] = data.pop("version", None)
    return data


def _is_harmless(spec: Spec, span: Span) -> bool:
    """Whether all that stands at a line is switched off or empty, so that nothing is lost when nobody reads it."""
    found = False
    for path, value in leaves(spec.data):
        if path and spec.document.span(Place(path, on_key=True)).line == span.line:
            found = True
            if not is_blank(value) and value is not False:
                return False
    return found


def _version_for(draft: Draft, spec: Spec) -> str:
    """The version to read a file with, where it names none that there is; empty where its own is right."""
    release = release_of(draft)
    if spec.chart == FATE_SERVING:
        serving = serving_of(draft)
        return "" if load_serving(spec.version) is not None or serving is None else serving.version
    if release is None:
        return ""
    known = load(spec.version) if spec.version else None
    if known is not None and spec.chart in known.charts:
        return ""
    for chart in release.exchanges:
        if chart.chart == spec.chart and not draft.is_party:
            return chart.version
    return release.chart.version


def repaired(spec: Spec, version: str) -> str:
    """The text of a file with a version that there is, on the line where its own stands; unchanged without one."""
    text = spec.document.text
    if not version:
        return text
    node = spec.document.node((spec.version_key,))
    if node is None or node.in_flow:
        return f"{text.rstrip()}\n{spec.version_key}: {version}\n" if node is None else text
    return f"{text[: node.end].rstrip() if node.start == node.end else text[: node.start]} {version}{text[node.end :]}"
