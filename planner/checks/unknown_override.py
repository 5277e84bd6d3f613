"""An override names a key that the chart does not read.

KubeFATE's service hands a cluster.yaml to the chart's values template, which drops every key it does not name,
without a word (reference: cluster-yaml.md section 1; from v1.9.0 on the CLI prints a yellow line). A misspelt
override would therefore be without any effect. The keys differ from release to release and between the charts of a
party and an exchange.

Bad:

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
            loglevel: DEBUG  # error: FED411
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
            logLevel: DEBUG
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Note, Place, RenameKey
from planner.inheritance import told_once
from planner.model import Site
from planner.near_misses import near_miss
from planner.overrides import Node, Overridden, nodes, overridden, value_at
from planner.release_ranges import releases_reading
from planner.releases import FATE_SERVING, load, load_serving
from planner.subject import Subject
from planner.wording import shown

FAULT = Fault("FED411", "unknown_override", mended="a key that is nearly another one gets its name")
_LISTED: Final = 12
"""Most keys that a hint lists."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every key under `overrides` that the site's chart does not read."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for file in overridden(subject):
        site = file.site
        for node in nodes(file):
            if node.misfit is not None:
                place = Place((*site.path, *file.path, *node.path), on_key=isinstance(node.path[-1], str))
                message = f"chart {file.chart} {file.version} {node.misfit}"
                inherits = site.kind == "exchange" and "overrides" not in site.given
                notes = (Note(f"{site.label} inherits it", Place(site.path)),) if inherits else ()
                meant = _meant(file, node)
                fix = (RenameKey(place.path, meant),) if meant and not inherits else ()
                hint = _hint(file, node, inherits=inherits)
                yield site, Diagnostic(FAULT, message, place, hint, notes, fix)


def _meant(file: Overridden, node: Node) -> str | None:
    """The only key of the chart that a misspelt one can be meant for; None also where it is there already."""
    above, _, leaf = node.dotted.rpartition(".")
    beside = value_at(file.overrides, node.path[:-1])
    if node.misfit != f"does not read {shown(node.dotted)}" or not above or leaf != node.path[-1]:
        return None
    paths = _paths(file.reader.name, file.chart)
    if node.dotted in paths or not isinstance(beside, Mapping):
        return None
    return near_miss(leaf, {path.rpartition(".")[2] for path in paths if path.rpartition(".")[0] == above}, beside)


def _hint(file: Overridden, node: Node, *, inherits: bool) -> str:
    if node.misfit != f"does not read {shown(node.dotted)}":
        paths = _paths(file.reader.name, file.chart)
        known = [path for path in paths if path.startswith((f"{node.dotted}.", f"{node.dotted}["))]
        return f"write {', '.join(known[:_LISTED])}" if known else "write it as the chart takes it, or remove it"
    if inherits and releases_reading("fate", node.dotted):
        return "write it on the parties instead of under defaults, which exchanges inherit too"
    return _advice(file.reader.name, file.chart, node.dotted)


@lru_cache(maxsize=4096)
def _advice(release: str, chart: str, dotted: str) -> str:
    """What to write instead of an unknown key."""
    paths = _paths(release, chart)
    above, _, leaf = dotted.rpartition(".")
    siblings = {path.rpartition(".")[2]: path for path in paths if path.rpartition(".")[0] == above}
    if dotted in paths:
        return "nest the keys instead of joining them with dots"
    near = get_close_matches(leaf, siblings, n=1)
    if near:
        return f"did you mean {siblings[near[0]]}?"
    able = releases_reading(chart, dotted)
    if able:
        return f"remove it, or use a release whose chart reads it ({able})"
    namesakes = [path for path in paths if path.rpartition(".")[2].lower() == leaf.lower()]
    if namesakes and len(namesakes) <= _LISTED // 3:
        return f"did you mean {' or '.join(namesakes)}?"
    listed = ", ".join(list(siblings)[:_LISTED]) if above and siblings else ""
    return f"remove it; {above} has {listed}" + (" …" if len(siblings) > _LISTED else "") if listed else "remove it"


@lru_cache(maxsize=128)
def _paths(release: str, chart: str) -> tuple[str, ...]:
    """Every path of a chart, inner ones too."""
    result: dict[str, None] = {}
    for leaf in _leaves(release, chart):
        steps = leaf.split(".")
        for end in range(1, len(steps) + 1):
            result[".".join(steps[:end]).removesuffix("[*]")] = None
            result[".".join(steps[:end])] = None
    return tuple(result)


def _leaves(release: str, chart: str) -> tuple[str, ...]:
    if chart == FATE_SERVING:
        serving = load_serving(release)
        return () if serving is None else serving.leaves()
    known = load(release)
    return () if known is None else known.leaves(chart)
