"""A cluster that runs: how to reach it, and kubeconfigs for other users of it."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.cluster.harness import pki
from tests.cluster.harness.api import Api, Endpoint
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.level import Level

_PATHS = ("kubeconfig", "ca", "run")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kubernetes that answers.

    `kubeconfig` has admin rights. `node_address` is where NodePorts answer (level node). The tokens are those of the
    admin and of a user without any rights. Of a cluster that was given we do not know the admin's, and it has no `run`
    folder.
    """

    level: Level
    kubeconfig: Path
    context: str
    server: str
    ca: Path
    version: str
    node_address: str | None
    admin_token: str | None
    stranger_token: str | None
    run: Path | None

    @property
    def is_given(self) -> bool:
        """Whether somebody else started it, so that it cannot be stopped, and others may use it."""
        return self.run is None

    @property
    def minor(self) -> int:
        """The 20 of v1.20.2."""
        found = re.match(r"v\d+\.(\d+)", self.version)
        return int(found[1]) if found else 0

    def api(self) -> Api:
        """Connect as admin, for the harness itself."""
        if self.admin_token is None:
            message = "the admin's token of a given cluster is not known: use its kubeconfig"
            raise HarnessError(message)
        return Api(Endpoint(self.server, self.ca, self.admin_token))

    def mint_kubeconfig(self, token: str, user: str = "user", namespace: str | None = None) -> Path:
        """Write a kubeconfig that shows a token, say of a ServiceAccount; may name a default namespace."""
        folder = Path(tempfile.mkdtemp(prefix=f"{user}-", dir=self.run))
        file = folder / "kubeconfig"
        pki.write_kubeconfig(file, self.server, self.ca, user, {"token": token}, namespace)
        return file

    def stranger_kubeconfig(self, namespace: str | None = None) -> Path:
        """Write a kubeconfig of a user who is known and may do nothing."""
        if self.stranger_token is None:
            message = "this cluster has no stranger"
            raise HarnessError(message)
        return self.mint_kubeconfig(self.stranger_token, pki.STRANGER, namespace)

    def save(self) -> None:
        """Remember the cluster in its run folder."""
        if self.run is not None:
            text = json.dumps(asdict(self), default=str, indent=2)
            (self.run / "cluster.json").write_text(text + "\n", encoding="utf-8")


def load(run: Path) -> Cluster | None:
    """The cluster of a run folder; None when it did not get so far."""
    try:
        values: dict[str, Any] = json.loads((run / "cluster.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    values |= {name: Path(values[name]) for name in _PATHS} | {"level": Level(values["level"])}
    return Cluster(**values)
