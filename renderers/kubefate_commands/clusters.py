"""Which cluster of federation.yaml a task `kubefate.*` is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from planner.diagnostics import Diagnostic, Place
from planner.model import Cluster
from planner.wording import write_known
from renderers.report.excerpt import visible
from renderers.report.located import LocatableDocument
from renderers.verifying import checked_file
from renderers.workspace import workspace

FILE: Final = "federation.yaml"


@dataclass(frozen=True, slots=True)
class Found:
    """The cluster that is meant; None where the options alone say all. Or why it is not known.

    `usage` is a mistake in the options; `diagnostics` are the findings of a federation.yaml that is broken. Both count
    only where nothing else says what is meant, unless `is_final`.
    """

    cluster: Cluster | None = None
    place: Place | None = None
    documents: Mapping[str, LocatableDocument] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    usage: str = ""
    is_final: bool = True


def cluster_named(file: str, name: str, *, needs_one: bool, with_service: bool) -> Found:
    """The cluster of that name; the only one where none is named (of those with a service, if asked for).

    Without `needs_one` it is no mistake that there is no file.
    """
    if not name and not needs_one and not Path(file).is_file():
        return Found()
    is_final = needs_one or bool(name)
    space = workspace(file, None)
    checked = checked_file(space)
    names = space.names()
    if checked.plan is None:
        found = checked.diagnostics
        return Found(diagnostics=found, documents=checked.documents, names=names, is_final=is_final)
    clusters = {each.name: each for each in checked.plan.federation.clusters}
    fitting = [each for each in clusters.values() if each.service is not None or not with_service]
    found_one = clusters.get(name) if name else fitting[0] if len(fitting) == 1 else None
    if found_one is not None:
        return Found(found_one, Place(found_one.path), checked.documents, names)
    if name:
        guess = write_known(name, tuple(clusters), guess=True).removesuffix(", or ")
        return Found(usage=f"{file} has no cluster {visible(name)}" + (f": {guess}" if guess else ""))
    known = ", ".join(each.name for each in fitting)
    usage = f"say which cluster with --cluster: {known}" if known else ""
    return Found(usage=usage, is_final=is_final)
