"""Secrets of federation.yaml on a real API server: made before anything else, for every target in the same way."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from renderers.live_command import run_live
from tests import charts
from tests.cluster import sites
from tests.cluster.conftest import Namespaces, helm_binary
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.sites import FILE, Ended, cluster_at, federation, kubeconfig, party, planned, use
from tests.standins.kubefate_service.charts import Folder
from tests.standins.kubefate_service.process import Pace
from tests.standins.kubefate_service.real import RealCluster
from tests.standins.kubefate_service.running import in_thread
from tests.standins.kubefate_service.server import Settings

PASSWORD = "Zq7thePassword0fMysql"
LOGIN = "Xk2theLogin0fFateboard"
TOKEN = "Wm4theToken0fHarbor"
KEY = "-----BEGIN PRIVATE KEY-----\nVt9theKey0fTheBoard\n-----END PRIVATE KEY-----"
SERVICE = "correct-horse-battery"
VALUES = (PASSWORD, LOGIN, TOKEN, KEY, "Vt9theKey0fTheBoard", SERVICE)


class Lab:
    """Party 9999 of a target, which gives a login for a registry and a certificate for its ingress."""

    def __init__(self, folder: Path, namespace: str, target: str, service: str, api: Any) -> None:
        self.folder, self.namespace, self.target = folder, namespace, target
        self.core: Any = client.CoreV1Api(api)
        bank = cluster_at("bank")
        if service:
            bank["kubefate"] = {"url": service, "user": "admin", "password": "env:KUBEFATE_PW"}
        self.clusters = [bank, cluster_at("shop")]
        charts.write_package(folder / "charts", "fate", "v1.11.2")
        self.login = folder / "harbor.json"
        self.write(TOKEN)

    def write(self, token: str) -> None:
        """The login, as its owner keeps it."""
        auths = {"auths": {"harbor.example": {"auth": base64.b64encode(f"robot:{token}".encode()).decode()}}}
        self.login.write_text(json.dumps(auths), encoding="utf-8")

    def plan(self, mysql: str = "env:MYSQL_PW", **secrets: dict[str, str]) -> None:
        """Plan the party with its Secrets, and where the password of its MySQL is."""
        given = {
            "harbor": {".dockerconfigjson": f"file:{self.login}"},
            "board": {"tls.crt": "env:BOARD_CRT", "tls.key": "env:BOARD_KEY"},
            **secrets,
        }
        more: dict[str, Any] = {"charts": "charts"} if self.target != "kubernetes" else {}
        defaults = {"target": self.target, "credentials": {"mysql": mysql, "fateboard": "env:FB_PW"}, **more}
        site = party(9999, self.namespace, imagePullSecrets=["harbor"], secrets=given)
        planned(self.folder, federation(site, clusters=self.clusters, defaults=defaults))

    def apply(self, **options: Any) -> Ended:
        """Apply it; the report is JSON."""
        ended = sites.apply(self.folder, "party-9999", format_name="json", **options)
        assert [value for value in VALUES if value in ended.all] == []
        return ended

    def changes(self, **options: Any) -> list[tuple[str, str]]:
        """The Secrets that an apply has written, and how; the test fails where it does not succeed."""
        ended = self.apply(**options)
        assert ended.code == 0, ended.all
        (site,) = ended.data["apply"]["sites"]
        return [(each["action"], each["name"]) for each in site["changes"] if each["name"] in {"harbor", "board"}]

    def is_active(self) -> bool:
        """Whether its namespace is there, and not on its way out."""
        found = self.core.list_namespace().items
        return any(each.metadata.name == self.namespace and each.status.phase == "Active" for each in found)

    def secret(self, name: str) -> Any:
        """A Secret as it is."""
        return self.core.read_namespaced_secret(name, self.namespace)


@pytest.fixture
def service(control_plane: Cluster, tmp_path: Path) -> Iterator[str]:
    """KubeFATE's service of the cluster."""
    charts.write_package(tmp_path / "packages", "fate", "v1.11.2")
    settings = Settings(
        tmp_path / "state", password=SERVICE, pace=Pace(speed=0.1), repository=Folder(tmp_path / "packages")
    )
    with in_thread(settings, RealCluster(control_plane.kubeconfig, helm_binary(3))) as running:
        yield running.url


@pytest.fixture(params=["kubernetes", "kubefate", "helm"])
def lab(
    request: pytest.FixtureRequest,
    control_plane: Cluster,
    fake_node: FakeNode,
    namespace: Namespaces,
    client_of: Callable[[Cluster], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Lab:
    assert fake_node
    monkeypatch.setenv("FEDPLAN_HELM", str(helm_binary(4)))
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
    told = {"MYSQL_PW": PASSWORD, "FB_PW": LOGIN, "KUBEFATE_PW": SERVICE, "BOARD_CRT": "CRT", "BOARD_KEY": KEY}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    url = request.getfixturevalue("service") if request.param == "kubefate" else ""
    space = namespace(control_plane, create=False)
    return Lab(tmp_path / "lab", space, request.param, url, client_of(control_plane))


def test_a_life(lab: Lab) -> None:
    """Made before the pods that need them, written again only when a value changes, and never deleted."""
    lab.plan()
    text, code = run_live(str(lab.folder / FILE), None, "text", context="", with_diff=True)
    assert (code, "harbor" in text) == (2, True), text
    assert lab.changes() == [("create", "harbor"), ("create", "board")]
    harbor, board = lab.secret("harbor"), lab.secret("board")
    assert (harbor.type, board.type) == ("kubernetes.io/dockerconfigjson", "kubernetes.io/tls")
    assert base64.b64decode(board.data["tls.key"]).decode() == KEY
    assert json.loads(base64.b64decode(harbor.data[".dockerconfigjson"])) == json.loads(lab.login.read_text())
    assert lab.changes() == []
    text, code = run_live(str(lab.folder / FILE), None, "text", context="", with_diff=True)
    assert code == 0, text

    lab.write("An0therToken0fHarbor")
    assert lab.changes() == [("update", "harbor")]
    again = base64.b64decode(lab.secret("harbor").data[".dockerconfigjson"]).decode()
    assert base64.b64encode(b"robot:An0therToken0fHarbor").decode() in again
    lab.core.patch_namespaced_secret("harbor", lab.namespace, {"metadata": {"labels": {"team": "x"}}})
    lab.core.patch_namespaced_secret("harbor", lab.namespace, {"stringData": {"more": "theirs"}})
    assert lab.changes() == []
    assert set(lab.secret("harbor").data) == {".dockerconfigjson", "more"}

    gone = sites.remove(lab.folder, "party-9999", delete_data=True)
    assert gone.code == 0, gone.all
    assert lab.secret("board").data is not None


def test_a_password_from_one(lab: Lab) -> None:
    """A password that is taken from such a Secret is known before the Secret is made."""
    lab.plan(mysql=f"secret:{lab.namespace}/vault#word", vault={"word": "env:MYSQL_PW"})
    assert lab.changes() == [("create", "harbor"), ("create", "board")]
    assert base64.b64decode(lab.secret("vault").data["word"]).decode() == PASSWORD
    assert lab.changes() == []


def test_somebody_elses(lab: Lab) -> None:
    """One that the operator has made by hand is left as it is."""
    lab.core.create_namespace({"metadata": {"name": lab.namespace}})
    lab.core.create_namespaced_secret(
        lab.namespace,
        {
            "metadata": {"name": "harbor"},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": '{"auths": {}}'},
        },
    )
    lab.plan()
    assert lab.changes() == [("create", "board")]
    assert base64.b64decode(lab.secret("harbor").data[".dockerconfigjson"]) == b'{"auths": {}}'


def test_what_the_server_refuses_is_known_before(lab: Lab) -> None:
    """A login that is no JSON is refused by the server: before anything of the site is written."""
    lab.login.write_text("not json", encoding="utf-8")
    lab.plan()
    ended = lab.apply()
    assert (ended.code, ended.codes) == (1, ["FED905"]), ended.all
    assert f"the cluster refuses Secret {lab.namespace}/harbor" in ended.text
    names = [each.metadata.name for each in lab.core.list_namespaced_secret(lab.namespace).items]
    assert [name for name in names if name == "board" or name.startswith("sh.helm")] == []
    if lab.target != "kubefate":  # which makes no namespace for a trial
        assert not lab.is_active()


def test_a_missing_value_stops_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written while a value is missing, and where it belongs is told."""
    monkeypatch.delenv("BOARD_KEY")
    lab.plan()
    ended = lab.apply()
    assert (ended.code, ended.codes) == (1, ["FED913"]), ended.all
    assert "BOARD_KEY" in ended.text
    assert not lab.is_active()
