"""Federations on a real node: pods start, read what was planned for them, and reach each other as planned.

The images are stand-ins (tests/cluster/standins): each listens where its configuration says, logs in with the password
that it finds there, and its routers pass messages on by the tables that they see. Four federations live at once, a
story each, because most of their time is spent waiting for probes.
"""

from __future__ import annotations

import base64
import itertools
import json
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from renderers.cluster.api import Api, Ran, connect
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from tests.cluster import sites
from tests.cluster.harness import standin
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.control import VOLUMES
from tests.cluster.sites import Ended, cluster_at, federation, kubeconfig, objects_of, party, planned
from tests.cluster.standins import image

PASSWORD, NEXT_PASSWORD = "BANK_MYSQL", "next-password"
ABSENT: Final = "registry.invalid"
LEFT_ALONE: Final = (ABSENT, "localhost")
"""Images of these registries do not get a stand-in."""
EGGROLL_PROPERTIES: Final = "/data/projects/fate/eggroll/conf/eggroll.properties"
OSX_TABLE: Final = "/data/projects/fate/osx/conf/broker/route_table.json"
SMALL = {"resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}}
EGGROLL = ("rollsite", "clustermanager", "nodemanager", "mysql", "python")
OSX = ("osx", "clustermanager", "nodemanager", "mysql", "python")
PULSAR = ("nginx", "pulsar", "mysql", "python")
EVERYTHING = (*EGGROLL, "fateboard", "client")
Pods = Mapping[str, str]
"""The uids of pods, by component."""
_PORTS: Final = threading.Lock()
_NAMES: Final = ("app.kubernetes.io/name", "fateMoudle")
"""The labels that name a pod's component: our own, and that of charts."""


@dataclass(slots=True)
class Land:
    """One federation on the node, in a folder and namespaces of its own.

    Of a federation on two clusters there are two, which share the folder and the name.
    """

    cluster: Cluster
    folder: Path
    api: Api = field(init=False)
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:6])
    context: str = "bank"
    _named: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Connect, by the context that every federation here names."""
        self.api = connect(self.context)

    def namespace(self, site: object) -> str:
        """The namespace of a site."""
        return f"{site}-{self.name}"

    def party(self, identity: int, modules: Collection[str], cluster: str = "bank", **more: Any) -> dict[str, Any]:
        """A party of a few modules, which ask for little."""
        namespace = self.namespace(identity)
        return party(identity, namespace, cluster, **{"modules": list(modules), **more})

    def bank(self, number: int) -> dict[str, Any]:
        """The node as a cluster of so many sites."""
        with _PORTS:
            return cluster_at(self.context, self.cluster.node_address or "", sites=number)

    def plan(self, text: str) -> None:
        """Plan, and have an image for everything."""
        planned(self.folder, text)
        self.name_images()

    def name_images(self) -> None:
        """Have an image for everything that is planned."""
        images = {
            name for site in self.folder.glob("out/*-*") for name in image.images_of(objects_of(self.folder, site.name))
        }
        image.name_after(self.cluster, {name for name in images - self._named if not name.startswith(LEFT_ALONE)})
        self._named |= images

    def apply(self, *keys: str, **options: Any) -> list[Ended]:
        """Apply sites at once, as operators of their own would."""
        with ThreadPoolExecutor(len(keys)) as operators:
            return list(operators.map(lambda key: sites.apply(self.folder, key, **options), keys))

    def come_up(self, *keys: str) -> None:
        """Apply sites, all of which must be as planned in the end."""
        for ended in self.apply(*keys):
            assert ended.code == 0, ended.all
            assert "FED922" not in ended.all

    def all_pods(self, site: object) -> list[dict[str, Any]]:
        """The pods of a site, those that are on their way out too."""
        return list(self.api.list("v1", "Pod", self.namespace(site), Deadline(20)))

    def pods(self, site: object) -> dict[str, str]:
        """The pods of a site that are there to stay."""
        staying = [pod["metadata"] for pod in self.all_pods(site) if not pod["metadata"].get("deletionTimestamp")]
        return {each["labels"]["app.kubernetes.io/name"]: each["uid"] for each in staying}

    def pod(self, site: object, component: str) -> dict[str, Any]:
        """One pod, of our own manifests or of a chart."""
        (found,) = (each for each in self.all_pods(site) if component in map(each["metadata"]["labels"].get, _NAMES))
        return found

    def run(self, site: object, component: str, *command: str) -> str:
        """What a command in a component's pod writes."""
        ran = self.exec(site, component, *command)
        assert ran.code == 0, ran
        return ran.output

    def exec(self, site: object, component: str, *command: str) -> Ran:
        """How a command in a component's pod ends."""
        pod = self.pod(site, component)
        container = pod["spec"]["containers"][0]["name"]
        return self.api.run(self.namespace(site), pod["metadata"]["name"], container, command, Deadline(60))

    def ask(self, site: object, component: str, url: str) -> dict[str, Any]:
        """What somebody answers to a component's pod; kube-proxy may need a moment to know who is ready."""
        command, ran = ("wget", "-q", "-O", "-", f"http://{url}"), None
        for _ in range(60):
            ran = self.exec(site, component, *command)
            if ran.code == 0:
                found: dict[str, Any] = json.loads(ran.output)
                return found
            time.sleep(2)
        pytest.fail(f"{component} of {site} asks {url}: {ran}", pytrace=False)

    def door(self, site: object, service: str) -> str:
        """Where the world finds the first port of a Service."""
        found = self.api.get(Reference("v1", "Service", self.namespace(site), service), Deadline(20))
        assert found is not None
        return f"{self.cluster.node_address}:{found['spec']['ports'][0]['nodePort']}"

    def secret(self, site: object, name: str) -> dict[str, str]:
        """The values of a Secret."""
        found = self.api.get(Reference("v1", "Secret", self.namespace(site), name), Deadline(20))
        assert found is not None
        return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


def restarted(before: Pods, after: Pods) -> set[str]:
    """The components whose pods are others now."""
    assert set(before) == set(after)
    return {name for name, uid in after.items() if before[name] != uid}


def until(check: Callable[[], object], seconds: float = 180) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.5)


def give_volumes(cluster: Cluster, name: str, number: int) -> None:
    """Make a storage class with a few volumes, where pods of any user may write, as they may with most provisioners."""
    from kubernetes import client, config

    load: Any = config.new_client_from_config
    reached = load(str(cluster.kubeconfig))
    core: Any = client.CoreV1Api(reached)
    storage: Any = client.StorageV1Api(reached)
    assert cluster.run is not None
    storage.create_storage_class({"metadata": {"name": name}, "provisioner": "kubernetes.io/no-provisioner"})
    for each in range(number):
        folder = cluster.run / "volumes" / f"{name}-{each}"
        folder.mkdir()
        folder.chmod(0o777)
        spec = {
            "capacity": {"storage": "1Ti"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": name,
            "hostPath": {"path": str(VOLUMES / folder.name)},
        }
        core.create_persistent_volume({"metadata": {"name": folder.name}, "spec": spec})


def configuration_is_filled(land: Land, site: object, component: str) -> None:
    """The files that `configure` writes have their values where there were places: passwords and the pod's address."""
    pod = land.pod(site, component)
    (main,) = pod["spec"]["containers"]
    assert all(each["restartCount"] == 0 for each in pod["status"]["containerStatuses"])
    files = [
        f"{mount['mountPath']}" if "subPath" in mount else f"{mount['mountPath']}/*"
        for mount in main["volumeMounts"]
        if mount["name"] == "files"
    ]
    makers = [each for each in pod["spec"].get("initContainers", ()) if each["name"] == "configure"]
    assert bool(files) == bool(makers)
    if makers:
        text = land.run(site, component, "sh", "-c", f"cat {' '.join(files)}")
        assert "@@" not in text
        environ = {each["name"]: each for each in makers[0]["env"]}
        for name in environ["NAMES"]["value"].split():
            source = environ[name]["valueFrom"]
            key = source.get("secretKeyRef")
            value = land.secret(site, key["name"])[key["key"]] if key else pod["status"]["podIP"]
            assert value in text


def messages_pass(land: Land, router: str, one: object, other: object, *, through: object = None) -> None:
    """A message to another party goes out of the router's pod, in by the NodePort, and up to FATE-Flow."""
    names = [land.pod(site, router)["metadata"]["name"] for site in (one, through, other) if site is not None]
    found = land.ask(one, router, f"{router}:9370/to/{other}")
    assert (found["component"], [*found["by"], found["pod"]]) == (router, names)
    found = land.ask(one, "python", f"{router}:9370/to/{other}/fateflow")
    assert (found["component"], found["by"]) == ("fateflow", names)
    if through is None:
        assert land.ask(one, router, land.door(other, router))["pod"] == names[-1]


def ways_open(router: str, lands: Mapping[int, Land]) -> None:
    """Wait until a message from every party's pods comes to FATE-Flow of every other: ready is not yet known to all."""
    for one, other in itertools.permutations(lands, 2):
        lands[one].ask(one, "python", f"{router}:9370/to/{other}/fateflow")


@contextmanager
def ended_pods_go(cluster: Cluster) -> Iterator[None]:
    """Delete pods as soon as all their containers have ended.

    The kubelet does it itself, but where container and sandbox end in the same second, Kubernetes 1.20 notices only
    when it next collects what is left of containers, once a minute.
    """
    from kubernetes import client, config
    from urllib3.exceptions import HTTPError

    load: Any = config.new_client_from_config
    core: Any = client.CoreV1Api(load(str(cluster.kubeconfig)))
    is_over = threading.Event()

    def look() -> None:
        for pod in core.list_pod_for_all_namespaces().items:
            own = pod.metadata
            states = pod.status.container_statuses or ()
            if own.deletion_timestamp and states and all(each.state.terminated for each in states):
                options = {"gracePeriodSeconds": 0, "preconditions": {"uid": own.uid}}
                with suppress(client.ApiException):
                    core.delete_namespaced_pod(own.name, own.namespace, body=options)

    def watch() -> None:
        while not is_over.wait(1):
            with suppress(client.ApiException, OSError, HTTPError):  # the API server may be away
                look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield
    is_over.set()
    watcher.join()


# The stories


def two_parties(land: Land, patch: pytest.MonkeyPatch) -> None:
    """FATE v1.11.2: two parties of Eggroll, each in its namespace, one of which keeps its data."""
    kept = land.namespace("kept")
    give_volumes(land.cluster, kept, 4)
    patch.setenv(PASSWORD, "first-password")

    def text(**more: Any) -> str:
        first = land.party(
            9999, EVERYTHING, persistence={"storageClass": kept}, credentials={"mysql": f"env:{PASSWORD}"}
        )
        defaults = {"components": dict.fromkeys(EVERYTHING, SMALL)}
        return federation(first, land.party(10000, EGGROLL, **more), clusters=clusters, defaults=defaults)

    clusters = [land.bank(2)]
    land.plan(text())
    land.come_up("party-9999", "party-10000")
    for site, components in ((9999, EVERYTHING), (10000, EGGROLL)):
        assert set(land.pods(site)) == set(components)
        for component in components:
            configuration_is_filled(land, site, component)
    messages_pass(land, "rollsite", 9999, 10000)
    messages_pass(land, "rollsite", 10000, 9999)

    # a secret of one, and a setting of the other that is read at start only
    land.run(9999, "mysql", "sh", "-c", "echo rows >/var/lib/mysql/table")
    one, other = land.pods(9999), land.pods(10000)
    patch.setenv(PASSWORD, NEXT_PASSWORD)
    land.plan(
        text(components={**dict.fromkeys(EGGROLL, SMALL), "nodemanager": {**SMALL, "sessionProcessorsPerNode": 8}})
    )
    land.come_up("party-9999", "party-10000")
    assert restarted(one, land.pods(9999)) == {"mysql", "clustermanager", "python"}
    assert restarted(other, land.pods(10000)) == {"nodemanager", "clustermanager", "python"}
    assert land.run(9999, "mysql", "cat", "/var/lib/mysql/password") == NEXT_PASSWORD
    assert "processors.per.node=8" in land.run(10000, "nodemanager", "cat", EGGROLL_PROPERTIES)
    messages_pass(land, "rollsite", 9999, 10000)


def star(land: Land, patch: pytest.MonkeyPatch) -> None:
    """FATE v2.0.0: messages go through an exchange; one whose party has got another port is told so while it runs."""
    del patch

    def text(**more: Any) -> str:
        return federation(
            land.party(9999, OSX),
            land.party(10000, OSX, **more),
            release="v2.0.0",
            clusters=clusters,
            exchanges=[
                {"name": "hub", "cluster": "bank", "namespace": land.namespace("hub"), "components": {"osx": SMALL}}
            ],
            defaults={"components": dict.fromkeys(OSX, SMALL)},
        )

    clusters = [land.bank(3)]
    land.plan(text())
    land.come_up("exchange-hub", "party-9999", "party-10000")
    messages_pass(land, "osx", 9999, 10000, through="hub")
    messages_pass(land, "osx", 10000, 9999, through="hub")
    before = {site: land.pods(site) for site in ("hub", 9999, 10000)}
    door = land.door(10000, "osx")
    land.plan(text(ports={"osx": int(clusters[0]["nodePorts"].partition("-")[2])}))
    land.come_up("exchange-hub", "party-10000")
    assert land.door(10000, "osx") != door
    assert land.door(10000, "osx").rpartition(":")[2] in land.run("hub", "osx", "cat", OSX_TABLE)
    assert {site: land.pods(site) for site in before} == before
    messages_pass(land, "osx", 9999, 10000, through="hub")


def moved_peers(land: Land, patch: pytest.MonkeyPatch) -> None:
    """Pulsar forgets the address of a peer that has moved, nginx starts again for one that is gone; data is kept."""
    del patch

    def text(address: str, *gone: int) -> str:
        peers = [land.party(each, PULSAR, "shop") for each in (10000, 9998) if each not in gone]
        moved = [bank, {**shop, "address": address}]
        defaults = {"engine": "spark_local_pulsar", "components": dict.fromkeys(PULSAR, SMALL)}
        return federation(
            land.party(9999, PULSAR, persistence={"storageClass": kept}), *peers, clusters=moved, defaults=defaults
        )

    def known() -> list[str]:
        return land.run(9999, "pulsar", "bin/pulsar-admin", "clusters", "list").split()

    kept = land.namespace("kept")
    give_volumes(land.cluster, kept, 3)
    bank, shop = land.bank(1), cluster_at("shop", sites=2)
    land.plan(text("192.0.2.1"))
    land.come_up("party-9999")
    assert land.ask(9999, "python", "nginx:9300/to/9999")["component"] == "fateflow"
    assert "advertisedAddress=127.0.0.1" in land.run(9999, "pulsar", "sh", "-c", "cat $PULSAR_STANDALONE_CONF")
    for peer in ("10000", "9998"):
        land.run(9999, "pulsar", "bin/pulsar-admin", "clusters", "create", peer)
    before = land.pods(9999)
    land.plan(text("192.0.2.2"))
    land.come_up("party-9999")
    assert (restarted(before, land.pods(9999)), known()) == (set(), ["standalone"])
    for peer in ("10000", "9998"):
        land.run(9999, "pulsar", "bin/pulsar-admin", "clusters", "create", peer)
    land.plan(text("192.0.2.2", 9998))
    land.come_up("party-9999")
    assert (restarted(before, land.pods(9999)), known()) == ({"nginx"}, ["10000", "standalone"])

    # what nobody asked to delete outlives its site
    land.run(9999, "mysql", "sh", "-c", "echo rows >/var/lib/mysql/table")
    before, passwords = land.pods(9999), land.secret(9999, "mysql")
    gone = sites.remove(land.folder, "party-9999")
    assert gone.code == 0, gone.all
    until(lambda: not land.pods(9999))
    land.come_up("party-9999")
    assert restarted(before, land.pods(9999)) == set(PULSAR)
    assert land.run(9999, "mysql", "cat", "/var/lib/mysql/table") == "rows\n"
    assert land.secret(9999, "mysql") == passwords
    assert known() == ["standalone"], "where no table was before, no address can be relied on"


def bad_pods(land: Land, patch: pytest.MonkeyPatch) -> None:
    """What is wrong with pods is told in the node's own words."""
    del patch
    broken = {
        "python": {**SMALL, "image": f"{ABSENT}/fateflow"},
        "nodemanager": {"resources": {"requests": {"cpu": "640", "memory": "32Mi"}}},
        "rollsite": {**SMALL, "image": standin.STANDIN.partition(":")[0], "imageTag": "1"},
        "fateboard": {"resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "48Mi"}}},
    }
    components = {**dict.fromkeys(EVERYTHING, SMALL), **broken}
    wanted = {
        "python": ("cannot pull image",),
        "nodemanager": ("nsufficient cpu",),
        "rollsite": ("exit code 127", "java: not found"),
        "fateboard": ("OOMKilled",),
    }
    land.plan(
        federation(land.party(9999, EVERYTHING, components=components), clusters=[land.bank(1), cluster_at("shop")])
    )

    def is_told() -> bool:
        """A node with much to do comes to it late; what it has found stays so."""
        (ended,) = land.apply("party-9999", timeout=25, format_name="json")
        assert ended.code == 1, ended.all
        found = [each for each in ended.data["diagnostics"] if each["severity"] == "error"]
        told = {
            each["message"].split("/")[1].split()[0]: str([each["message"], *(n["message"] for n in each["notes"])])
            for each in found
        }
        return all(word in told.get(name, "") for name, words in wanted.items() for word in words)

    until(is_told, 300)


STORIES = {story.__name__: story for story in (two_parties, star, moved_peers, bad_pods)}


@pytest.fixture(scope="module")
def told(
    request: pytest.FixtureRequest, real_node: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[None]]]:
    """The stories that were asked for, all at once."""
    asked: list[Any] = request.session.items
    wanted = [item.callspec.params["name"] for item in asked if "told" in getattr(item, "fixturenames", ())]
    image.give(real_node)
    with ended_pods_go(real_node), pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(STORIES)) as tellers:
        folder = tmp_path_factory.mktemp("stories")
        sites.use(patch, kubeconfig(folder / "kubeconfig", bank=real_node))
        yield {name: tellers.submit(STORIES[name], Land(real_node, folder / name), patch) for name in wanted}


@pytest.mark.parametrize("name", STORIES)
def test_story(told: Mapping[str, Future[None]], name: str) -> None:
    """Each story ends well; see there."""
    told[name].result()
