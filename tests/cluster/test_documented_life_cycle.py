"""The pages that deploy are true: their commands are run on a cluster and print what the page shows.

Times, digests, names of pods and the machine's own name differ from run to run, so they are masked before the
comparison, and lines that tell how far pods are before they are ready are left out. After a change of what is printed,
``FEDPLAN_UPDATE_DOCS=1 pytest --cluster tests/cluster/test_documented_life_cycle.py`` writes new outputs into blocks
that leave out nothing (``...``) and shows what the others should hold.

KubeFATE's service is played by its stand-in, with a real helm; the charts are the small ones of tests/charts.
"""

from __future__ import annotations

import base64
import difflib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from urllib3.util import connection

from renderers.cluster.api import Api, Ran
from renderers.cluster.clock import Clock
from tests import charts
from tests.cluster import sites
from tests.cluster.conftest import helm_binary
from tests.cluster.harness import build, lifecycle, places
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.harness.level import Level
from tests.docs.pages import CLUSTER, DOCS, Block, Folder, blocks, commands, follow, fresh_folder, rewrite
from tests.standins.kubefate_service.charts import Folder as Repository
from tests.standins.kubefate_service.process import Pace
from tests.standins.kubefate_service.real import RealCluster
from tests.standins.kubefate_service.running import in_thread
from tests.standins.kubefate_service.server import Settings

CONTEXT: Final = "kind-lab"
TYPO: Final = "relaese"
"""A part of the image that nobody can pull."""
SERVICE: Final = "kubefate.example.com"
UPDATE: Final = bool(os.environ.get("FEDPLAN_UPDATE_DOCS"))
LEFT_OUT: Final = "..."
PASSWORDS: Final = {
    "FATE_MYSQL_PASSWORD": "Zq7thePassword0fMysql",
    "FATEBOARD_PASSWORD": "Xk2theLogin0fFateboard",
    "NOTEBOOK_HASH": "sha1:54c9a1b8:6e8d",
}

TABLE: Final = "conf/route_table/route_table.json"
MORE: Final = """
{{- range list "clustermanager" "client" }}
---
apiVersion: apps/v1
kind: {{ eq . "client" | ternary "StatefulSet" "Deployment" }}
metadata:
  name: {{ . }}
  labels:
{{ include "labels" (dict "root" $ "module" .) | indent 4 }}
spec:
  {{- if eq . "client" }}
  serviceName: notebook
  {{- end }}
  replicas: 1
  selector:
    matchLabels:
{{ include "selector" (dict "root" $ "module" .) | indent 6 }}
  template:
    metadata:
      labels:
{{ include "labels" (dict "root" $ "module" .) | indent 8 }}
    {{- include "pods" (dict "root" $) }}
      containers:
        - name: {{ . }}
          image: {{ include "image" (dict "root" $ "name" .) }}
{{- end }}
{{- range $name, $port := dict "fateboard" 8080 "notebook" 20000 }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ $name }}
  labels:
{{ include "labels" (dict "root" $ "module" $name) | indent 4 }}
spec:
  ingressClassName: nginx
  rules:
    - host: party{{ $.Values.partyId }}.{{ $name }}.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: {{ $name }}, port: {number: {{ $port }}}}}}
{{- end }}
"""
"""What KubeFATE's chart has and the small one has not."""
CHANGES: Final = (
    ("eggroll.rollsite.port=9370\n", f"\\g<0>    eggroll.rollsite.route.table.path={TABLE}\n"),
    (r"kind: Secret\n", "kind: ConfigMap\n"),
    ("secretKeyRef", "configMapKeyRef"),
    ("mysql-login", "mysql-config"),
    (r" \| b64enc", ""),
)
"""What the small one has otherwise: it makes a Secret, and mounts rollsite's table where its settings do not say."""

_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"
_INGRESS_CLASSES: Final = "/apis/networking.k8s.io/v1/ingressclasses"
_ON_THE_WAY: Final = re.compile(
    r"(?:party \d+|kubefate service): "
    r"(\S+ \d+ of \d+ ready(?! after|, failed)|still waiting |waiting for the end of its (?:pods|claims))"
)
_READY: Final = re.compile(r"^(?:party \d+|kubefate service): \S+ \d+ of \d+ ready after ")
_NAMES: Final = (
    (re.compile(r"\S+@\S+ \(kind-lab-admin\)"), "anna@laptop (kind-lab)"),
    (re.compile(r"https://127\.0\.0\.1:\d+"), "https://127.0.0.1:6443"),
)
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_JOB: Final = re.compile(r"(kubefate\.jobs .*--describe )[0-9a-f]{8}$")
_CHANGING: Final = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ?| UTC)"), "<time>"),
    (re.compile(r"\b(after|waiting) \d+ (seconds?|minutes?)\b"), r"\1 <a while>"),
    (re.compile(r"  +\d+ (seconds?|minutes?)\b *|(?<=took)  +(?=by$)"), "  "),
    (re.compile(r"(?<=checkout Cluster status )\[\d+\]"), "[<n>]"),
    (_UUID, "<uuid>"),
    (re.compile(r"(job|--describe) [0-9a-f]{8}\b"), r"\1 <job>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<digest>"),
    (re.compile(r"\b([a-z]+)-[a-z0-9]{8,10}-[a-z0-9]{5}\b"), r"\1-<pod>"),
)


@pytest.fixture
def lab(control_plane: Cluster) -> Iterator[Cluster]:
    """A cluster of its own, because the pages' namespaces and NodePorts are everybody's favourites."""
    if control_plane.is_given or not build.is_ready(Level.CONTROL):
        pytest.skip(f"the page needs an empty cluster: unset {places.GIVEN_KUBECONFIG}")
    with lifecycle.running(Level.CONTROL) as cluster, FakeNode(cluster, fates={TYPO: "image-pull"}):
        yield cluster


@pytest.fixture
def reader(lab: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Somebody in an empty folder whose kubeconfig leads to that cluster."""
    folder = fresh_folder(tmp_path, monkeypatch)
    sites.use(monkeypatch, sites.kubeconfig(tmp_path / "kubeconfig", **{CONTEXT: lab}))
    _let_pods_answer(monkeypatch)
    return Reader(folder, lab)


@dataclass(slots=True)
class Reader:
    """Follows a page on a cluster. `then` is called after each command, with the command."""

    folder: Folder
    cluster: Cluster
    then: Callable[[str], None] = lambda _: None
    job: str = ""
    """The job of KubeFATE's service that was listed last; pages name the one that they saw."""

    def check(self, page: Path) -> None:
        """The test fails when a block of the page does not show what its commands print."""
        lines = page.read_text().splitlines()
        real = follow(lines, self.folder, self.followed)
        wrong = [
            block for block in blocks(page) if block.verb == CLUSTER and not _agree(block.lines, real[block.first])
        ]
        if UPDATE and wrong:
            whole = {block.first for block in wrong if LEFT_OUT not in block.lines}
            rewrite(page, lines, {first: real[first] for first in whole})
            wrong = [block for block in wrong if block.first not in whole]
        if wrong:
            told = "\n".join(line for block in wrong for line in _difference(page, block, real[block.first]))
            pytest.fail(f"the page is out of date:\n{told}", pytrace=False)

    def followed(self, block: Block) -> list[str]:
        """What a block should hold: its commands with what they print."""
        held: list[str] = []
        for shown, _ in commands(block):
            command = _JOB.sub(rf"\g<1>{self.job[:8]}", _with_digest(shown, self.folder))
            is_kubectl = command.startswith("kubectl ")
            text = _kubectl(command, self.cluster) if is_kubectl else self.folder.run(command)
            held += [f"$ {command}", *_presentable(text.rstrip("\n").splitlines())]
            self.job = next(reversed(_UUID.findall(text)), self.job)
            self.then(command)
        return held


def test_deploy_on_kubernetes(reader: Reader) -> None:
    """From the first apply to the last removal, every command on a cluster prints what stands under it."""
    reader.check(DOCS / "deploy-on-kubernetes.md")


def test_deploy_through_kubefate(reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the service's own deployment to its end; once that has deployed it, the stand-in is what answers."""
    for name, value in PASSWORDS.items():
        monkeypatch.setenv(name, value)
    packages = tmp_path / "packages"
    for version in ("v1.11.1", "v1.11.2"):
        charts.write_package(packages, "fate", version, _changed())
    _write_upgrade_manager(packages)
    shutil.copy(packages / "fate-v1.11.2.tgz", reader.folder.path)
    _furnish(reader.cluster)
    with ExitStack() as stack:

        def start(command: str) -> None:
            if not command.startswith("invoke kubefate.deploy") or "KUBEFATE_PASSWORD" in os.environ:
                return
            password = _secret(reader.cluster, "kube-fate", "kubefate-secret", "kubefatePassword")
            monkeypatch.setenv("KUBEFATE_PASSWORD", password)
            pace = Pace(speed=0.05)
            settings = Settings(tmp_path / "state", password=password, pace=pace, repository=Repository(packages))
            service = stack.enter_context(in_thread(settings, RealCluster(reader.cluster.kubeconfig, helm_binary(3))))
            _lead(monkeypatch, SERVICE, service.port)

        reader.then = start
        reader.check(DOCS / "deploy-through-kubefate.md")


def test_apply_with_helm(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a real helm, from rendering to removal."""
    monkeypatch.setenv("FEDPLAN_HELM", str(helm_binary(4)))
    for name, value in PASSWORDS.items():
        monkeypatch.setenv(name, value)
    charts.write_package(reader.folder.path / "charts", "fate", "v1.11.2", _changed())
    reader.check(DOCS / "how-to" / "apply-with-helm.md")


def _changed() -> dict[str, str]:
    """The small chart's templates as KubeFATE's are, so that a reader sees the workloads and pages of their own."""
    found = {"templates/more.yaml": MORE}
    for name in ("templates/core.yaml", "templates/eggroll.yaml"):
        text = (charts.HERE / "fate" / name).read_text(encoding="utf-8")
        for pattern, by in CHANGES:
            text = re.sub(pattern, by, text)
        found[name] = text
    return found


def _lead(patch: pytest.MonkeyPatch, host: str, port: int) -> None:
    """What an ingress and a line of /etc/hosts do: let a name lead to a port of this machine."""
    connect = connection.create_connection

    def create(address: tuple[str, int], *arguments: Any, **more: Any) -> Any:
        return connect(("127.0.0.1", port) if address[0] == host else address, *arguments, **more)

    patch.setattr(connection, "create_connection", create)


def _secret(cluster: Cluster, namespace: str, name: str, key: str) -> str:
    """One value of a Secret."""
    with cluster.api() as api:
        found = api.call("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
    return base64.b64decode(found["data"][key]).decode()


def _furnish(cluster: Cluster) -> None:
    """What comes with an ingress controller, and the class of claims that kind and minikube bring along."""
    with cluster.api() as api:
        found = api.get(f"{_CLASSES}/hostpath")
        api.call("POST", _CLASSES, {**found, "metadata": {"name": "standard"}})
        metadata, spec = {"name": "nginx"}, {"controller": "k8s.io/ingress-nginx"}
        api.call("POST", _INGRESS_CLASSES, {"metadata": metadata, "spec": spec})


def _write_upgrade_manager(folder: Path) -> None:
    """A chart with the Job that the service waits for before it brings a party to another release."""
    name = "fate-upgrade-manager"
    pod = {"restartPolicy": "Never", "containers": [{"name": "upgrade", "image": "upgrade:1"}]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "fate-mysql-upgrade-job"}}
    texts = {
        "Chart.yaml": json.dumps({"apiVersion": "v2", "name": name, "version": "v1.0.0"}),
        "values-template.yaml": "{}\n",
        "templates/job.yaml": json.dumps({**job, "spec": {"template": {"spec": pod}}}),
    }
    (folder / f"{name}-v1.0.0.tgz").write_bytes(charts.packed(name, texts))


def _difference(page: Path, block: Block, real: list[str]) -> Iterator[str]:
    """How what was printed differs from what a block shows."""
    shown, printed = _masked(list(block.lines)), _masked(real)
    yield from difflib.unified_diff(shown, printed, f"{page.name}:{block.first + 1}", "printed", n=1, lineterm="")


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
        maps = self.list("v1", "ConfigMap", namespace, deadline)
        held = [each["data"] for each in maps if each["metadata"]["name"].startswith(f"{workload}-")]
        return Ran(0, next(data[key] for data in held if key in data), "")

    sleep = Clock.sleep
    patch.setattr(Api, "run", run)
    patch.setattr(Clock, "sleep", lambda self, seconds: sleep(self, min(seconds, 2.0)))
