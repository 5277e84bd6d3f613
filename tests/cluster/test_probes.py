"""Probes of the API server against a real one: true when all is well, false with exactly one thing wrong.

One federation is applied for all: party 9999 and its exchange, Spark over Pulsar, with data, a node selector and
certificates of one authority. Each test breaks one thing, and puts it right again.
"""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from planner.probes import BY_ID
from renderers.cluster.api import Api, ApiError, connect
from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections
from renderers.cluster.labels import site_labels
from renderers.cluster.places import Places
from renderers.cluster.references import Document, Reference
from renderers.cluster.selection import Wish, select
from renderers.probes.cluster.area import probes
from renderers.probes.pods.inside import Inside
from renderers.probes.probe import Said, Truth
from renderers.probes.sight import Sight
from renderers.verify_live_command import Request, run_verify_live
from renderers.workspace import workspace
from tests import charts
from tests.authority import Authority, Issued, new_key, pkcs8
from tests.cluster.conftest import Namespaces, helm_binary
from tests.cluster.harness import standin
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.middleman import Act, Asked, Exchange, Middleman
from tests.cluster.sites import FILE, apply, cluster_at, federation, kubeconfig, party, planned, use

LABEL = "fedplan.test/disk"
NODE = "fake-1"
AUTHORITY = Authority()
WORST = [Truth.FALSE, Truth.UNKNOWN, Truth.TRUE]
UNASKED = {"clocks-agree"}
"""Sorts that a fake node cannot answer: nothing runs commands on it."""


@dataclass(frozen=True)
class Site:
    """A site that is applied, and its administrator."""

    folder: Path
    sight: Sight
    core: Any

    @property
    def namespace(self) -> str:
        return self.sight.folder.home

    def ask(self, sight: Sight | None = None) -> dict[str, Said]:
        """What is said, by sort: the first of the worst of several."""
        found: dict[str, Said] = {}
        for each in probes(sight or self.sight):
            if each.sort.id not in UNASKED:
                said = each.ask(Deadline(30))
                known = found.setdefault(each.sort.id, said)
                if WORST.index(said.truth) < WORST.index(known.truth):
                    found[each.sort.id] = said
        return found

    def until_all_true(self) -> None:
        """Wait until everything is as planned again."""
        end = time.monotonic() + 120
        while any(said.truth is not Truth.TRUE for said in self.ask().values()):
            assert time.monotonic() < end, self.ask()
            time.sleep(0.3)


def certificates(issued: Issued, prefix: str, key: str) -> dict[str, str]:
    """The keys of a Secret, in the API's own coding."""
    texts = {
        "ca.cert.pem": AUTHORITY.certificate,
        f"{prefix}.cert.pem": issued.certificate,
        f"{prefix}.{key}.pem": issued.key,
    }
    return {name: base64.b64encode(text).decode() for name, text in texts.items()}


def broker(issued: Issued) -> dict[str, str]:
    return certificates(issued, "broker", "key-pk8")


def sight_of(folder: Path, key: str) -> Sight:
    """A site as `verify --live` sees it."""
    selection = select(workspace(str(folder / FILE), None), Wish(sites=(key,)))
    assert selection.plan is not None, selection.diagnostics
    (chosen,) = selection.chosen
    api = Connections().to(chosen)
    assert isinstance(api, Api), api
    plan = selection.plan
    return Sight(plan, plan.by_key[key], chosen.folder, chosen.places, api, Inside(api, chosen.folder))


@pytest.fixture(scope="module")
def applied(control_plane: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """Both sites, by key."""
    if control_plane.is_given:
        pytest.skip("a given cluster has no fake node")
    folder = tmp_path_factory.mktemp("probes")
    load: Any = config.new_client_from_config
    loaded: Any = load(str(control_plane.kubeconfig))
    core: Any = client.CoreV1Api(loaded)
    made = Namespaces(lambda _: loaded)
    ours, hub = made(control_plane, "fate"), made(control_plane, "hub")
    core.create_namespaced_secret(
        ours, {"metadata": {"name": "pulsar-cert"}, "data": broker(AUTHORITY.issue("9999.fate.org"))}
    )
    proxy = certificates(AUTHORITY.issue("proxy"), "proxy", "key")
    core.create_namespaced_secret(hub, {"metadata": {"name": "traffic-server-cert"}, "data": proxy})
    core.patch_node(NODE, {"metadata": {"labels": {LABEL: "ssd"}}})
    components = {"mysql": {"nodeSelector": {LABEL: "ssd"}}}
    text = federation(
        party(9999, ours, persistence=True, components=components),
        party(10000, "fate-10000", "shop"),
        exchanges=[{"name": "hub", "cluster": "bank", "namespace": hub}],
        clusters=[cluster_at("bank", sites=2, storageClass="hostpath"), cluster_at("shop")],
        defaults={"engine": "spark_pulsar"},
    )
    with pytest.MonkeyPatch.context() as patch:
        use(patch, kubeconfig(folder / "kubeconfig", bank=control_plane))
        planned(folder, text)
        ended = apply(folder, "exchange-hub", "party-9999")
        assert ended.code == 0, ended.all
        sights = {key: sight_of(folder, key) for key in ("party-9999", "exchange-hub")}
        yield {key: Site(folder, sight, core) for key, sight in sights.items()}
    made.remove()
    core.patch_node(NODE, {"metadata": {"labels": {LABEL: None}}})
    loaded.close()


@pytest.fixture
def site(applied: dict[str, Site], fake_node: FakeNode) -> Site:
    assert fake_node
    return applied["party-9999"]


def test_all_is_true_when_all_is_well(applied: dict[str, Site]) -> None:
    """Of a party and of an exchange; each sort that applies is asked."""
    for key, each in applied.items():
        told = each.ask()
        assert {sort: said for sort, said in told.items() if said != Said()} == {}, key
    assert set(applied["party-9999"].ask()) == {
        "rights-suffice", "namespace-exists", "prerequisites-exist", "claims-bound", "nodes-labelled",
        "workloads-ready", "tables-planned", "spark-master-headless", "certificates-fit",
    }  # fmt: skip


# One thing is wrong

Break = Callable[[Site], AbstractContextManager[None]]


def _as_new(document: Document) -> Document:
    """An object as somebody would make it again."""
    kept = {key: value for key, value in document["metadata"].items() if key in {"name", "labels", "annotations"}}
    return {**{key: value for key, value in document.items() if key != "status"}, "metadata": kept}


@contextmanager
def gone(site: Site, reference: Reference) -> Iterator[None]:
    """An object is deleted, and made again."""
    api = site.sight.api
    live = api.get(reference, Deadline(10))
    assert live is not None
    api.delete(reference, Deadline(10))
    while api.get(reference, Deadline(10)) is not None:
        time.sleep(0.1)
    yield
    api.create(_as_new(live), reference, Deadline(10))


@contextmanager
def patched(site: Site, reference: Reference, there: Mapping[str, Any], back: Mapping[str, Any]) -> Iterator[None]:
    """An object is changed, and changed back."""
    site.sight.api.merge(there, reference, Deadline(10))
    try:
        yield
    finally:
        site.sight.api.merge(back, reference, Deadline(10))


def secret(site: Site, name: str) -> Reference:
    return Reference("v1", "Secret", site.namespace, name)


def of_secret(site: Site, name: str, change: Mapping[str, str | None]) -> AbstractContextManager[None]:
    """Some keys of a Secret are others."""
    live = site.sight.api.get(secret(site, name), Deadline(10))
    assert live is not None
    back = {key: live["data"][key] for key in change}
    return patched(site, secret(site, name), {"data": change}, {"data": back})


def other_broker(make: Callable[[], Issued]) -> Break:
    return lambda site: of_secret(site, "pulsar-cert", broker(make()))


def node(site: Site, there: Mapping[str, Any], back: Mapping[str, Any]) -> AbstractContextManager[None]:
    return patched(site, Reference("v1", "Node", "", NODE), there, back)


def edited(site: Site) -> AbstractContextManager[None]:
    """Somebody has sent the exchange's messages elsewhere."""
    table = Reference("v1", "ConfigMap", site.namespace, "nginx-config")
    live = site.sight.api.get(table, Deadline(10))
    assert live is not None
    text = live["data"]["route_table.yaml"]
    change = {"data": {"route_table.yaml": text.replace("192.0.2.", "198.51.100.")}}
    assert change["data"]["route_table.yaml"] != text
    return patched(site, table, change, {"data": {"route_table.yaml": text}})


def broken_table(site: Site) -> AbstractContextManager[None]:
    table = Reference("v1", "ConfigMap", site.namespace, "nginx-config")
    live = site.sight.api.get(table, Deadline(10))
    assert live is not None
    return patched(site, table, {"data": {"route_table.yaml": "{"}}, {"data": live["data"]})


@contextmanager
def with_address(site: Site) -> Iterator[None]:
    """Somebody has made the Service of the master again, as the old charts have it."""
    service = Reference("v1", "Service", site.namespace, "spark-master")
    workload = Reference("apps/v1", "Deployment", site.namespace, "spark-master")
    live = site.sight.api.get(service, Deadline(10))
    assert live is not None
    links = [{"spec": {"template": {"spec": {"enableServiceLinks": value}}}} for value in (True, False)]
    with gone(site, service):
        spec = {key: value for key, value in live["spec"].items() if key in {"selector", "ports"}}
        site.sight.api.create({**_as_new(live), "spec": spec}, service, Deadline(10))
        assert site.ask()["spark-master-headless"] == Said()
        with patched(site, workload, *links):
            settle(site)
            yield
        site.sight.api.delete(service, Deadline(10))
        settle(site)


def settle(site: Site) -> None:
    """Wait until a roll-out is over."""
    end = time.monotonic() + 120
    while site.ask()["workloads-ready"].truth is not Truth.TRUE:
        assert time.monotonic() < end
        time.sleep(0.3)


DAY = timedelta(days=1)
NOW = datetime.now(UTC)
NAME = "9999.fate.org"
BREAKS: Mapping[str, tuple[Break, dict[str, str], str]] = {
    "a Secret of the plan is gone": (
        lambda site: gone(site, secret(site, "mysql")),
        {"prerequisites-exist": "FED915"},
        "Secret {namespace}/mysql is not on cluster bank",
    ),
    "a Secret that was prepared is gone": (
        lambda site: gone(site, secret(site, "pulsar-cert")),
        {"prerequisites-exist": "FED915", "certificates-fit": ""},
        "Secret {namespace}/pulsar-cert is not on cluster bank",
    ),
    "a Secret of the plan lacks a key": (
        lambda site: of_secret(site, "mysql", {"password": None}),
        {"prerequisites-exist": "FED915"},
        "Secret {namespace}/mysql on cluster bank has no key password",
    ),
    "a Secret that was prepared lacks a key": (
        lambda site: of_secret(site, "pulsar-cert", {"ca.cert.pem": None}),
        {"prerequisites-exist": "FED915", "certificates-fit": ""},
        "Secret {namespace}/pulsar-cert on cluster bank has no key ca.cert.pem",
    ),
    "the node has lost its label": (
        lambda site: node(site, {"metadata": {"labels": {LABEL: "hdd"}}}, {"metadata": {"labels": {LABEL: "ssd"}}}),
        {"nodes-labelled": "FED994"},
        "no node of cluster bank can take StatefulSet {namespace}/mysql: fedplan.test/disk=ssd is wanted",
    ),
    "the node is cordoned": (
        lambda site: node(site, {"spec": {"unschedulable": True}}, {"spec": {"unschedulable": None}}),
        {"nodes-labelled": "FED994"},
        "no node of cluster bank can take StatefulSet {namespace}/mysql",
    ),
    "a workload is gone": (
        lambda site: gone(site, Reference("apps/v1", "Deployment", site.namespace, "nginx")),
        {"workloads-ready": "FED911"},
        "Deployment {namespace}/nginx is not there",
    ),
    "a route table was edited": (edited, {"tables-planned": "FED976"}, "ConfigMap nginx-config: default leads to"),
    "a route table is broken": (broken_table, {"tables-planned": "FED977"}, "route_table.yaml of ConfigMap"),
    "the Spark master has an address": (
        with_address,
        {"spark-master-headless": "FED997"},
        "Service {namespace}/spark-master has address ",
    ),
    "a certificate has ended": (
        other_broker(lambda: AUTHORITY.issue(NAME, begins=NOW - 9 * DAY, ends=NOW - DAY)),
        {"certificates-fit": "FED969"},
        f"broker.cert.pem of Secret {{namespace}}/pulsar-cert does not fit: it ended on {NOW - DAY:%Y-%m-%d}",
    ),
    "a certificate is of another authority": (
        other_broker(lambda: Authority().issue(NAME)),
        {"certificates-fit": "FED969"},
        "broker.cert.pem of Secret {namespace}/pulsar-cert does not fit: it was not issued by the authority",
    ),
    "a certificate is for another name": (
        other_broker(lambda: AUTHORITY.issue("10000.fate.org")),
        {"certificates-fit": "FED969"},
        f"broker.cert.pem of Secret {{namespace}}/pulsar-cert does not fit: it is not for {NAME}",
    ),
    "a key is another one's": (
        other_broker(lambda: replace(AUTHORITY.issue(NAME), key=pkcs8(new_key()))),
        {"certificates-fit": "FED969"},
        "broker.key-pk8.pem of Secret {namespace}/pulsar-cert does not fit: it does not belong to its certificate",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_one_thing_is_wrong(site: Site, name: str) -> None:
    """Its probe says so, with its code; every other one stays true, or is not known for want of the same thing."""
    breaks, expected, words = BREAKS[name]
    site.until_all_true()
    with breaks(site):
        told = {sort: said for sort, said in site.ask().items() if said.truth is not Truth.TRUE}
    assert {sort: "".join({each.fault.code for each in said.diagnostics}) for sort, said in told.items()} == expected
    assert [said.truth for sort, said in told.items() if expected[sort]] == [Truth.FALSE]
    first = next(iter(told.values()))
    assert first.reason.startswith(words.format(namespace=site.namespace)), first
    site.until_all_true()


def test_a_certificate_that_ends_soon_is_told_of(site: Site) -> None:
    """It is true, with a warning."""
    with other_broker(lambda: AUTHORITY.issue(NAME, ends=NOW + 9 * DAY))(site):
        said = site.ask()["certificates-fit"]
    assert (said.truth, [each.fault.code for each in said.diagnostics]) == (Truth.TRUE, ["FED806"])


def test_a_claim_that_nobody_provisions(
    site: Site, control_plane: Cluster, namespace: Namespaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays Pending, the probe says what was heard of it, and the workload is not ready for want of it."""
    api = site.sight.api
    name = namespace(control_plane)
    slow = Reference("storage.k8s.io/v1", "StorageClass", "", name)
    document = {"apiVersion": slow.api_version, "kind": slow.kind, "metadata": {"name": name}}
    api.create({**document, "provisioner": "example.com/none"}, slow, Deadline(10))
    try:
        clusters = [cluster_at("bank", storageClass=name), cluster_at("shop")]
        planned(tmp_path, federation(party(9999, name, persistence=True), clusters=clusters))
        use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
        apply(tmp_path, "party-9999", timeout=15)
        told = site.ask(sight_of(tmp_path, "party-9999"))
    finally:
        api.delete(slow, Deadline(10))
    assert {sort for sort, said in told.items() if said.truth is not Truth.TRUE} == {"claims-bound", "workloads-ready"}
    said = told["claims-bound"]
    assert {each.fault.code for each in said.diagnostics} == {"FED995"}
    assert said.reason.startswith(f"claim {name}/")
    assert "is not bound: it is Pending" in said.reason
    assert "example.com/none" in said.diagnostics[0].notes[0].message
    assert {each.fault.code for each in told["workloads-ready"].diagnostics} <= {"FED911", "FED912"}


def test_a_namespace_that_is_not_there_or_goes_away(site: Site, control_plane: Cluster, namespace: Namespaces) -> None:
    """Both are told apart."""
    missing, going = namespace(control_plane, create=False), namespace(control_plane)
    told = {}
    held = {"metadata": {"name": "held", "finalizers": ["fedplan.test/held"]}}
    site.core.create_namespaced_config_map(going, held)
    site.core.delete_namespace(going)
    for name in (missing, going):
        folder = replace(site.sight.folder, namespaces={"training": name})
        sight = replace(site.sight, folder=folder, places=Places(folder))
        (found,) = [each for each in probes(sight) if each.sort.id == "namespace-exists"]
        told[name] = found.ask(Deadline(10))
    site.core.patch_namespaced_config_map("held", going, {"metadata": {"finalizers": None}})
    assert told[missing].reason == f"cluster bank has no namespace {missing}"
    assert told[going].reason.endswith("holds objects that are being deleted together with it")
    assert {said.truth for said in told.values()} == {Truth.FALSE}


# Charts


@pytest.mark.usefixtures("fake_node")
def test_a_site_of_charts(
    control_plane: Cluster, namespace: Namespaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Helm has installed is asked for: true as it is, false without a workload or with another table."""
    monkeypatch.setenv("FEDPLAN_HELM", str(helm_binary(4)))
    monkeypatch.setenv("MYSQL_PW", "Zq7thePassword0fMysql")
    charts.write_package(tmp_path / "charts", "fate", "v1.11.2")
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
    defaults = {"target": "helm", "charts": "charts", "credentials": {"mysql": "env:MYSQL_PW"}}
    planned(tmp_path, federation(party(9999, namespace(control_plane)), defaults=defaults))
    ended = apply(tmp_path, "party-9999")
    assert ended.code == 0, ended.all
    site = Site(tmp_path, sight_of(tmp_path, "party-9999"), None)
    told = site.ask()
    assert {sort: said for sort, said in told.items() if said != Said()} == {}
    assert {"workloads-ready", "prerequisites-exist", "tables-planned"} <= set(told)
    table = Reference("v1", "ConfigMap", site.namespace, "rollsite-config")
    live = site.sight.api.get(table, Deadline(10))
    assert live is not None
    text = live["data"]["route_table.json"]
    change = {"data": {"route_table.json": text.replace("192.0.2.", "198.51.100.")}}
    site.sight.api.merge(change, table, Deadline(10))
    site.sight.api.delete(Reference("apps/v1", "Deployment", site.namespace, "rollsite"), Deadline(10))
    told = {sort: said for sort, said in site.ask().items() if said.truth is not Truth.TRUE}
    assert {sort: [each.fault.code for each in said.diagnostics] for sort, said in told.items()} == {
        "workloads-ready": ["FED911"],
        "tables-planned": ["FED976"],
    }


# The command


def verified(site: Site) -> tuple[dict[str, Any], int]:
    """What `verify --live --only probes --party 9999` reports."""
    request = Request(str(site.folder / FILE), only="probes", parties=("9999",), format_name="json")
    text, code = run_verify_live(request, io.StringIO())
    report: dict[str, Any] = json.loads(text)
    return report, code


def test_the_command_says_the_same(site: Site) -> None:
    """Its probes of the API server are true, and those that are not have their findings; no Secret is told."""
    site.until_all_true()
    report, code = verified(site)
    ours = [each for each in report["verify"]["live"]["probes"] if BY_ID[each["sort"]].area == "cluster"]
    assert code == 3
    assert {each["sort"] for each in ours if each["truth"] != "true"} == UNASKED
    assert set(site.ask()) <= {each["sort"] for each in ours}
    with edited(site), of_secret(site, "mysql", {"password": None}):
        report, code = verified(site)
    found = {each["sort"] for each in report["verify"]["live"]["probes"] if each["truth"] == "false"}
    assert code == 1
    assert found == {"tables-planned", "prerequisites-exist"}
    assert {"FED976", "FED915"} <= {each["code"] for each in report["diagnostics"]}
    live = site.sight.api.get(secret(site, "mysql"), Deadline(10))
    assert live is not None
    assert not any(base64.b64decode(text).decode() in str(report) for text in live["data"].values() if len(text) > 12)


# Clocks, and a server that does not answer


def dated(moment: Callable[[], datetime]) -> Callable[[Asked], Act | None]:
    """Every answer has another time than the server's own."""

    def act(exchange: Exchange) -> None:
        exchange.pass_on(exchange.forward(), Date=format_datetime(moment(), usegmt=True))

    return lambda _: act


def through(between: Middleman, control_plane: Cluster, site: Site, tmp_path: Path, patch: pytest.MonkeyPatch) -> Sight:
    """The site as it is seen through somebody in between."""
    file = kubeconfig(tmp_path / "kubeconfig", bank={"cluster": control_plane, "server": between.url})
    use(patch, file)
    api = connect("bank")
    return replace(site.sight, api=api, inside=Inside(api, site.sight.folder))


def test_a_server_whose_clock_is_wrong(
    site: Site, control_plane: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by the time of its answers; without any difference only the nodes' clocks are not known."""
    with Middleman(control_plane) as between:
        sight = through(between, control_plane, site, tmp_path, monkeypatch)
        (clocks,) = [each for each in probes(sight) if each.sort.id == "clocks-agree"]
        said = clocks.ask(Deadline(20))
        assert (said.truth, said.reason[:41]) == (Truth.UNKNOWN, "the clock of node fake-1 cannot be read: ")
        between.rule = dated(lambda: datetime.now(UTC) - 10 * timedelta(minutes=1))
        said = clocks.ask(Deadline(20))
    assert (said.truth, [each.fault.code for each in said.diagnostics]) == (Truth.FALSE, ["FED993"])
    assert said.reason == "the clock of this machine is 10 minutes ahead of that of the API server of cluster bank"


def test_clocks_of_pods_that_run(
    real_node: Cluster,
    namespace: Namespaces,
    client_of: Callable[[Cluster], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asked in a pod: what its `date` says is what counts."""
    core: Any = client.CoreV1Api(client_of(real_node))
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=real_node))
    late = "#!/bin/sh\necho $(( $(/bin/date +%s) - 7200 ))\n"
    told: dict[str, Said] = {}
    for script in ("", late):
        name = namespace(real_node)
        planned(tmp_path / name, federation(party(9999, name)))
        sight = sight_of(tmp_path / name, "party-9999")
        container: dict[str, Any] = {"name": "main", "image": standin.STANDIN, "command": ["sleep", "1000"]}
        spec: dict[str, Any] = {"terminationGracePeriodSeconds": 0, "containers": [container]}
        if script:
            core.create_namespaced_config_map(name, {"metadata": {"name": "late"}, "data": {"date": script}})
            container["env"] = [{"name": "PATH", "value": "/late:/usr/bin:/bin"}]
            container["volumeMounts"] = [{"name": "late", "mountPath": "/late"}]
            spec["volumes"] = [{"name": "late", "configMap": {"name": "late", "defaultMode": 0o755}}]
        labels = site_labels(sight.folder)
        core.create_namespaced_pod(name, {"metadata": {"name": "python-0", "labels": labels}, "spec": spec})
        (clocks,) = [each for each in probes(sight) if each.sort.id == "clocks-agree"]
        end = time.monotonic() + 200
        while (said := clocks.ask(Deadline(20))).truth is Truth.UNKNOWN:
            assert time.monotonic() < end, said
            time.sleep(0.5)
        told[script] = said
    assert told[""] == Said()
    assert (told[late].truth, [each.fault.code for each in told[late].diagnostics]) == (Truth.FALSE, ["FED993"])
    assert "is 2 hours behind that of the API server of cluster bank" in told[late].reason


def test_a_server_that_goes_away_says_nothing(
    site: Site, control_plane: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No probe calls that false: whoever asks is told that nobody answers."""
    with Middleman(control_plane) as between:
        sight = through(between, control_plane, site, tmp_path, monkeypatch)
        asked = list(probes(sight))
        between.rule = lambda _: Exchange.reset
        for each in asked:
            with pytest.raises(ApiError):
                each.ask(Deadline(0.3))
