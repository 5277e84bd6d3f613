"""The algorithm does not run on the device, or a GPU is used that was not asked for.

The images exist for some combinations only: Basic on CPU and IPCL, NN on CPU and from v1.11.1 on GPU, ALL (FATE-LLM)
from v1.11.2 on GPU (reference: INV-VER-5). Any other leads to an image that was never published. Kubernetes gives a
pod a GPU only if the pod's limits ask for one.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, algorithm: ALL, device: CPU}  # error: FED407
      - {id: 10000, cluster: shop, algorithm: NN, device: GPU}  # error: FED407
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
      - {id: 9999, cluster: bank, algorithm: NN, device: CPU}
      - id: 10000
        cluster: shop
        algorithm: NN
        device: GPU
        components:
          python:
            resources: {limits: {nvidia.com/gpu: 1}}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place
from planner.inheritance import told_once
from planner.model import Site
from planner.overrides import value_at
from planner.releases import Release
from planner.subject import Subject

FAULT = Fault("FED407", "unsupported_device")
_GPU: Final = "nvidia.com/gpu"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose images do not exist, or whose FATE-Flow gets no GPU."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party in subject.federation.parties:
        release = subject.release(party)
        if release is None or not release.algorithms:
            continue
        if not release.supports(party.algorithm, party.device):
            yield party, _unsupported(party, release)
        elif party.device == "GPU" and not _asks_for_gpu(party):
            place = Place((*party.path, "device"))
            hint = f"add `components: {{python: {{resources: {{limits: {{{_GPU}: 1}}}}}}}}`"
            yield party, Diagnostic(FAULT, "FATE-Flow's pod asks for no GPU, so it gets none", place, hint)


def _unsupported(party: Site, release: Release) -> Diagnostic:
    devices = dict(release.algorithms).get(party.algorithm, ())
    message = f"release {release.name} has no images for algorithm {party.algorithm} on device {party.device}"
    named = "device" in party.given or party.device != "CPU"
    place = Place((*party.path, "device" if named else "algorithm"))
    others = [algorithm for algorithm, known in release.algorithms if party.device in known]
    ways = [f"device {' or '.join(devices)}"] if devices else []
    ways += [f"algorithm {' or '.join(others)}"] if others else []
    return Diagnostic(FAULT, message, place, f"use {', or '.join(ways) or 'algorithm Basic on device CPU'}")


def _asks_for_gpu(party: Site) -> bool:
    """Whether the limits of FATE-Flow's pod name a GPU, under components or overrides."""
    for tree in (party.components, party.overrides):
        limits = value_at(tree, ("python", "resources", "limits"))
        if isinstance(limits, Mapping) and str(limits.get(_GPU, 0)) not in {"0", "None"}:
            return True
    return False
