"""Where things lie: what is kept between runs, and what one run needs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

GIVEN_KUBECONFIG = "FEDPLAN_KUBECONFIG"
"""Names a kubeconfig with admin rights of a cluster to use instead of starting one."""
GIVEN_PROGRAMS = "FEDPLAN_KUBE_BIN"
"""Names a folder with kube-apiserver and its like to use instead of building them."""
CACHE = "FEDPLAN_CACHE"
"""Names the folder that is kept between runs."""


def cache() -> Path:
    """The folder kept between runs: built programs and images."""
    given = os.environ.get(CACHE)
    return Path(given).expanduser().absolute() if given else Path.home() / ".cache" / "fedplan" / "cluster"


def runs() -> Path:
    """The folder with one numbered folder for each cluster that runs."""
    return Path(tempfile.gettempdir()) / f"fedplan-cluster-{os.getuid()}"


def given_kubeconfig() -> Path | None:
    """The kubeconfig of a cluster that is there already."""
    given = os.environ.get(GIVEN_KUBECONFIG)
    return Path(given).expanduser().absolute() if given else None


def given_programs() -> Path | None:
    """The folder with programs that were built elsewhere."""
    given = os.environ.get(GIVEN_PROGRAMS)
    return Path(given).expanduser().absolute() if given else None
