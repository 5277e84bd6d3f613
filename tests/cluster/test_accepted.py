"""Every object of every engine, release, topology and exposure that target kubernetes offers is taken by a real server.

It is a server-side apply that is tried and not made. Kubernetes 1.20 is strict there: it refuses an unknown field, a
port without `protocol`, a name that is too long.
"""

from __future__ import annotations

from typing import Any

import pytest

from renderers.cluster.api import Api, RefusedError, connect
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference, reference
from tests.cluster.harness.cluster import Cluster
from tests.matrix.test_sound_manifests import CASES, Case, folders

OF_1_20 = tuple(dict.fromkeys(case._replace(kubernetes="1.20") for case in CASES))
NAMESPACES = ("fate-9999", "fate-10000", "fate-hub", "fate-serving-9999", "fate-serving-10000")
"""Where these federations are: made for the trial, in which nothing is made."""


@pytest.fixture(scope="module")
def api(control_plane: Cluster) -> Api:
    """The control plane as its administrator, with the namespaces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
        found = connect(control_plane.context)
    for name in NAMESPACES:
        document: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        found.apply(document, Reference("v1", "Namespace", "", name), Deadline(60), dry_run=False)
    return found


@pytest.mark.parametrize("case", OF_1_20, ids=str)
def test_the_server_takes_every_object(case: Case, api: Api) -> None:
    """And a Secret as apply would write it."""
    deadline = Deadline(120)
    refused: list[str] = []
    for folder in folders(case):
        for each in (*folder.objects, *folder.secrets):
            found = reference(each)
            try:
                api.apply(each, found, deadline, dry_run=True)
            except RefusedError as refusal:
                refused.append(f"{folder.site} {found}: {refusal.message}")
    assert not refused, "\n".join(refused)
