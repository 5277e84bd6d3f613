"""A node selector is none that kube.cfg can say.

kube.cfg has one node label for all modules (`nodeLabel`) and one value of it for each (reference: cluster-yaml.md
section 4.4). The script writes the value into a chart without quotes, so one that YAML takes for a number, a truth
value or nothing reaches Kubernetes as such, which refuses it.

Bad:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
    defaults:
      components:
        python:
          nodeSelector: {fedai.org: fate-node-3}
        redis:
          nodeSelector: {disk: ssd}  # error: FED613
        roll:
          nodeSelector: {fedai.org: "3"}  # error: FED613

Good:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
    defaults:
      components:
        python:
          nodeSelector: {fedai.org: fate-node-3}
        redis:
          nodeSelector: {fedai.org: fate-node-3}
        roll:
          nodeSelector: {fedai.org: fate-node-4}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.diagnostics import Diagnostic, Fault, KeyPath, Place
from planner.inheritance import told_once
from planner.kube_cfg import SELECTED, scripted_sites
from planner.model import Site
from planner.subject import Subject
from planner.wording import shown

FAULT = Fault("FED613", "unusable_node_label")
_LABEL: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[-A-Za-z0-9.]{0,251}[A-Za-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_VALUE: Final = re.compile("[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_NO_TEXT: Final = re.compile(
    r"true|false|yes|no|on|off|y|n|null|"
    r"[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|0[xob][0-9a-f_]+|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
    re.IGNORECASE,
)
"""Values that YAML reads as a truth value, nothing, a number or a date."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every node selector that is not one value of the one label."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    common = ""
    for site in scripted_sites(subject):
        for path, labels in _selectors(site) if site.kind == "party" else ():
            message, hint = _flaw(labels, common)
            if message:
                yield site, Diagnostic(FAULT, message, Place((*site.path, *path)), hint)
            common = common or next(iter(labels), "")


def _selectors(site: Site) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    for module in (*SELECTED, "egg"):
        settings = site.components.get(module, {})
        if "nodeSelector" in settings:
            yield ("components", module, "nodeSelector"), settings["nodeSelector"]
        for index, labels in enumerate(settings.get("nodeSelectors", ())):
            yield ("components", module, "nodeSelectors", index), labels


def _flaw(labels: Mapping[str, Any], common: str) -> tuple[str, str]:
    """What is wrong with a selector, and the way out; empty texts where nothing is."""
    if len(labels) != 1:
        return f"kube.cfg chooses nodes by one label, and here are {len(labels)}", "keep one label"
    label, value = next(iter(labels.items()))
    if not _LABEL.fullmatch(label):
        return f"{shown(label)} is no label of Kubernetes", "write a label such as fedai.org"
    if common and label != common:
        return f"kube.cfg has one node label, {common}, and this is {label}", f"write {common} here too"
    if not _VALUE.fullmatch(value):
        return f"{shown(value)} is no value of a Kubernetes label", "write letters, digits, dots and dashes"
    if _NO_TEXT.fullmatch(value):
        return (
            f"the script writes {value} without quotes, and YAML takes it for no text",
            "give the nodes a name as value",
        )
    return "", ""
