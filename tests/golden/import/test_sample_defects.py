"""What import finds in KubeFATE's own samples: the list behind docs/reference/kubefate-samples.md.

The samples are not part of this repository. Where copies of them lie beside the clone, the list is made again and must
be the one that is kept; FEDPLAN_UPDATE_GOLDEN=1 writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import renderers.importing
from planner.catalogue import FAULTS
from planner.diagnostics import Severity
from renderers.canonical import block
from renderers.importing.importing import import_paths
from renderers.report import locate
from tests.quick_yaml import loaded

COPIES: Final = Path(__file__).parents[4] / "shared" / "reference" / "kubefate" / "data"
LIST: Final = Path(renderers.importing.__file__).parent / "sample_defects.yaml"
ABOUT_THE_SET: Final = frozenset(
    {"FED212", "FED213", "FED228", "FED713", "FED714", "FED718", "FED728", "FED729", "FED802"}
)
"""Findings about what else was imported, or about what every sample has; two of them are kept, see `kept`."""
UPDATE: Final = os.environ.get("FEDPLAN_UPDATE_GOLDEN") == "1"


def sets() -> Iterator[tuple[str, list[Path]]]:
    """The samples that belong together, by release: a file of both parties, with its exchange, and single ones."""
    exchanges = {"cluster.yaml": "rollsite.yaml", "cluster-spark-pulsar.yaml": "trafficServer.yaml"}
    for path in sorted(COPIES.glob("v*__*__*.yaml")):
        tag, folder, name = path.name.split("__")
        if folder == "party-9999":
            files = [path, COPIES / f"{tag}__party-10000__{name}"]
            exchange = COPIES / f"{tag}__party-exchange__{exchanges.get(name, 'none')}"
            yield tag, [each for each in (*files, exchange) if each.exists()]
        elif folder == "root":
            yield tag, [path]


def kept(code: str, tag: str) -> bool:
    """Whether a finding is about the sample itself."""
    return code not in ABOUT_THE_SET or (tag == "v1.3.0-a" and code in {"FED728", "FED729"})


def defects() -> dict[str, list[dict[str, Any]]]:
    """Every finding that is about a sample, by tag and path in KubeFATE's repository."""
    result: dict[str, dict[tuple[int, str], dict[str, Any]]] = {}
    for tag, files in sets():
        imported = import_paths([str(path) for path in files], "samples")
        for each in locate(imported.diagnostics, imported.documents, imported.names):
            fault = each.diagnostic.fault
            if not kept(fault.code, tag) or (fault.severity is Severity.INFO and tag != "v1.3.0-a"):
                continue
            _, folder, name = Path(each.file).name.split("__")
            path = f"{tag}:k8s-deploy/{'' if folder == 'root' else f'examples/{folder}/'}{name}"
            line = each.span.line if each.span else 1
            found = {"line": line, "code": fault.code, "what": each.diagnostic.message}
            result.setdefault(path, {}).setdefault((line, fault.code), found)
    return {path: [found[key] for key in sorted(found)] for path, found in sorted(result.items())}


@pytest.mark.skipif(not COPIES.is_dir(), reason="no copies of the samples are at hand")
def test_the_list_is_what_import_finds() -> None:
    """Every finding, with its line."""
    found = defects()
    if UPDATE:
        head = "# What import finds in KubeFATE's samples. Written by tests/golden/import/test_sample_defects.py.\n"
        LIST.write_text(head + block(found), encoding="utf-8")
    assert loaded(LIST.read_text(encoding="utf-8")) == found


KNOWN: Final = (
    ("v1.8.0:k8s-deploy/examples/party-exchange/rollsite.yaml", "FED715"),
    ("v1.8.0:k8s-deploy/examples/party-exchange/trafficServer.yaml", "FED715"),
    ("v2.0.0:k8s-deploy/examples/party-9999/cluster.yaml", "FED404"),
    ("v2.0.0:k8s-deploy/examples/party-9999/cluster.yaml", "FED405"),
    ("v2.0.0:k8s-deploy/examples/party-10000/cluster.yaml", "FED702"),
    ("v2.0.0:k8s-deploy/examples/party-9999/cluster-gpu.yaml", "FED405"),
    ("v2.0.0:k8s-deploy/examples/party-10000/cluster-gpu.yaml", "FED404"),
    ("v2.0.0:k8s-deploy/examples/party-exchange/rollsite.yaml", "FED402"),
    ("v2.0.0:k8s-deploy/examples/party-exchange/trafficServer.yaml", "FED727"),
    ("v1.3.0-a:k8s-deploy/cluster.yaml", "FED728"),
    ("v1.3.0-a:k8s-deploy/cluster.yaml", "FED729"),
)
"""The defects of cluster-yaml.md section 5 in the files that are at hand, and the finding that each of them is."""


@pytest.mark.parametrize(("path", "code"), KNOWN)
def test_every_known_defect_is_in_the_list(path: str, code: str) -> None:
    """Those that were found by hand before import was there."""
    listed = loaded(LIST.read_text(encoding="utf-8"))
    assert code in {each["code"] for each in listed[path]}


def test_every_listed_code_exists() -> None:
    """The page links to their pages."""
    listed = loaded(LIST.read_text(encoding="utf-8"))
    codes = {each["code"] for found in listed.values() for each in found}
    assert codes <= {module.FAULT.code for module in FAULTS}
