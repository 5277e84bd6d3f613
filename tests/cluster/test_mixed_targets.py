"""A federation whose sites have three targets, on a real API server: one plan, and the same commands for every site."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from kubernetes import client

from renderers.apply_command import Request as ApplyRequest
from renderers.apply_command import run_apply
from renderers.archive import unpack
from renderers.bundle_command import Request as BundleRequest
from renderers.bundle_command import run_bundle
from renderers.live_command import run_live
from renderers.remove_command import Request as Removal
from renderers.remove_command import run_remove
from renderers.status_command import Request as StatusRequest
from renderers.status_command import run_status
from renderers.verify_folder_command import run_verify_folder
from tests import charts
from tests.cluster import sites
from tests.cluster.conftest import Namespaces, helm_binary
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.sites import FILE, ROOT, Ended, cluster_at, federation, kubeconfig, party, planned, use
from tests.standins.kubefate_service.charts import Folder
from tests.standins.kubefate_service.process import Pace
from tests.standins.kubefate_service.real import RealCluster
from tests.standins.kubefate_service.running import InThread, in_thread
from tests.standins.kubefate_service.server import Settings

SECRETS = {"MYSQL_PW": "Zq7thePassword0fMysql", "FB_PW": "Xk2theLogin0fFateboard", "KUBEFATE_PW": "correct-horse"}
PARTIES = ("party-9999", "party-10000", "party-9000")
CREDENTIALS = {"mysql": "env:MYSQL_PW", "fateboard": "env:FB_PW"}
TARGETS = {"exchange-hub": "helm", "party-9999": "kubernetes", "party-10000": "kubefate", "party-9000": "helm"}


class Lab:
    """Three parties and their exchange, each in a namespace of its own."""

    def __init__(self, folder: Path, namespaces: dict[str, str], service: InThread, api: Any) -> None:
        self.folder, self.namespaces, self.service = folder, namespaces, service
        self.core: Any = client.CoreV1Api(api)
        about = {"url": service.url, "user": "admin", "password": "env:KUBEFATE_PW"}
        self.cluster = cluster_at("bank", sites=len(TARGETS), kubefate=about)
        self.door = int(self.cluster["nodePorts"].partition("-")[2])
        for name in ("fate", "fate-exchange"):
            charts.write_package(folder / "charts", name, "v1.11.2")

    def plan(self, *keys: str) -> None:
        """Plan the exchange and these parties."""
        parties = []
        for key in keys:
            target = TARGETS[key]
            more = {"charts": "charts"} if target == "helm" else {}
            identity = int(key.removeprefix("party-"))
            parties.append(party(identity, self.namespaces[key], target=target, credentials=CREDENTIALS, **more))
        hub = {"name": "hub", "cluster": "bank", "namespace": self.namespaces["exchange-hub"], "target": "helm"}
        hubs = [{**hub, "charts": "charts", "ports": {"rollsite": self.door}}]
        planned(self.folder, federation(*parties, exchanges=hubs, clusters=[self.cluster]))

    def apply(self, *keys: str, **options: Any) -> Ended:
        """Apply these sites, or all; the report is JSON."""
        return _checked(sites.apply(self.folder, *keys, format_name="json", **options))

    def status(self) -> Ended:
        """What status tells of all."""
        return _checked(Ended(*run_status(StatusRequest(file=str(self.folder / FILE), format_name="json"))))

    def live(self) -> Ended:
        """What `plan --live` tells of all."""
        return _checked(Ended(*run_live(str(self.folder / FILE), None, "json", context="", with_diff=False)))

    def remove(self, key: str, **options: Any) -> Ended:
        """Take one site down."""
        return _checked(sites.remove(self.folder, key, format_name="json", **options))

    def routes(self, key: str) -> str:
        """The live route table of a site's rollsite."""
        return json.dumps(self.core.read_namespaced_config_map("rollsite-config", self.namespaces[key]).data)

    def services(self, key: str) -> list[str]:
        """The names of the Services of a site."""
        return [each.metadata.name for each in self.core.list_namespaced_service(self.namespaces[key]).items]


@pytest.fixture
def service(control_plane: Cluster, tmp_path: Path) -> Iterator[InThread]:
    """KubeFATE's service of one of the clusters."""
    charts.write_package(tmp_path / "packages", "fate", "v1.11.2")
    settings = Settings(
        tmp_path / "state",
        password=SECRETS["KUBEFATE_PW"],
        pace=Pace(speed=0.1),
        repository=Folder(tmp_path / "packages"),
    )
    binary = helm_binary(3)
    with in_thread(settings, RealCluster(control_plane.kubeconfig, binary)) as running:
        yield running


@pytest.fixture
def lab(
    control_plane: Cluster,
    fake_node: FakeNode,
    service: InThread,
    namespace: Namespaces,
    client_of: Callable[[Cluster], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Lab:
    assert fake_node
    monkeypatch.setenv("FEDPLAN_HELM", str(helm_binary(4)))
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    spaces = {key: namespace(control_plane, "mixed", create=False) for key in TARGETS}
    return Lab(tmp_path / "lab", spaces, service, client_of(control_plane))


def test_one_plan_three_targets(lab: Lab) -> None:
    """Applied in waves, unchanged, followed when an address changes, and taken down, whatever target a site has."""
    lab.plan(*PARTIES)
    before = lab.live()
    assert (before.code, {each["site"] for each in before.data["live"]}) == (2, set(TARGETS)), before.all
    first = lab.apply()
    assert first.code == 0, first.all
    assert _states(first) == dict.fromkeys(TARGETS, "applied")
    assert first.data["apply"]["sites"][0]["site"] == "exchange-hub", "it comes first: the parties dial it"
    seen = lab.status()
    assert seen.code == 0, seen.all
    assert {each["site"]: each["isReady"] for each in seen.data["status"]["sites"]} == dict.fromkeys(TARGETS, True)
    assert lab.live().code == 0, lab.live().all
    again = lab.apply()
    assert (again.code, _states(again)) == (0, dict.fromkeys(TARGETS, "unchanged")), again.all

    door = str(lab.door)
    lab.door -= 1
    lab.plan(*PARTIES)
    changed = lab.live()
    touched = {each["site"] for each in changed.data["live"] if each["changes"]}
    assert (changed.code, touched) == (2, set(TARGETS)), changed.all
    second = lab.apply()
    assert (second.code, _states(second)) == (0, dict.fromkeys(TARGETS, "applied")), second.all
    assert [key for key in PARTIES if str(lab.door) not in lab.routes(key) or door in lab.routes(key)] == []
    for key in TARGETS:
        back = lab.apply(key, rollback=True)
        assert (back.code, _states(back)) == (0, {key: "applied"}), back.all
    assert [key for key in PARTIES if door not in lab.routes(key)] == []

    for key in reversed(TARGETS):
        gone = lab.remove(key)
        assert gone.code == 0, gone.all
        assert lab.services(key) == []
    after = lab.status()
    assert after.code != 0, after.all


def test_the_exchange_first(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the exchange cannot be applied its parties are held back, whatever their target."""
    lab.plan(*PARTIES)
    (lab.folder / "charts/fate-exchange-v1.11.2.tgz").unlink()
    held = lab.apply()
    assert held.code == 1, held.all
    assert _states(held) == {"exchange-hub": "refused", **dict.fromkeys(PARTIES, "held back")}, held.all
    names = {each.metadata.name for each in lab.core.list_namespace().items if each.status.phase == "Active"}
    assert names & set(lab.namespaces.values()) == set()
    monkeypatch.setenv("KUBEFATE_PW", "not it")
    charts.write_package(lab.folder / "charts", "fate-exchange", "v1.11.2")
    some = lab.apply()
    assert _states(some) == {**dict.fromkeys(TARGETS, "applied"), "party-10000": "unreachable"}, some.all


def test_sites_that_left(lab: Lab) -> None:
    """A site that is no longer in federation.yaml is taken down by its tombstone, whatever its target."""
    lab.plan(*PARTIES)
    assert lab.apply().code == 0
    lab.plan("party-9999")
    document = yaml.safe_load((lab.folder / FILE).read_text(encoding="utf-8"))
    assert [each["id"] for each in document["parties"]] == [9999]
    for key in ("party-10000", "party-9000"):
        gone = lab.remove(key)
        assert gone.code == 0, gone.all
        assert lab.services(key) == []
    assert lab.services("party-9999") != []


@cache
def _schema() -> Any:
    return json.loads((ROOT / "renderers/report/report.schema.json").read_text(encoding="utf-8"))


def _checked(ended: Ended) -> Ended:
    """What ended, with a report as its schema wants it and without any value of a secret."""
    jsonschema.validate(ended.data, _schema())
    assert [value for value in SECRETS.values() if value in ended.all] == []
    return ended


def _states(ended: Ended) -> dict[str, str]:
    return {each["site"]: each["state"] for each in ended.data["apply"]["sites"]}


def test_handed_over(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each operator applies a bundle, with no more at hand than it and their own secrets; no other site is inside."""
    lab.plan(*PARTIES)
    made = tmp_path / "made"
    text, code = run_bundle(
        BundleRequest(file=str(lab.folder / FILE), sites=tuple(TARGETS), to=str(made), format_name="json")
    )
    assert code == 0, text
    jsonschema.validate(json.loads(text), _schema())
    alone = tmp_path / "alone"
    alone.mkdir()
    monkeypatch.chdir(alone)
    lab.folder.rename(tmp_path / "away")
    for key in TARGETS:
        package = made / f"demo-{key}.tar.gz"
        inside = "".join(data.decode(errors="replace") for data in unpack(package.read_bytes())[1].values())
        others = [space for other, space in lab.namespaces.items() if other != key and space in inside]
        assert (key, others, [value for value in SECRETS.values() if value in inside]) == (key, [], [])
        text, code = run_verify_folder(str(package), None, "json")
        assert code == 0, text
        told = io.StringIO()
        request = ApplyRequest(folder=str(package), is_agreed=True, timeout=400, format_name="json", context="bank")
        first = _checked(Ended(*run_apply(request, stderr=told), told.getvalue()))
        assert (first.code, _states(first)) == (0, {key: "applied"}), first.all
        seen = _checked(Ended(*run_status(StatusRequest(folder=str(package), format_name="json", context="bank"))))
        assert (seen.code, seen.data["status"]["sites"][0]["isReady"]) == (0, True), seen.all
    for key in reversed(TARGETS):
        wish = Removal(
            folder=str(made / f"demo-{key}.tar.gz"), is_agreed=True, timeout=400, format_name="json", context="bank"
        )
        gone = _checked(Ended(*run_remove(wish, stderr=io.StringIO())))
        assert (gone.code, lab.services(key)) == (0, []), gone.all
