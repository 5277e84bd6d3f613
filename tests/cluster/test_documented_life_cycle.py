"""docs/deploy-on-kubernetes.md is true: its commands are run on a cluster and print what the page shows.

Times, digests, names of pods and the machine's own name differ from run to run, so they are masked before the
comparison, and lines that tell how far pods are before they are ready are left out. After a change of what is printed,
``FEDPLAN_UPDATE_DOCS=1 pytest --cluster tests/cluster/test_documented_life_cycle.py`` writes new outputs into blocks
that leave out nothing (``...``) and shows what the others should hold.
"""

from __future__ import annotations

import difflib
import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from renderers.cluster.api import Api, Ran
from renderers.cluster.clock import Clock
from tests.cluster import sites
from tests.cluster.harness import build, lifecycle, places
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.harness.level import Level
from tests.docs.pages import CLUSTER, DOCS, Block, Folder, blocks, commands, follow, fresh_folder, rewrite

PAGE: Final = DOCS / "deploy-on-kubernetes.md"
CONTEXT: Final = "kind-lab"
TYPO: Final = "relaese"
"""A part of the image that nobody can pull."""
UPDATE: Final = bool(os.environ.get("FEDPLAN_UPDATE_DOCS"))
LEFT_OUT: Final = "..."

_ON_THE_WAY: Final = re.compile(
    r"party \d+: (\S+ \d+ of \d+ ready(?! after|, failed)|still waiting |\d+ pods are ending)"
)
_READY: Final = re.compile(r"^party \d+: \S+ \d+ of \d+ ready after ")
_NAMES: Final = (
    (re.compile(r"\S+@\S+ \(kind-lab-admin\)"), "anna@laptop (kind-lab)"),
    (re.compile(r"https://127\.0\.0\.1:\d+"), "https://127.0.0.1:6443"),
)
_CHANGING: Final = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ| UTC)"), "<time>"),
    (re.compile(r"\b(after|waiting) \d+ (seconds?|minutes?)"), r"\1 <a while>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<digest>"),
    (re.compile(r"\b([a-z]+)-[a-z0-9]{8,10}-[a-z0-9]{5}\b"), r"\1-<pod>"),
)


@pytest.fixture
def lab(control_plane: Cluster) -> Iterator[Cluster]:
    """A cluster of its own, because the page's namespaces and NodePorts are everybody's favourites."""
    if control_plane.is_given or not build.is_ready(Level.CONTROL):
        pytest.skip(f"the page needs an empty cluster: unset {places.GIVEN_KUBECONFIG}")
    with lifecycle.running(Level.CONTROL) as cluster, FakeNode(cluster, fates={TYPO: "image-pull"}):
        yield cluster


@pytest.mark.timeout(300)
def test_the_page_shows_what_happens(lab: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first apply to the last removal, every command on a cluster prints what stands under it."""
    folder = fresh_folder(tmp_path, monkeypatch)
    sites.use(monkeypatch, sites.kubeconfig(tmp_path / "kubeconfig", **{CONTEXT: lab}))
    _let_pods_answer(monkeypatch)
    lines = PAGE.read_text().splitlines()
    real = follow(lines, folder, lambda block: _followed(block, folder, lab))
    on_cluster = [block for block in blocks(PAGE) if block.verb == CLUSTER]
    wrong = [block for block in on_cluster if not _agree(block.lines, real[block.first])]
    if UPDATE and wrong:
        whole = {block.first for block in wrong if LEFT_OUT not in block.lines}
        rewrite(PAGE, lines, {first: real[first] for first in whole})
        wrong = [block for block in wrong if block.first not in whole]
    if wrong:
        told = "\n".join(line for block in wrong for line in _difference(block, real[block.first]))
        pytest.fail(f"the page is out of date:\n{told}", pytrace=False)


def _difference(block: Block, real: list[str]) -> Iterator[str]:
    """How what was printed differs from what a block shows."""
    shown, printed = _masked(list(block.lines)), _masked(real)
    yield from difflib.unified_diff(shown, printed, f"{PAGE.name}:{block.first + 1}", "printed", n=1, lineterm="")


def _followed(block: Block, folder: Folder, cluster: Cluster) -> list[str]:
    """What a block should hold: its commands with what they print."""
    held: list[str] = []
    for shown, _ in commands(block):
        command = _with_digest(shown, folder)
        text = _kubectl(command, cluster) if command.startswith("kubectl ") else folder.run(command)
        held += [f"$ {command}", *_presentable(text.rstrip("\n").splitlines())]
    return held


def _with_digest(command: str, folder: Folder) -> str:
    """A command with the digest that its folder has now."""
    found = re.search(r"--from (\S+) --digest (\w+)", command)
    if found is None:
        return command
    digest = json.loads((folder.path / found[1] / "site.json").read_text())["digest"]
    return command.replace(found[2], digest[: len(found[2])])


def _presentable(lines: list[str]) -> list[str]:
    """Lines as a page shows them: a name for everybody's machine, and nothing that is a matter of chance."""
    return [_replaced(line, _NAMES) for line in lines if not _ON_THE_WAY.match(line)]


def _replaced(line: str, by: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, text in by:
        line = pattern.sub(text, line)
    return line


def _agree(shown: tuple[str, ...], real: list[str]) -> bool:
    """Whether a block shows what was printed; its line `...` stands for lines that it leaves out."""
    wanted = _masked(list(shown))
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == LEFT_OUT else f"{re.escape(line)}\n" for line in wanted)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _masked(real))) is not None


def _masked(lines: list[str]) -> list[str]:
    """Lines without what changes from run to run; workloads that become ready at about the same time are sorted."""
    masked: list[str] = []
    for are_ready, some in itertools.groupby(lines, key=lambda line: _READY.match(line) is not None):
        short = [_replaced(line, _CHANGING) for line in some]
        masked += sorted(short) if are_ready else short
    return masked


def _kubectl(command: str, cluster: Cluster) -> str:
    """What `kubectl set image` does to a Deployment, under the name that kubectl does it."""
    found = re.fullmatch(r"kubectl --namespace (\S+) set image deployment/(\S+) (\S+)=(\S+)", command)
    assert found is not None, f"the page has a command that this test does not know: {command}"
    namespace, name, container, image = found.groups()
    patch = {"spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}}}
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}?fieldManager=kubectl-set"
    with cluster.api() as api:
        api.call("PATCH", path, patch, "application/strategic-merge-patch+json")
    return f"deployment.apps/{name} image updated"


def _let_pods_answer(patch: pytest.MonkeyPatch) -> None:
    """The fake node runs no commands: let `cat` in a pod show the ConfigMap at once, and nobody wait for its reader."""

    def run(self: Api, namespace: str, pod: str, _container: str, command: Any, deadline: Any) -> Ran:
        workload, key = pod.partition("-")[0], Path(command[-1]).name
        maps = self.list("v1", "ConfigMap", namespace, deadline, labels=f"app.kubernetes.io/name={workload}")
        return Ran(0, next(found["data"][key] for found in maps if key in found["data"]), "")

    sleep = Clock.sleep
    patch.setattr(Api, "run", run)
    patch.setattr(Clock, "sleep", lambda self, seconds: sleep(self, min(seconds, 2.0)))
