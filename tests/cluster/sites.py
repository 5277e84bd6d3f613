"""Small federations of target kubernetes: planned into a folder, and applied to the clusters of a test.

    folder = planned(tmp_path, federation(bank("fedplan"), party(9999, namespace=namespace(control_plane))))
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
    assert apply(folder, "party-9999").code == 0

Every federation has NodePorts of its own, so tests can share a cluster as long as their namespaces differ.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from renderers.apply_command import Request, run_apply
from renderers.commands import run_plan
from renderers.remove_command import Request as Removal
from renderers.remove_command import run_remove
from tests.cluster.harness.cluster import Cluster

ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = "federation.yaml"
_FIRST_PORT: Final = 30100
_LAST_PORT: Final = 32767
_BLOCK: Final = 10
"""NodePorts that the plan gives to one site."""
_next_port: Final = [_FIRST_PORT]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: the report, the exit code, and what was told meanwhile."""

    text: str
    code: int
    told: str = ""

    @property
    def all(self) -> str:
        """Everything that was printed."""
        return f"{self.told}\n{self.text}"

    @property
    def codes(self) -> list[str]:
        """The codes of the findings, of a report as JSON."""
        return [found["code"] for found in self.data["diagnostics"]]

    @property
    def data(self) -> dict[str, Any]:
        """A report as JSON."""
        found: dict[str, Any] = json.loads(self.text)
        return found


# What is written


def node_ports(sites: int = 1) -> str:
    """A range of NodePorts for so many sites that no other federation of this run has."""
    size = _BLOCK * (sites + 1)
    if _next_port[0] + size > _LAST_PORT:
        _next_port[0] = _FIRST_PORT  # the first federations are gone by then
    low = _next_port[0]
    _next_port[0] += size
    return f"{low}-{low + size - 1}"


def cluster_at(name: str, address: str = "", *, sites: int = 1, **more: Any) -> dict[str, Any]:
    """A cluster, with a context of the same name and NodePorts of its own for so many sites."""
    number = sum(name.encode()) % 250 + 1
    given = {"address": address or f"192.0.2.{number}", "context": name, "nodePorts": node_ports(sites)}
    return {"name": name, "kubernetes": "1.20", **given, **more}


def party(identity: int, namespace: str, cluster: str = "bank", **more: Any) -> dict[str, Any]:
    """A party in a namespace."""
    return {"id": identity, "cluster": cluster, "namespace": namespace, **more}


def federation(*parties: Mapping[str, Any], release: str = "v1.11.2", **more: Any) -> str:
    """A federation.yaml of target kubernetes. The clusters that sites name are there unless others are given.

    One party gets a peer, because nobody federates alone: party 10000 of shop, which no cluster has.
    """
    listed = [dict(each) for each in parties]
    if len(listed) == 1 and "exchanges" not in more:
        listed.append(party(10000, "fate-10000", "shop"))
    used = Counter(each["cluster"] for each in (*listed, *more.get("exchanges", ())))
    document: dict[str, Any] = {
        "version": 1,
        "name": more.pop("name", "demo"),
        "release": release,
        "topology": more.pop("topology", "star" if "exchanges" in more else "mesh"),
        "clusters": more.pop("clusters", None) or [cluster_at(name, sites=number) for name, number in used.items()],
        "exchanges": more.pop("exchanges", []),
        "parties": listed,
        "defaults": {"target": "kubernetes", **more.pop("defaults", {})},
        **more,
    }
    if not document["exchanges"]:
        del document["exchanges"]
    return yaml.safe_dump(document, sort_keys=False)


def planned(folder: Path, text: str) -> Path:
    """Plan a federation in a folder, which is given back; the test fails when that finds errors."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    report, code = run_plan(
        str(folder / FILE), None, "text", check_only=False, with_diff=False, against=None, forget=()
    )
    assert code == 0, report
    return folder


def kubeconfig(file: Path, **contexts: Cluster | Mapping[str, Any]) -> Path:
    """Write a kubeconfig whose contexts lead to clusters as their admin.

    In place of a cluster a mapping changes the way: `{"cluster": cluster, "server": url, "token": other, "ca": path}`.
    """
    clusters, users, listed = [], [], []
    for name, given in contexts.items():
        way: Mapping[str, Any] = {"cluster": given} if isinstance(given, Cluster) else given
        found = json.loads(way["cluster"].kubeconfig.read_text(encoding="utf-8"))
        cluster, user = dict(found["clusters"][0]["cluster"]), dict(found["users"][0]["user"])
        if "server" in way:
            cluster["server"] = way["server"]
        if "ca" in way:
            cluster.pop("certificate-authority-data", None)
            cluster["certificate-authority"] = str(way["ca"])
        if "token" in way:
            user = {"token": way["token"]}
        clusters.append({"name": name, "cluster": cluster})
        users.append({"name": f"{name}-admin", "user": user})
        listed.append({"name": name, "context": {"cluster": name, "user": f"{name}-admin"}})
    document = {"apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": listed}
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    file.chmod(0o600)
    return file


def use(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Let commands of this process read a kubeconfig."""
    monkeypatch.setenv("KUBECONFIG", str(file))


# What is run


def apply(folder: Path, *sites: str, **options: Any) -> Ended:
    """`fedplan apply` in this process, of these sites (by key) or of all that are ours; `options` are the Request's."""
    told = io.StringIO()
    given = {"is_agreed": True, "timeout": 1200, "everything": not sites, **options}
    text, code = run_apply(Request(file=str(folder / FILE), sites=sites, **given), stderr=told)
    return Ended(text, code, told.getvalue())


def remove(folder: Path, *sites: str, **options: Any) -> Ended:
    """`fedplan remove` in this process."""
    told = io.StringIO()
    given = {"is_agreed": True, "timeout": 1200, **options}
    text, code = run_remove(Removal(file=str(folder / FILE), sites=sites, **given), stderr=told)
    return Ended(text, code, told.getvalue())


def begun(
    folder: Path, command: str, *arguments: str, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """A command as a process of its own, which reads the kubeconfig of this one."""
    # A background job of a shell ignores Ctrl-C, and so would this: it listens again.
    listens = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = [sys.executable, "-c", f"{listens}; from tasks import main; sys.argv[0] = 'fedplan'; main()"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(environ or {})}
    pipe = subprocess.PIPE
    line = [*program, command, *arguments]
    return subprocess.Popen(
        line, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    )


def ended(process: subprocess.Popen[str], seconds: float = 900) -> Ended:
    """Wait for the end of a process; it is killed when it does not come."""
    try:
        text, told = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        text, told = process.communicate()
        pytest.fail(f"the command did not end within {seconds} s:\n{told}\n{text}")
    return Ended(text, process.returncode, told)


def objects_of(folder: Path, site: str) -> Iterator[dict[str, Any]]:
    """The planned objects of a site, in the order in which they are applied."""
    for file in sorted((folder / "out" / site).glob("[0-9]*.yaml")):
        yield from yaml.safe_load_all(file.read_text(encoding="utf-8"))
