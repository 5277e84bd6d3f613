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

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.model import Site
from planner.overrides import nodes, overriding_sites
from planner.release_ranges import releases_with
from planner.subject import Subject

FAULT = Fault("FED412", "dead_override", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a warning for every key under `overrides` that the site's chart reads in vain."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release, chart in overriding_sites(subject):
        reported = ""
        for node in nodes(site.overrides, release, chart):
            inside = bool(reported) and node.dotted.startswith((f"{reported}.", f"{reported}["))
            if node.misfit is None and not inside and release.is_dead(chart, node.dotted):
                reported = node.dotted
                able = releases_with(
                    lambda other, chart=chart, dotted=reported: (
                        other.reads(chart, dotted)  # type: ignore[misc]
                        and not other.is_dead(chart, dotted)
                    )
                )
                yield (
                    site,
                    Diagnostic(
                        FAULT,
                        f"chart {chart} {release.chart.version} takes {node.dotted} and never uses it",
                        Place((*site.path, "overrides", *node.path), on_key=True),
                        "remove it" + (f", or use a release that uses it ({able})" if able else ""),
                    ),
                )
