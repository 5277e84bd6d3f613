"""An override names a key that the chart takes and never uses.

Some keys are mapped by a chart's values template, but none of its templates renders them any more: in v2.0.0 that
goes for polling and the exchange of OSX, for example (reference: cluster-yaml.md section 4, "mapped but not
rendered"). The file looks right, KubeFATE's CLI does not warn, and the setting has no effect.

Bad:

    version: 1
    name: demo
    release: v2.0.0  # info: FED403
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        overrides:
          python:
            failedTaskAutoRetryTimes: 3  # warning: FED412
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        overrides:
          python:
            failedTaskAutoRetryTimes: 3
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Remove, Severity
from planner.inheritance import told_once
from planner.model import Site
from planner.overrides import nodes, overridden
from planner.release_ranges import releases_with, serving_releases_with
from planner.releases import FATE_SERVING
from planner.subject import Subject

FAULT = Fault("FED412", "dead_override", Severity.WARNING, "the key is removed where no release uses it")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a warning for every key under `overrides` that the site's chart reads in vain."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for file in overridden(subject):
        reported = ""
        for node in nodes(file):
            inside = bool(reported) and node.dotted.startswith((f"{reported}.", f"{reported}["))
            if node.misfit is None and not inside and file.is_dead(node.dotted):
                reported = node.dotted
                able = _users(file.chart, reported)
                path = (*file.site.path, *file.path, *node.path)
                yield (
                    file.site,
                    Diagnostic(
                        FAULT,
                        f"chart {file.chart} {file.version} takes {node.dotted} and never uses it",
                        Place(path, on_key=True),
                        "remove it" + (f", or use a release that uses it ({able})" if able else ""),
                        fix=() if able else (Remove(path),),
                    ),
                )


def _users(chart: str, dotted: str) -> str:
    """The releases whose chart reads a key and uses it."""
    if chart == FATE_SERVING:
        return serving_releases_with(lambda other: other.reads(dotted) and not other.is_dead(dotted))
    return releases_with(lambda other: other.reads(chart, dotted) and not other.is_dead(chart, dotted))
