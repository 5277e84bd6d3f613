"""From files to sites: which of them belong together, and with which release each is planned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from planner.checks.guessed_value import guessed
from planner.checks.missing_version import missing
from planner.checks.renamed_site import renamed
from planner.checks.second_file import second
from planner.checks.wrong_type import FAULT as WRONG_TYPE
from planner.diagnostics import Diagnostic, KeyPath, Place
from planner.model import exchange_key, party_key
from planner.releases import (
    RELEASE_NAMES,
    Release,
    ServingRelease,
    load,
    load_serving,
    release_order,
)
from planner.source import quote
from renderers.importing.drafts import SERVING_FILE, TRAINING_FILE, Draft, Origin, kind_of_role
from renderers.importing.scripts import Scripted
from renderers.importing.specs import Role, Spec
from renderers.importing.tables import dialled

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
_ROLES: Final = {Role.PARTY: "its training", Role.SERVING: "its FATE-Serving"}


@dataclass(slots=True)
class Gathered:
    """The sites of an import, in file order, the federation's release, and what was found on the way."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    release: str = ""
    scripted: list[Scripted] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)

    @property
    def parties(self) -> list[Draft]:
        """The parties."""
        return [draft for draft in self.drafts.values() if draft.is_party]

    @property
    def exchanges(self) -> list[Draft]:
        """The exchanges."""
        return [draft for draft in self.drafts.values() if not draft.is_party]

    def party(self, number: int, mention: Origin) -> Draft:
        """The party of that id; one that only `mention` names comes into being."""
        key = party_key(number)
        draft = self.drafts.get(key)
        if draft is None:
            draft = self.drafts[key] = Draft(key, number, "", "")
        if not draft.mentions:
            draft.mentions.append(mention)
        return draft

    def exchange(self, kind: str, mention: Origin) -> Draft:
        """A new exchange that only `mention` names."""
        name = self._free_name("serving-exchange" if kind == "servingProxy" else "exchange")
        draft = self.drafts[exchange_key(name)] = Draft(exchange_key(name), None, name, kind, mentions=[mention])
        return draft

    def _free_name(self, wanted: str) -> str:
        names = {draft.name for draft in self.exchanges}
        number = 1
        name = wanted
        while name in names:
            number += 1
            name = f"{wanted}-{number}"
        return name

    def add(self, spec: Spec) -> None:
        """Take in a file: a new site, or another file of a known one."""
        if spec.role.is_exchange:
            self._add_exchange(spec)
            return
        if spec.party is None:
            place = place_of(spec, ("partyId",))
            message = f"partyId must be a whole number, not {quote(str(spec.get('partyId')))}; the file is left out"
            self.findings.append(Diagnostic(WRONG_TYPE, message, place, "write the party's id, from 1 to 999999"))
            return
        draft = self.drafts.setdefault(party_key(spec.party), Draft(party_key(spec.party), spec.party, "", ""))
        name = TRAINING_FILE if spec.role is Role.PARTY else SERVING_FILE
        self._attach(draft, name, spec, _ROLES[spec.role])

    def add_scripted(self, scripted: Scripted) -> None:
        """Take in the sites of a kube.cfg or a parties.conf."""
        self.scripted.append(scripted)
        self.findings += scripted.findings
        for draft in scripted.drafts:
            known = self.drafts.get(draft.key)
            if known is None:
                self.drafts[draft.key] = draft
            else:
                origin = draft.origin
                place = place_of(scripted.spec, () if origin is None else origin.path)
                first = place_of(next(iter(known.specs.values())), ("partyId",))
                self.findings.append(second(draft.label, "the site", place, first))

    def _add_exchange(self, spec: Spec) -> None:
        kind = kind_of_role(spec)
        for draft in self.exchanges:
            known = draft.training
            if known is not None and (known.name, known.namespace, draft.kind) == (spec.name, spec.namespace, kind):
                self._attach(draft, TRAINING_FILE, spec, "the exchange")
                return
        wanted = spec.name.removeprefix("fate-")
        taken = wanted in {draft.name for draft in self.exchanges}
        if taken:
            wanted = f"{wanted}-{kind.lower()}"
        name = self._free_name(wanted if _NAME.fullmatch(wanted) else "exchange")
        draft = self.drafts[exchange_key(name)] = Draft(exchange_key(name), spec.party, name, kind)
        self._attach(draft, TRAINING_FILE, spec, "the exchange")
        if spec.name and spec.name != f"fate-{name}":
            place = place_of(spec, ("name",))
            self.findings.append(renamed(draft.label, quote(spec.name), quote(f"fate-{name}"), place))

    def _attach(self, draft: Draft, name: str, spec: Spec, what: str) -> None:
        if name in draft.specs:
            first = place_of(draft.specs[name], ("partyId",))
            self.findings.append(second(draft.label, what, place_of(spec, ("partyId",)), first))
            return
        draft.specs[name] = spec
        draft.dialled[name] = dialled(spec)


def place_of(spec: Spec, path: KeyPath, *, on_key: bool = False) -> Place:
    """A place in a spec, with its line."""
    found = Place(path, on_key=on_key, document=spec.source)
    return Place(path, on_key=on_key, span=spec.document.span(found), document=spec.source)


def gather(specs: Sequence[Spec], scripted: Sequence[Scripted] = ()) -> Gathered:
    """The sites that these files are for."""
    gathered = Gathered()
    for spec in specs:
        gathered.add(spec)
    for each in scripted:
        gathered.add_scripted(each)
    gathered.release = _main_release(gathered)
    for draft in gathered.drafts.values():
        _give_release(draft, gathered)
    return gathered


def _main_release(gathered: Gathered) -> str:
    """The release that most parties have, the newest of several; else the one that goes with what there is."""
    counts: Counter[str] = Counter(draft.release for draft in gathered.parties if draft.release)
    for wanted in (gathered.parties, gathered.exchanges):
        for draft in wanted:
            spec = draft.training
            if spec is not None and spec.role is not Role.SERVING_EXCHANGE and load(spec.version) is not None:
                counts[_normalised(spec.version)] += 1
        if counts:
            return max(counts, key=lambda name: (counts[name], release_order(name)))
    for draft in gathered.drafts.values():
        for spec in draft.specs.values():
            for name in reversed(RELEASE_NAMES):
                release = load(name)
                if release is not None and release.serving == spec.version and release.chart.published:
                    _guess_release(gathered, spec, name)
                    return name
    name = next(name for name in reversed(RELEASE_NAMES) if _is_published(name))
    for draft in gathered.drafts.values():
        for spec in draft.specs.values():
            _guess_release(gathered, spec, name)
            return name
    return name


def _is_published(name: str) -> bool:
    release = load(name)
    return release is not None and release.chart.published


def _guess_release(gathered: Gathered, spec: Spec, name: str) -> None:
    place = place_of(spec, (spec.version_key,))
    hint = "write the release that runs as release in federation.yaml"
    gathered.findings.append(guessed(f"no file names the FATE release; {name} is assumed", place, hint))


def _give_release(draft: Draft, gathered: Gathered) -> None:
    """The release a site is read with, and the word `release` where it is not the federation's."""
    if draft.release:
        if draft.release != gathered.release:
            draft.words.put(("release",), draft.release, draft.origin)
        return
    draft.release = gathered.release
    for name, spec in draft.specs.items():
        if not spec.version:
            version = gathered.release if spec.role in {Role.PARTY, Role.EXCHANGE} else _serving_default(gathered)
            place = place_of(spec, (spec.version_key,), on_key=True)
            draft.findings.append(missing(draft.label, place, version))
            continue
        origin = Origin(spec.source, (spec.version_key,))
        if spec.role in {Role.SERVING, Role.SERVING_EXCHANGE}:
            if _normalised(spec.version) != _serving_default(gathered):
                draft.words.put(("serving", "release"), _normalised(spec.version), origin)
        elif _normalised(spec.version) != gathered.release and not _goes_with(spec, gathered.release):
            draft.words.put(("release",), _normalised(spec.version), origin)
            if name == TRAINING_FILE and load(spec.version) is not None:
                draft.release = _normalised(spec.version)


def _goes_with(spec: Spec, release: str) -> bool:
    """Whether an exchange's chart is the one that a release has for it, under a version of its own."""
    known = load(release)
    charts = known.exchanges if known is not None and spec.role is Role.EXCHANGE else ()
    return any(
        (chart.chart, chart.version) == (spec.chart, spec.version) and chart.kind in spec.data for chart in charts
    )


def _serving_default(gathered: Gathered) -> str:
    release = load(gathered.release)
    return (release.serving if release is not None else None) or ""


def _normalised(version: str) -> str:
    return version if not re.match("[0-9]", version) else f"v{version}"


def release_of(draft: Draft) -> Release | None:
    """The release that a site is read with."""
    return load(draft.release)


def serving_of(draft: Draft) -> ServingRelease | None:
    """The chart of FATE-Serving that a site is read with."""
    release = load(draft.release)
    written = draft.words.get(("serving", "release"))
    found = load_serving(written) if isinstance(written, str) else None
    return found or (load_serving(release.serving) if release is not None and release.serving else None)
