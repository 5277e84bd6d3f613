"""Probes of the API server, where no API server is needed to know what they must say."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import pytest

from planner.plan import Plan
from planner.prerequisites import Prerequisite
from renderers.cluster.api import Api, Ran, RefusedError
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.places import Places
from renderers.cluster.references import Document
from renderers.probes.certificate_chain import UndecidedError
from renderers.probes.certificate_secrets import SHAPES
from renderers.probes.cluster import clocks as cluster_clocks
from renderers.probes.cluster.area import probes
from renderers.probes.cluster.certificates import ends_soon, faults
from renderers.probes.cluster.needs import read_by_pods
from renderers.probes.cluster.nodes import why_not
from renderers.probes.cluster.volumes import claims_of
from renderers.probes.pods.inside import Inside
from renderers.probes.probe import Said, Truth
from renderers.probes.sight import Sight
from tests.authority import Authority, new_key, pkcs8, traditional
from tests.conftest import plan_text
from tests.unit.chart_double import manifest, release
from tests.unit.cluster_double import Cluster, Time, folder_from, secret, thing, workload

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
TEXT = """\
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1, storageClass: fast}}
  - {{name: shop, address: 192.168.10.1}}
{exchanges}
parties:
  - {{id: 9999, cluster: bank, target: {target}, {more}}}
  - {{id: 10000, cluster: shop, target: {target}}}
defaults: {{engine: {engine}}}
"""


@dataclass
class Server(Cluster):
    """A cluster that tells its time, and whose pods have clocks of their own (seconds ahead, by node)."""

    clock: Clock = field(default_factory=Time)
    behind: timedelta = timedelta()
    pod_clocks: Mapping[str, float | str] = field(default_factory=dict)

    def server_time(self, _: Deadline) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) - self.behind

    def run(self, namespace: str, pod: str, container: str, command: Sequence[str], _: Deadline) -> Ran:
        assert (namespace, container, tuple(command)) == ("fate-9999", "main", ("date", "+%s"))
        told = self.pod_clocks[pod]
        if isinstance(told, str):
            return Ran(127, "", told)
        return Ran(0, f"{int(datetime.now(UTC).timestamp() + told)}\n", "")

    def list(
        self, api_version: str, kind: str, namespace: str, deadline: Deadline, *, labels: str = "", fields: str = ""
    ) -> Sequence[Document]:
        assert not fields or kind == "Event"
        return super().list(api_version, kind, namespace, deadline, labels=labels.partition(",")[0])


@cache
def planned(text: str) -> tuple[Plan, SiteFolder]:
    """A plan, and the folder of party 9999 in it."""
    found = plan_text(text)
    return found.plan, folder_from(found.files()["party-9999"], "party-9999")


def sight(
    server: Cluster,
    engine: str = "eggroll",
    target: str = "kubernetes",
    more: str = "namespace: fate-9999",
    release: str = "v1.11.2",
    **others: Any,
) -> Sight:
    """Party 9999 as planned, on a cluster."""
    has_exchange = engine.endswith("pulsar")
    text = TEXT.format(
        topology="star" if has_exchange else "mesh",
        exchanges="exchanges: [{name: hub, cluster: shop}]" if has_exchange else "",
        target=target,
        more=more,
        engine=engine,
        release=release,
    )
    plan, folder = planned(text)
    folder = replace(folder, **others)
    api = cast("Api", server)
    return Sight(plan, plan.by_key["party-9999"], folder, Places(folder), api, Inside(api, folder))


def asked(seen: Sight, sort: str) -> list[Said]:
    """What the probes of a sort say."""
    return [each.ask(Deadline(30)) for each in probes(seen) if each.sort.id == sort]


def codes(said: Said) -> list[str]:
    return [each.fault.code for each in said.diagnostics]


# What applies


def sorts(seen: Sight) -> set[str]:
    return {each.sort.id for each in probes(seen)}


ALWAYS = {
    "rights-suffice", "namespace-exists", "prerequisites-exist", "workloads-ready", "tables-planned",
    "clocks-agree",
}  # fmt: skip


@pytest.mark.parametrize("target", ["kubernetes", "helm", "kubefate"])
@pytest.mark.parametrize(
    ("engine", "more", "expected"),
    [
        ("eggroll", "namespace: fate-9999", set()),
        ("spark_rabbitmq", "persistence: true", {"spark-master-headless", "claims-bound"}),
        ("spark_pulsar", "namespace: a", {"spark-master-headless", "certificates-fit"}),
        ("eggroll", "components: {mysql: {nodeSelector: {disk: ssd}}}", {"nodes-labelled"}),
    ],
)
def test_only_what_applies_to_a_site_is_asked(engine: str, more: str, expected: set[str], target: str) -> None:
    """Without data there are no claims, without selectors no nodes, without TLS no certificates."""
    assert sorts(sight(Server(), engine, target, more)) == ALWAYS | expected


def test_a_probe_speaks_of_its_site() -> None:
    """By its label, its cluster or its namespace; nothing is asked before it is."""
    server = Server()
    found = list(probes(sight(server, "spark_pulsar")))
    assert {each.site for each in found} == {"party-9999"}
    assert all("9999" in each.sentence or "bank" in each.sentence for each in found)
    assert server.asked == []


# Namespaces


def namespace_of(**metadata: Any) -> Document:
    return thing("Namespace", "fate-9999", namespace="", metadata=metadata)


@pytest.mark.parametrize(
    ("documents", "hidden", "truth", "expected"),
    [
        ((namespace_of(),), frozenset(), Truth.TRUE, []),
        ((), frozenset(), Truth.FALSE, ["FED927"]),
        ((namespace_of(deletionTimestamp="2026-03-01T12:00:00Z"),), frozenset(), Truth.FALSE, ["FED904"]),
        ((namespace_of(),), frozenset({"Namespace"}), Truth.UNKNOWN, []),
        ((thing("Pod", "python-0"),), frozenset({"Namespace"}), Truth.TRUE, []),
        ((namespace_of(),), frozenset({"Namespace", "Pod"}), Truth.UNKNOWN, []),
    ],
)
def test_the_namespace(
    documents: Sequence[Document], hidden: frozenset[str], truth: Truth, expected: list[str]
) -> None:
    """One that may not be read is there when something is in it."""
    (said,) = asked(sight(Server(documents, hidden)), "namespace-exists")
    assert (said.truth, codes(said)) == (truth, expected)


# Secrets


def test_what_the_pods_read_is_asked_for_with_its_keys() -> None:
    """Of variables and volumes; not what they can do without."""
    refs = [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "login", "key": "user"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "spare", "key": "x", "optional": True}}},
    ]
    container = {"name": "a", "env": refs, "volumeMounts": [{"name": "c", "mountPath": "/c"}]}
    volumes = [{"name": "c", "secret": {"secretName": "certs"}}, {"name": "d", "configMap": {"name": "conf"}}]
    found = read_by_pods([workload("python", pod={"containers": [container], "volumes": volumes})])
    assert [(each.source.name, each.keys) for each in found] == [("login", ("password", "user")), ("certs", ())]


def test_a_secret_that_is_gone_or_lacks_a_key() -> None:
    """One of the plan is made by apply, and the hint says so; each is told once."""
    seen = sight(Server([secret("mysql", user="fate", **{"root-password": "x"})]), prerequisites=())
    (said,) = asked(seen, "prerequisites-exist")
    assert said.truth is Truth.FALSE
    told = {each.message: each.hint for each in said.diagnostics}
    assert any("Secret fate-9999/mysql on cluster bank has no key password" in each for each in told)
    (gone,) = (hint for message, hint in told.items() if "Secret fate-9999/fateboard is not on" in message)
    assert gone == "apply again: `invoke apply --party 9999`"


def test_what_may_not_be_read_is_not_judged() -> None:
    """The server's no goes up to whoever asked."""
    wanted = Prerequisite("Secret", "fate-9999", "certs", "it is read", ("a",))
    seen = sight(Server(hidden=frozenset({"Secret"})), prerequisites=(wanted,))
    found = [each for each in probes(seen) if each.sort.id == "prerequisites-exist"]
    assert found[0].sentence == "Secret fate-9999/certs exists with a"
    for each in found:
        with pytest.raises(RefusedError):
            each.ask(Deadline(30))


# Claims


def test_claims_are_those_of_templates_and_volumes() -> None:
    """Named as Kubernetes does, one for each pod; none of a workload without pods."""
    volumes = {
        "volumes": [{"name": "x", "persistentVolumeClaim": {"claimName": "shared"}}, {"name": "y", "emptyDir": {}}]
    }
    template = {"metadata": {"name": "data"}}
    database = workload("mysql", kind="StatefulSet", replicas=2, pod=volumes, volumeClaimTemplates=[template])
    idle = workload("idle", kind="StatefulSet", replicas=0, pod=volumes, volumeClaimTemplates=[template])
    assert [name for _, name in claims_of([database, idle])] == ["data-mysql-0", "data-mysql-1", "shared"]
    assert list(claims_of([idle])) == []


@pytest.mark.parametrize(
    ("claims", "truth", "words"),
    [
        ({"phase": "Bound"}, Truth.TRUE, ""),
        ({"phase": "Pending"}, Truth.FALSE, "is not bound: it is Pending"),
        ({"phase": "Lost"}, Truth.FALSE, "is not bound: it is Lost"),
        ({"phase": "Bound", "going": "yes"}, Truth.FALSE, "is not bound: it is being deleted"),
        ({}, Truth.FALSE, "is not bound: it is Pending"),
        (None, Truth.FALSE, "is not bound: there is none"),
    ],
)
def test_a_claim_is_bound_or_not(claims: dict[str, str] | None, truth: Truth, words: str) -> None:
    """And what was heard of it is told."""
    seen = sight(Server(), more="namespace: fate-9999, persistence: true")
    names = [name for _, name in claims_of(each.document for each in seen.folder.objects if _runs(each.document))]
    event = thing("Event", "e", message='storageclass "fast" not found', labels={})
    going = {"deletionTimestamp": "2026-03-01T12:00:00Z"} if claims and "going" in claims else {}
    made = [thing("PersistentVolumeClaim", name, status=claims, metadata=going) for name in names]
    made = [] if claims is None else made
    seen = sight(Server([*made, event]), more="namespace: fate-9999, persistence: true")
    (said,) = asked(seen, "claims-bound")
    assert said.truth is truth
    assert words in said.reason
    assert len(codes(said)) == (0 if truth is Truth.TRUE else len(names))
    heard = {note.message for each in said.diagnostics for note in each.notes}
    assert heard == ({'storageclass "fast" not found'} if truth is Truth.FALSE and claims is not None else set())


def _runs(document: Document) -> bool:
    return document["kind"] in {"Deployment", "StatefulSet"}


# Nodes


def node(name: str, *, ready: str = "True", **spec: Any) -> Document:
    labels = spec.pop("labels", {"disk": "ssd"})
    status = {"conditions": [{"type": "Ready", "status": ready}]}
    return thing("Node", name, namespace="", labels=labels, spec=spec, status=status)


TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("nodes", "notes"),
    [
        ([node("w1")], None),
        ([node("w1", unschedulable=True), node("w2")], None),
        ([], []),
        ([node("w1", labels={"disk": "hdd"})], []),
        ([node("w1", unschedulable=True)], ["node w1 carries the labels, and is cordoned"]),
        ([node("w1", ready="Unknown")], ["node w1 carries the labels, and is not ready"]),
        ([node("w1", taints=[TAINT])], ["node w1 carries the labels, and has taint gpu"]),
        ([node(f"w{number}", ready="False") for number in range(5)], "and 2 more such nodes"),
    ],
)
def test_a_node_that_can_take_the_pods(nodes: list[Document], notes: list[str] | str | None) -> None:
    """It carries the labels, is ready, and nothing keeps pods away."""
    seen = sight(Server(nodes), more="namespace: fate-9999, components: {mysql: {nodeSelector: {disk: ssd}}}")
    (said,) = asked(seen, "nodes-labelled")
    assert said.truth is (Truth.TRUE if notes is None else Truth.FALSE)
    for each in said.diagnostics:
        assert each.message == "no node of cluster bank can take StatefulSet fate-9999/mysql: disk=ssd is wanted"
        told = [note.message for note in each.notes]
        assert told == notes or told[-1] == notes


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "yes", "effect": "NoExecute"}, False),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "fpga", "value": "yes"}, False),
        ({"key": "fpga", "operator": "Exists"}, False),
    ],
)
def test_tolerations_are_read_as_the_scheduler_does(toleration: dict[str, str], expected: bool) -> None:
    """By key, value and effect."""
    assert (why_not(node("w1", taints=[TAINT]), [toleration]) == "") is expected


def test_a_taint_that_only_asks_keeps_nobody_away() -> None:
    """PreferNoSchedule."""
    assert why_not(node("w1", taints=[{**TAINT, "effect": "PreferNoSchedule"}]), []) == ""


# Charts


def ready(document: Document) -> Document:
    """A workload as the API has it when all of it runs."""
    number = document["spec"]["replicas"]
    status = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), number)
    metadata = {**document["metadata"], "namespace": "fate-9999", "generation": 1}
    return {**document, "metadata": metadata, "status": {**status, "observedGeneration": 1}}


def test_what_a_release_has_written_is_what_is_asked_for() -> None:
    """Its workloads, the nodes that they select, their claims and the Secrets that they read."""
    env = [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}]
    inside = {"containers": [{"name": "mysql", "image": "i", "env": env}], "nodeSelector": {"disk": "ssd"}}
    template = {"metadata": {"name": "data"}}
    database = workload("mysql", kind="StatefulSet", pod=inside, volumeClaimTemplates=[template])
    more = "persistence: true, components: {mysql: {nodeSelector: {disk: ssd}}}"
    written = release(1, manifest(database))
    claim = thing("PersistentVolumeClaim", "data-mysql-0", status={"phase": "Bound"})
    live = [written, ready(database), claim, node("w1"), secret("login", password="x")]
    expected = {
        "workloads-ready": ("FED911", "StatefulSet fate-9999/mysql is not there"),
        "claims-bound": ("FED995", "claim fate-9999/data-mysql-0 on cluster bank is not bound: there is none"),
        "nodes-labelled": (
            "FED994",
            "no node of cluster bank can take StatefulSet fate-9999/mysql: disk=ssd is wanted",
        ),
        "prerequisites-exist": ("FED915", "Secret fate-9999/login is not on cluster bank"),
    }
    for index, (sort, (code, words)) in enumerate(expected.items(), start=1):
        assert asked(sight(Server(live), target="helm", more=more), sort)[-1] == Said(), sort
        left = [each for number, each in enumerate(live) if number != index]
        said = asked(sight(Server(left), target="helm", more=more), sort)[-1]
        assert (said.truth, codes(said)) == (Truth.FALSE, [code])
        assert said.reason.startswith(words)


def test_without_a_release_nothing_runs() -> None:
    """And without the right to look for one, nothing is known."""
    (said,) = asked(sight(Server(), target="helm"), "workloads-ready")
    assert (said.truth, codes(said)) == (Truth.FALSE, ["FED970"])
    (said,) = asked(sight(Server(hidden=frozenset({"Secret", "ConfigMap"})), target="helm"), "workloads-ready")
    assert (said.truth, said.reason, codes(said)) == (Truth.UNKNOWN, "no workload of it is known", ["FED979"])


def test_a_workload_that_is_not_ready_is_told_with_what_its_pods_say() -> None:
    """In the words of the roll-out; another one that is, is not told."""
    seen = sight(Server())
    live = [ready(each.document) for each in seen.folder.objects if _runs(each.document)]
    assert asked(replace(seen, api=Server(live).api), "workloads-ready") == [Said()]
    live[0] = {**live[0], "status": {**live[0]["status"], "readyReplicas": 0, "availableReplicas": 0}}
    (said,) = asked(replace(seen, api=Server(live).api), "workloads-ready")
    assert (said.truth, codes(said)) == (Truth.FALSE, ["FED912"])
    assert said.reason.endswith(f"/{live[0]['metadata']['name']} has 0 of 1 pods ready")


# Spark


@pytest.mark.parametrize(
    ("service", "links", "truth"),
    [
        ({"clusterIP": "None"}, None, Truth.TRUE),
        ({"clusterIP": "10.96.0.17"}, False, Truth.TRUE),
        ({"clusterIP": "10.96.0.17"}, None, Truth.FALSE),
        ({"clusterIP": "10.96.0.17"}, True, Truth.FALSE),
        (None, None, Truth.UNKNOWN),
    ],
)
def test_the_spark_master_has_no_address(service: dict[str, str] | None, links: bool | None, truth: Truth) -> None:
    """Or its pods take no notice of it."""
    pod = {} if links is None else {"enableServiceLinks": links}
    documents = [workload("spark-master", pod=pod), workload("other", pod={"enableServiceLinks": False})]
    if service is not None:
        documents.append(thing("Service", "spark-master", spec=service))
    (said,) = asked(sight(Server(documents), "spark_rabbitmq"), "spark-master-headless")
    assert (said.truth, codes(said)) == (truth, ["FED997"] if truth is Truth.FALSE else [])


# Tables


def test_tables_that_may_not_be_read_are_not_judged() -> None:
    """Neither what they lead to, nor what else they have."""
    for said in asked(sight(Server(hidden=frozenset({"ConfigMap"}))), "tables-planned"):
        assert (said.truth, said.reason) == (Truth.UNKNOWN, "ConfigMap fate-9999/rollsite-config: secrets is forbidden")


def test_tables_as_planned_and_not() -> None:
    """For target kubernetes as for charts."""
    seen = sight(Server())
    documents = [each.document for each in seen.folder.objects]
    for old, new, truths, code in (
        ("", "", [Truth.TRUE, Truth.TRUE], ""),
        ("192.168.10.1", "192.168.10.7", [Truth.TRUE, Truth.FALSE], "FED976"),
        ("9370", "9371", [Truth.FALSE, Truth.TRUE], "FED976"),
        ('"route_table"', "{", [Truth.FALSE, Truth.UNKNOWN], "FED977"),
    ):
        found = asked(sight(Server([_replaced(each, old, new) for each in documents])), "tables-planned")
        assert [said.truth for said in found] == truths
        assert "".join(code for said in found for code in codes(said)) == code
    found = asked(sight(Server()), "tables-planned")
    assert [(said.truth, said.reason) for said in found] == [
        (Truth.FALSE, "ConfigMap fate-9999/rollsite-config or osx-config cannot be read: it has no route table"),
        (Truth.UNKNOWN, "ConfigMap fate-9999/rollsite-config or osx-config: it has no route table"),
    ]


def test_each_way_of_a_table_is_a_sentence() -> None:
    """It names the peer and where it is dialled; one comparison serves all, and one wrong entry is one wrong way."""
    server = Server()
    seen = sight(server, "spark_rabbitmq")
    ways = [each for each in probes(seen) if each.sort.id == "tables-planned"][1:]
    assert {each.peer for each in ways} == {"party-10000"}
    assert [str(each.endpoint) for each in ways] == ["192.168.10.1:30093", "192.168.10.1:30098", "192.168.10.1:30094"]
    assert ways[2].sentence == (
        "the live route table of party 9999 leads to party 10000 at 192.168.10.1:30094 (data over RabbitMQ)"
    )
    server.documents = [_replaced(each.document, "30098", "30099") for each in seen.folder.objects]
    said = [each.ask(Deadline(30)) for each in ways]
    assert [each.truth for each in said] == [Truth.TRUE, Truth.FALSE, Truth.TRUE]
    server.documents = ()
    assert [each.ask(Deadline(30)) for each in ways] == said


@pytest.mark.parametrize(
    ("engine", "release", "words"),
    [
        ("eggroll", "v1.11.2", ("192.168.10.1", "9370", "9360")),
        ("eggroll", "v2.0.0", ("30091", "9360")),
        ("spark_rabbitmq", "v1.11.2", ("192.168.10.1", "30094", "fateflow-client", "9380", "9360", "5672")),
        ("spark_pulsar", "v1.11.2", ("192.168.10.1", "30000", "fateflow-client", "6651")),
    ],
)
def test_tables_of_manifests(engine: str, release: str, words: Sequence[str]) -> None:
    """As planned; and the way to a peer, or the site's own entry, somewhere else."""
    more = "namespace: fate-9999, serving: {namespace: fate-9999}"
    seen = sight(Server(), engine, more=more, release=release)
    documents = [each.document for each in seen.folder.objects]
    assert set(asked(replace(seen, api=Server(documents).api), "tables-planned")) == {Said()}
    for word in words:
        changed = [_replaced(each, word, "1234" if word.isdigit() else "10.9.9.9") for each in documents]
        assert changed != documents
        found = asked(replace(seen, api=Server(changed).api), "tables-planned")
        assert {code for said in found for code in codes(said)} == {"FED976"}, word
        assert {said.truth for said in found} == {Truth.TRUE, Truth.FALSE}


def _replaced(document: Document, old: str, new: str) -> Document:
    """An object whose tables have another word."""
    texts = document.get("data", {})
    data = {key: text.replace(old, new) if "route_table" in key else text for key, text in texts.items()}
    return {**document, "data": data} if data and old else document


# Clocks


def pod(name: str, node_name: str, **metadata: Any) -> Document:
    labels = {"fedplan/site": "party-9999"}
    status = {"containerStatuses": [{"name": "main", "ready": True}, {"name": "side", "ready": False}]}
    return thing("Pod", name, labels=labels, metadata=metadata, spec={"nodeName": node_name}, status=status)


PODS = (pod("a-0", "w1"), pod("b-0", "w2"), pod("b-1", "w2"))


@pytest.mark.parametrize(
    ("clocks", "truth", "reason"),
    [
        ({"a-0": 0.0, "b-0": 50.0}, Truth.TRUE, ""),
        ({"a-0": 0.0, "b-0": -50.0}, Truth.TRUE, ""),
        ({"a-0": 0.0, "b-0": 3600.0}, Truth.FALSE, "the clock of node w2 is 1 hour ahead of that of the API server"),
        ({"a-0": -90.0, "b-0": 0.0}, Truth.FALSE, "the clock of node w1 is 1 minute behind that of the API server"),
        ({"a-0": 0.0, "b-0": "no date", "b-1": 0.0}, Truth.TRUE, ""),
        ({"a-0": 0.0, "b-0": "no date", "b-1": "none"}, Truth.UNKNOWN, "the clock of node w2 cannot be read"),
    ],
)
def test_clocks_of_nodes(clocks: dict[str, float | str], truth: Truth, reason: str) -> None:
    """One pod of each node is asked, another where the first has no `date`."""
    (said,) = asked(sight(Server(PODS, pod_clocks=clocks)), "clocks-agree")
    assert said.truth is truth, said
    assert said.reason.startswith(reason)


@pytest.mark.parametrize(("minutes", "way"), [(10, "ahead of"), (-10, "behind")])
def test_the_clock_of_this_machine(minutes: int, way: str) -> None:
    """A server that is behind makes us go ahead; what its nodes have is compared with it."""
    off = timedelta(minutes=minutes)
    clocks = {"a-0": -off.total_seconds(), "b-0": -off.total_seconds()}
    (said,) = asked(sight(Server(PODS, behind=off, pod_clocks=clocks)), "clocks-agree")
    assert [each.message for each in said.diagnostics] == [
        f"the clock of this machine is 10 minutes {way} that of the API server of cluster bank"
    ]


def test_without_a_ready_pod_the_nodes_are_not_known() -> None:
    """Nor from one that is going away."""
    going = [pod("a-0", "w1", deletionTimestamp="2026-03-01T12:00:00Z"), pod("b-0", "")]
    (said,) = asked(sight(Server(going)), "clocks-agree")
    assert (said.truth, said.reason) == (Truth.UNKNOWN, "no pod of the site is ready")


def test_a_slow_answer_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a question took is what the comparison cannot be more exact than."""
    times = iter([1000.0, 1200.0, 1200.0, 1400.0])
    monkeypatch.setattr(cluster_clocks, "_now", lambda: next(times))
    monkeypatch.setattr(Server, "server_time", lambda *_: datetime.fromtimestamp(1090, UTC))
    monkeypatch.setattr(Server, "run", lambda *_: Ran(0, "1210", ""))
    (said,) = asked(sight(Server(PODS[:1])), "clocks-agree")
    assert said.truth is Truth.TRUE


# Certificates

NAME = "9999.fate.org"


def pulsar(**changes: bytes) -> dict[str, bytes]:
    """The texts of a Secret pulsar-cert that fits, but for some keys (`broker__cert__pem`)."""
    own = AUTHORITY.issue(NAME)
    texts = {"ca.cert.pem": AUTHORITY.certificate, "broker.cert.pem": own.certificate, "broker.key-pk8.pem": own.key}
    return {**texts, **{key.replace("__", "."): text for key, text in changes.items()}}


AUTHORITY = Authority()
OTHER = Authority("other")
KEY = new_key()


def told(texts: Mapping[str, bytes], name: str = NAME, shape: str = "pulsar-cert") -> list[tuple[str, str]]:
    return list(faults(texts, SHAPES[shape], NOW, name))


def with_broker(make: Callable[[], Any]) -> dict[str, bytes]:
    issued = make()
    return pulsar(broker__cert__pem=issued.certificate, **{"broker__key-pk8__pem": issued.key})


def test_certificates_that_fit() -> None:
    """By common name or alternative name, of any of several authorities, through another in between."""
    assert told(pulsar()) == []
    assert told(with_broker(lambda: AUTHORITY.issue("x", NAME))) == []
    assert told(with_broker(lambda: AUTHORITY.issue("x", "*.fate.org"))) == []
    both = OTHER.certificate + AUTHORITY.certificate
    assert told(pulsar(ca__cert__pem=both)) == []
    between = Authority("between", AUTHORITY)
    own = between.issue(NAME)
    chained = {"broker__cert__pem": own.certificate + between.certificate, "broker__key-pk8__pem": own.key}
    assert told(pulsar(**chained)) == []
    assert (
        told(
            {
                **pulsar(),
                "ca.cert.pem": between.certificate,
                "broker.cert.pem": own.certificate,
                "broker.key-pk8.pem": own.key,
            }
        )
        == []
    )


BROKER, PRIVATE = "broker.cert.pem", "broker.key-pk8.pem"
WRONG: Sequence[tuple[str, Callable[[], dict[str, bytes]], tuple[str, str]]] = [
    ("ended", lambda: with_broker(lambda: AUTHORITY.issue(NAME, begins=NOW - 9 * DAY, ends=NOW - DAY)),
     (BROKER, f"it ended on {NOW - DAY:%Y-%m-%d}")),
    ("not begun", lambda: with_broker(lambda: AUTHORITY.issue(NAME, begins=NOW + DAY, ends=NOW + 9 * DAY)),
     (BROKER, f"it begins on {NOW + DAY:%Y-%m-%d} only")),
    ("other authority", lambda: with_broker(lambda: OTHER.issue(NAME)),
     (BROKER, "it was not issued by the authority in ca.cert.pem")),
    ("same name, other authority", lambda: with_broker(lambda: Authority().issue(NAME)),
     (BROKER, "it was not issued by the authority in ca.cert.pem")),
    ("other name", lambda: with_broker(lambda: AUTHORITY.issue(NAME, "10000.fate.org")),
     (BROKER, f"it is not for {NAME}")),
    ("no certificate", lambda: pulsar(broker__cert__pem=b"hello"), (BROKER, "it is no certificate in PEM")),
    ("no authority", lambda: pulsar(ca__cert__pem=b""), ("ca.cert.pem", "it is no certificate in PEM")),
    ("other key", lambda: pulsar(**{"broker__key-pk8__pem": pkcs8(new_key())}),
     (PRIVATE, "it does not belong to its certificate")),
    ("password", lambda: pulsar(**{"broker__key-pk8__pem": pkcs8(KEY, "x")}),
     (PRIVATE, "it needs a password, which nobody has")),
    ("not PKCS#8", lambda: pulsar(**{"broker__key-pk8__pem": traditional(KEY)}),
     (PRIVATE, "it is no private key in PEM as PKCS#8")),
    ("no key", lambda: pulsar(**{"broker__key-pk8__pem": b"-----BEGIN PRIVATE KEY-----\nAA"}),
     (PRIVATE, "it is no private key in PEM")),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), [pytest.param(make, found, id=name) for name, make, found in WRONG])
def test_each_thing_that_does_not_fit(texts: Callable[[], dict[str, bytes]], expected: tuple[str, str]) -> None:
    """And that alone."""
    assert told(texts()) == [expected]


def test_a_public_key_that_cannot_be_read_is_not_judged() -> None:
    """A point that is on no curve ends no command; what is known to be wrong is told all the same."""
    issued = AUTHORITY.issue(NAME)
    der = bytearray(ssl.PEM_cert_to_DER_cert(issued.certificate.decode()))
    der[der.index(b"\x03\x42\x00\x04") + 4] ^= 1
    texts = pulsar(broker__cert__pem=ssl.DER_cert_to_PEM_cert(bytes(der)).encode())
    with pytest.raises(UndecidedError, match="the public key of a certificate cannot be read here"):
        told(texts)
    (said,) = asked(with_secret(texts), "certificates-fit")
    assert (said.truth, len(said.diagnostics)) == (Truth.FALSE, 1)
    assert "it was not issued by the authority in ca.cert.pem" in said.reason


def test_an_authority_that_has_ended() -> None:
    """Of two with one key, the one that is valid counts."""
    old = Authority(begins=NOW - 9 * DAY, ends=NOW - DAY)
    own = old.issue(NAME)
    texts = {"ca.cert.pem": old.certificate, BROKER: own.certificate, PRIVATE: own.key}
    reason = f"of the authority of {BROKER}, it ended on {NOW - DAY:%Y-%m-%d}"
    assert told(texts) == [("ca.cert.pem", reason)]
    renewed = replace(old, ends=NOW + 99 * DAY)
    assert told({**texts, "ca.cert.pem": old.certificate + renewed.certificate}) == []


def test_the_keys_of_eggroll_and_traffic_server() -> None:
    """Two certificates without a name that is checked; OpenSSL reads keys in any form."""
    server, own = AUTHORITY.issue("a"), AUTHORITY.issue("b")
    texts = {"ca.pem": AUTHORITY.certificate, "server.crt": server.certificate, "server.key": server.key}
    texts |= {"client.crt": own.certificate, "client.key": own.key}
    assert told(texts, "", "eggroll-certs") == []
    assert told({**texts, "client.key": server.key}, "", "eggroll-certs") == [
        ("client.key", "it does not belong to its certificate")
    ]
    proxy = AUTHORITY.issue("p", key=KEY)
    texts = {
        "ca.cert.pem": AUTHORITY.certificate,
        "proxy.cert.pem": proxy.certificate,
        "proxy.key.pem": traditional(KEY),
    }
    assert told(texts, "", "traffic-server-cert") == []


def test_what_ends_soon_is_told_and_true() -> None:
    """Thirty days before, as a warning."""
    texts = with_broker(lambda: AUTHORITY.issue(NAME, ends=NOW + 29 * DAY))
    assert [key for key, _ in ends_soon(texts, SHAPES["pulsar-cert"], NOW)] == [BROKER]
    assert list(ends_soon(pulsar(), SHAPES["pulsar-cert"], NOW)) == []
    (said,) = asked(with_secret(texts), "certificates-fit")
    assert (said.truth, codes(said)) == (Truth.TRUE, ["FED806"])
    assert said.diagnostics[0].message == (
        f"broker.cert.pem of Secret fate-9999/pulsar-cert ends on {NOW + 29 * DAY:%Y-%m-%d}"
    )


def with_secret(texts: Mapping[str, bytes] | None) -> Sight:
    data = {key: base64.b64encode(text).decode() for key, text in (texts or {}).items()}
    documents = [] if texts is None else [thing("Secret", "pulsar-cert", data=data)]
    return sight(Server(documents), "spark_pulsar")


def test_a_secret_of_certificates() -> None:
    """True where all fits; not known where there is nothing to judge; and what is private is in no finding."""
    (said,) = asked(with_secret(pulsar()), "certificates-fit")
    assert said == Said(Truth.TRUE)
    wrong = pulsar(**{"broker__key-pk8__pem": pkcs8(KEY)})
    (said,) = asked(with_secret(wrong), "certificates-fit")
    assert (said.truth, codes(said)) == (Truth.FALSE, ["FED969"])
    assert not any(line in repr(said) for line in pkcs8(KEY).decode().splitlines()[1:-1])
    (said,) = asked(with_secret(None), "certificates-fit")
    assert (said.truth, said.reason) == (Truth.UNKNOWN, "there is no Secret fate-9999/pulsar-cert")
    (said,) = asked(with_secret({"ca.cert.pem": b"x"}), "certificates-fit")
    assert (said.truth, said.reason) == (Truth.UNKNOWN, "Secret fate-9999/pulsar-cert has no broker.cert.pem")
