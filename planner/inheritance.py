"""Findings about settings that sites inherit from `defaults`: one mistake there is told once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planner.diagnostics import Diagnostic, KeyPath
from planner.model import Site


def told_once(findings: Iterable[tuple[Site, Diagnostic]]) -> Iterator[Diagnostic]:
    """Give the findings, each about a site; of those about one inherited value only the first."""
    seen: set[KeyPath] = set()
    for site, finding in findings:
        below = finding.place.path[len(site.path) :]
        if below and below[0] not in site.given:
            if below in seen:
                continue
            seen.add(below)
        yield finding
