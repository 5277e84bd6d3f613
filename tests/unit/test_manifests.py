"""What is read back from manifests: small ones, written by hand, with one thing at a time another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from planner.channels import Channel
from planner.lookup import POLLED, Endpoint
from renderers.manifests import locate, read
from renderers.manifests.document import documents
from renderers.reading import Gate, Reading, Unreadable

Tree = dict[str, Any]
LABELS = {"app.kubernetes.io/instance": "fate-9999", "app.kubernetes.io/version": "v1.11.2", "partyId": "9999"}
EGGROLL = "/data/projects/fate/eggroll/conf"
PEER = {"default": [{"ip": "192.168.10.1", "port": 30101}]}
OWN = {"fateflow": [{"ip": "fateflow", "port": 9360}], "default": [{"ip": "rollsite", "port": 9370}]}


def made(kind: str, name: str, spec: Tree | None = None, namespace: str = "fate-9999", **more: Any) -> Tree:
    """An object."""
    metadata = {"name": name, "namespace": namespace, "labels": dict(LABELS)}
    return {"kind": kind, "metadata": metadata, **({} if spec is None else {"spec": spec}), **more}


def workload(name: str, ports: Mapping[str, int], mounts: Mapping[str, tuple[str, str]], **container: Any) -> Tree:
    """A Deployment; `mounts` maps a path to a ConfigMap and a subPath."""
    labels = {"app": name}
    volumes = [{"name": each, "configMap": {"name": each}} for each in dict.fromkeys(one for one, _ in mounts.values())]
    main = {
        "name": "fateflow" if name == "python" else name,
        "ports": [{"name": key, "containerPort": number} for key, number in ports.items()],
        "volumeMounts": [
            {"name": volume, "mountPath": path, **({"subPath": sub} if sub else {})}
            for path, (volume, sub) in mounts.items()
        ],
        **container,
    }
    pod = {"containers": [main], "volumes": volumes}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return made("Deployment", name, {"replicas": 1, "selector": {"matchLabels": labels}, "template": template})


def service(name: str, component: str, ports: Mapping[int, int | str], **spec: Any) -> Tree:
    """A Service; `ports` maps its ports to target ports."""
    rows = [{"port": number, "targetPort": target} for number, target in ports.items()]
    return made("Service", name, {"selector": {"app": component}, "ports": rows, **spec})


def config(name: str, **data: str) -> Tree:
    """A ConfigMap; in keys a double underscore stands for a dot."""
    return made("ConfigMap", name, data={key.replace("__", "."): text for key, text in data.items()})


class Site:
    """The objects of a small eggroll party, to be changed at will."""

    def __init__(self) -> None:
        properties = "eggroll.rollsite.host=rollsite\neggroll.rollsite.port=9370\neggroll.rollsite.party.id=9999\n"
        properties += "eggroll.rollsite.route.table.path=conf/route_table/route_table.json\n"
        manager = "eggroll.resourcemanager.clustermanager."
        properties += f"{manager}host=clustermanager\n{manager}port=4670\n"
        conf = {
            "party_id": 9999,
            "fateflow": {"http_port": 9380, "grpc_port": 9360, "proxy": "rollsite"},
            "default_engines": {"computing": "eggroll", "federation": "eggroll", "storage": "eggroll"},
            "fate_on_eggroll": {"rollsite": {"host": "rollsite", "port": 9370}},
        }
        self.table: Tree = {"10000": dict(PEER), "9999": dict(OWN)}
        self.extra: Tree = {"permission": {"default_allow": True}}
        self.properties, self.conf = properties, conf
        at = f"{EGGROLL}/eggroll.properties"
        self.rollsite = workload("rollsite", {"tcp": 9370}, {at: ("eggroll", "eggroll.properties")})
        self.routes = {"name": "routes", "mountPath": f"{EGGROLL}/route_table"}
        self.container["volumeMounts"].append(self.routes)
        self.pod["volumes"].append({"name": "routes", "configMap": {"name": "routes"}})
        self.door = service("rollsite", "rollsite", {9370: "tcp"}, type="NodePort")
        self.door["spec"]["ports"][0]["nodePort"] = 30091
        self.more: list[Tree] = [
            workload("clustermanager", {"tcp": 4670}, {at: ("eggroll", "eggroll.properties")}),
            service("clustermanager", "clustermanager", {4670: "tcp"}),
            workload(
                "python",
                {"grpc": 9360, "http": 9380},
                {
                    "/data/projects/fate/conf/service_conf.yaml": ("python", "service_conf.yaml"),
                    at: ("eggroll", "eggroll.properties"),
                },
            ),
            service("fateflow", "python", {9360: "grpc", 9380: "http"}),
        ]

    @property
    def pod(self) -> Tree:
        """The specification of rollsite's pods."""
        found: Tree = self.rollsite["spec"]["template"]["spec"]
        return found

    @property
    def container(self) -> Tree:
        """Rollsite's container."""
        found: Tree = self.pod["containers"][0]
        return found

    def files(self) -> dict[str, str]:
        """The files of its folder."""
        text = json.dumps({"route_table": self.table, **self.extra})
        objects = [
            self.rollsite,
            self.door,
            config("eggroll", eggroll__properties=self.properties),
            config("routes", route_table__json=text),
            config("python", service_conf__yaml=yaml.dump(self.conf, Dumper=yaml.CSafeDumper)),
            *self.more,
        ]
        folder = {"30-all.yaml": yaml.dump_all(objects, Dumper=yaml.CSafeDumper)}
        return {**folder, "kustomization.yaml": yaml.safe_dump({"kind": "Kustomization", "resources": list(folder)})}

    def reading(self) -> Reading:
        """What is read of it."""
        (found,) = read(self.files())
        assert isinstance(found, Reading), found
        return found

    def gate(self) -> Gate:
        """Its rollsite."""
        found = self.reading().gate(Channel.ROLLSITE)
        assert found is not None
        return found

    def told(self) -> str:
        """All remarks."""
        return "\n".join(remark.message for remark in self.reading().remarks)


@pytest.fixture
def site() -> Site:
    """A site in which all is well."""
    return Site()


def test_a_party(site: Site) -> None:
    """Routes, door, identity, and nothing to remark."""
    found, gate = site.reading(), site.gate()
    assert found.remarks == ()
    assert (found.name, found.namespace, found.party, found.release) == ("fate-9999", "fate-9999", 9999, "v1.11.2")
    assert (found.module, sorted(found.modules)) == ("rollsite", ["clustermanager", "python", "rollsite"])
    assert found.engine == ("eggroll", "eggroll", "eggroll")
    assert dict(gate.table.entries) == {10000: Endpoint("192.168.10.1", 30101)}
    assert (gate.table.own, gate.table.default) == (9999, ())
    assert [(each.service_type, each.node_port) for each in gate.exposed] == [("NodePort", 30091)]
    assert [each.service for each in found.open] == ["rollsite"]
    assert gate.path == ("ConfigMap/routes", "data", "route_table.json")


class TestFolder:
    """The files of a folder, and what `kubectl apply -k` makes of them."""

    def test_no_kustomization(self, site: Site) -> None:
        """It must be there."""
        files = site.files()
        del files["kustomization.yaml"]
        assert Unreadable("kustomization.yaml", "it is missing") in read(files)

    @pytest.mark.parametrize(
        ("resources", "message"),
        [([], "it leaves 30-all.yaml out"), (["30-all.yaml", "40-x.yaml"], "it lists 40-x.yaml, which is missing")],
    )
    def test_resources(self, site: Site, resources: list[str], message: str) -> None:
        """It lists the numbered files, all of them."""
        files = {**site.files(), "kustomization.yaml": yaml.safe_dump({"resources": resources})}
        assert Unreadable("kustomization.yaml", message) in read(files)

    def test_a_transformer(self, site: Site) -> None:
        """It changes no object."""
        files = site.files()
        files["kustomization.yaml"] += "namePrefix: x-\n"
        assert "it changes the objects that it lists (namePrefix)" in str(read(files)[0])

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a: [", "it is not YAML"),
            ("a: 1\n", "lacks a kind or a name"),
            ("kind: Service\nmetadata: {name: x}\n", "names no namespace"),
            ("kind: ConfigMap\nmetadata: {name: eggroll, namespace: fate-9999}\n", "stands in the files twice"),
        ],
    )
    def test_a_broken_file(self, site: Site, text: str, message: str) -> None:
        """Each document is an object of its own."""
        files = {**site.files(), "40-x.yaml": text}
        files["kustomization.yaml"] = yaml.safe_dump({"resources": ["30-all.yaml", "40-x.yaml"]})
        assert any(isinstance(each, Unreadable) and message in each.message for each in read(files))

    def test_no_pods(self) -> None:
        """A folder without workloads deploys nothing."""
        (found,) = read({"kustomization.yaml": "resources: []\n"})
        assert found == Unreadable("kustomization.yaml", "no object of the site runs any pods")


class TestTable:
    """rollsite's rules (components.md section 3.3)."""

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ({"default": [{"ip": "192.168.10.1", "port": "30101"}]}, "no usable ip and port (a number)"),
            ({"default": [{"ip": "", "port": 30101}]}, "no usable ip and port"),
            ({"default": []}, "no usable ip and port"),
            ({"fateflow": [{"ip": "x", "port": 1}]}, "no usable ip and port"),
            ({"default": [{"ip": "", "port": -1, "is_polling": True}]}, "nobody can poll"),
            ({"default": [{"ip": "192.168.10.1", "port": 30101, "is_secure": True}]}, "by TLS"),
        ],
    )
    def test_a_row(self, site: Site, row: Tree, message: str) -> None:
        """A row that leads nowhere is remarked on."""
        site.table["10000"] = row
        assert message in site.told()

    def test_only_the_first_endpoint_counts(self, site: Site) -> None:
        """The others are never dialled."""
        site.table["10000"] = {"default": [*PEER["default"], {"ip": "10.0.0.1", "port": 1}]}
        assert (dict(site.gate().table.entries), site.gate().table.more) == (
            {10000: Endpoint("192.168.10.1", 30101)},
            {},
        )

    def test_polling(self, site: Site) -> None:
        """A polling server has entries without an address."""
        site.properties += "eggroll.rollsite.polling.server.enabled=true\n"
        site.table["10000"] = {"default": [{"ip": "", "port": -1, "is_polling": True}]}
        assert site.gate().table.entries == {10000: POLLED}
        assert site.told() == ""

    def test_the_default_route(self, site: Site) -> None:
        """It may be refused, and one to rollsite itself is none (fact 6)."""
        site.table["default"] = {"default": [{"ip": "192.168.1.1", "port": 30000}]}
        assert site.gate().table.default == (Endpoint("192.168.1.1", 30000),)
        site.extra = {"permission": {"default_allow": False}}
        assert site.gate().table.default == ()
        site.extra, site.table["default"] = {}, {"default": [{"ip": "rollsite", "port": 9370}]}
        assert site.gate().table.default == ()

    @pytest.mark.parametrize(
        ("role", "entry", "message"),
        [
            ("default", {"ip": "rollsite.fate-9999", "port": 9370}, "by which rollsite knows itself"),
            ("default", {"ip": "rollsite", "port": 9371}, "by which rollsite knows itself"),
            ("fateflow", {"ip": "fateflow", "port": 9380}, "not its own FATE-Flow"),
            ("fateflow", {"ip": "clustermanager", "port": 4670}, "not its own FATE-Flow"),
        ],
    )
    def test_the_own_entry(self, site: Site, role: str, entry: Tree, message: str) -> None:
        """Messages to the site itself must reach it."""
        site.table["9999"] = {**OWN, role: [entry]}
        assert message in site.told()

    def test_no_json(self, site: Site) -> None:
        """One broken file stops the refresh for good (fact 4)."""
        site.extra = {"x": float("nan")}
        assert site.told() == ""
        files = site.files()
        files["30-all.yaml"] = files["30-all.yaml"].replace('{"route_table"', '{"route_table":')
        (found,) = read(files)
        assert isinstance(found, Reading)
        assert any("it is not JSON" in remark.message for remark in found.remarks)

    def test_another_party(self, site: Site) -> None:
        """FATE is told its own id in several files."""
        site.properties = site.properties.replace("party.id=9999", "party.id=9998")
        site.conf["party_id"] = 9998
        assert site.told().count("9998, and the site is 9999") == 2


class TestSight:
    """What a container finds at a path."""

    def test_another_path(self, site: Site) -> None:
        """A table that is mounted elsewhere is not read."""
        site.routes["mountPath"] = "/elsewhere"
        assert "rollsite looks for its route table at /data/projects/fate/eggroll/conf/route_table" in site.told()
        assert site.gate().table.entries == {}

    def test_a_single_file(self, site: Site) -> None:
        """A subPath never changes."""
        site.routes |= {"mountPath": f"{EGGROLL}/route_table/route_table.json", "subPath": "route_table.json"}
        assert "never sees changes of its route table" in site.told()
        assert site.gate().table.entries

    def test_items(self, site: Site) -> None:
        """Keys may have other paths, and only those that are listed are there."""
        volume = site.pod["volumes"][-1]["configMap"]
        volume["items"] = [{"key": "route_table.json", "path": "route_table.json"}]
        assert site.told() == ""
        volume["items"] = [{"key": "route_table.json", "path": "other.json"}]
        assert "looks for its route table" in site.told()
        volume["items"] = [{"key": "other.json", "path": "route_table.json"}]
        assert "asks for key other.json, which ConfigMap routes lacks" in site.told()

    def test_a_link(self, site: Site) -> None:
        """A link that the start command makes keeps a table hot, a copy does not."""
        site.routes["mountPath"] = "/routes"
        folder = "${EGGROLL_HOME}/conf/route_table"
        site.container["command"] = ["sh", "-c", f"ln -sf /routes/route_table.json {folder}/route_table.json; exec x"]
        assert (site.told(), bool(site.gate().table.entries)) == ("", True)
        site.container["command"] = ["sh", "-c", f"cp /routes/route_table.json {folder}/ && exec x"]
        assert "never sees changes" in site.told()

    def test_configure(self, site: Site) -> None:
        """Places are filled in from the environment of the container that ran before."""
        site.properties = site.properties.replace("port=9370", "port=@@PORT@@") + "key=@@KEY@@\n"
        site.container["volumeMounts"][0] = {
            "name": "files",
            "mountPath": f"{EGGROLL}/eggroll.properties",
            "subPath": "eggroll.properties",
        }
        environment = {"FROM": "/t", "TO": "/f", "NAMES": "PORT KEY", "PORT": "9370"}
        init = {
            "name": "configure",
            "env": [{"name": key, "value": value} for key, value in environment.items()],
            "volumeMounts": [{"name": "eggroll", "mountPath": "/t"}, {"name": "files", "mountPath": "/f"}],
        }
        secret = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}
        site.pod["volumes"].append({"name": "files", "emptyDir": {"medium": "Memory"}})
        site.pod["initContainers"] = [{**init, "env": [*init["env"], secret]}]
        site.more = []  # the others read the same file as it is
        assert "@@" not in site.told()
        assert site.gate().exposed
        site.pod["initContainers"] = [init]
        assert "configure has no value for @@KEY@@" in site.told()
        init["env"][2]["value"] = "PORT"  # type: ignore[index]
        assert "nothing fills @@KEY@@ in" in site.told()

    def test_no_config_map(self, site: Site) -> None:
        """Pods wait for a ConfigMap that is missing, unless they can do without."""
        site.pod["volumes"].append({"name": "x", "configMap": {"name": "missing"}})
        assert "its pods wait for ConfigMap missing" in site.told()
        site.pod["volumes"][-1]["configMap"]["optional"] = True
        assert site.told() == ""


class TestServices:
    """Services that really lead to pods."""

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ({"selector": {"app": "another"}}, "the Service selects no pods"),
            ({"selector": {}}, "the Service selects no pods"),
            ({"ports": [{"port": 9370, "targetPort": "other"}]}, "its pods have no port other"),
            ({"ports": [{"port": 9370}]}, ""),
            ({"ports": [{"port": 9371}]}, "its pods have no port 9371"),
            ({"ports": [{"port": 9370, "protocol": "UDP"}]}, "FATE speaks TCP only"),
            ({"type": "ClusterIP"}, "a nodePort has no effect"),
            ({"clusterIP": "None", "ports": [{"port": 80, "targetPort": 9370}]}, "its pods have no port 80"),
        ],
    )
    def test_a_service(self, site: Site, spec: Tree, message: str) -> None:
        """Selector, ports and type must fit the pods."""
        site.door["spec"] |= spec
        assert message in site.told()
        heard = [each for each in site.gate().exposed if each.service_type == "NodePort"]
        assert bool(heard) == (not message)

    def test_two_components(self, site: Site) -> None:
        """A Service that also selects another component sends it half of the messages."""
        for each in (site.rollsite, site.more[0]):
            each["spec"]["template"]["metadata"]["labels"]["both"] = "yes"
        site.door["spec"]["selector"] = {"both": "yes"}
        assert "the Service selects pods of clustermanager and rollsite" in site.told()

    def test_another_namespace(self, site: Site) -> None:
        """Services and ConfigMaps are found in the namespace of the pods only."""
        site.door["metadata"]["namespace"] = "another"
        assert "the Service selects no pods" in site.told()
        assert site.gate().exposed == ()

    def test_a_load_balancer(self, site: Site) -> None:
        """Its address is the Service's own."""
        site.door["spec"] |= {"type": "LoadBalancer", "loadBalancerIP": "172.16.0.1"}
        (door,) = site.gate().exposed
        assert (door.service_type, door.load_balancer, door.container_port) == ("LoadBalancer", "172.16.0.1", 9370)

    @pytest.mark.parametrize(
        ("spec", "message"),
        [({"replicas": 0}, "it runs no pods"), ({"selector": {"matchLabels": {"app": "x"}}}, "its own pods")],
    )
    def test_a_workload(self, site: Site, spec: Tree, message: str) -> None:
        """It must run pods, and know them."""
        site.rollsite["spec"] |= spec
        assert message in site.told()

    def test_a_program_that_listens_elsewhere(self, site: Site) -> None:
        """The container port must be the one that the program was told to open."""
        site.container["ports"] = [{"name": "tcp", "containerPort": 9371}]
        assert "rollsite does not listen on port 9371" in site.told()
        assert site.gate().exposed == ()


class TestFlow:
    """FATE-Flow's own settings."""

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("fate_on_eggroll", {"rollsite": {"host": "rolsite", "port": 9370}}, "rolsite:9370 does not lead to"),
            ("fate_on_eggroll", {"rollsite": {"host": "rollsite", "port": 9371}}, "rollsite:9371 does not lead to"),
            ("fateflow", {"http_port": 9381, "grpc_port": 9360, "proxy": "rollsite"}, "http_port is 9381"),
            ("fateflow", {"http_port": 9380, "grpc_port": 9360, "proxy": "nginx"}, "go through nginx instead"),
            ("servings", {"hosts": ["nowhere"]}, "a host is no host:port"),
        ],
    )
    def test_a_setting(self, site: Site, key: str, value: Any, message: str) -> None:
        """What does not lead to the site's own components is remarked on."""
        site.conf[key] = value
        assert message in site.told()

    def test_servings(self, site: Site) -> None:
        """Where models are loaded, unless a registry is asked."""
        site.conf |= {"servings": {"hosts": ["10.0.0.1:8000"]}, "zookeeper": {"hosts": ["zk.x:2181"]}}
        gate = site.reading().gate(Channel.LOAD)
        assert gate is not None
        assert gate.table.entries == {9999: Endpoint("10.0.0.1", 8000)}
        site.conf["use_registry"] = True
        gate = site.reading().gate(Channel.LOAD)
        assert gate is not None
        assert gate.table.entries == {9999: Endpoint("zk.x", 2181)}


class TestDocument:
    """The text of a file."""

    TEXT = (
        "# head\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  t: |\n    first:\n      x: 1\n"
        "---\nkind: ConfigMap\nmetadata: {name: b}\n"
    )

    @pytest.mark.parametrize(
        ("path", "place"),
        [
            ((), (1, 1)),
            (("ConfigMap/a", "data"), (5, 1)),
            (("ConfigMap/a", "data", "t", "first"), (7, 5)),
            (("ConfigMap/a", "data", "t", "first", "x"), (8, 7)),
            (("ConfigMap/a", "data", "nothing"), (5, 1)),
            (("ConfigMap/b", "metadata", "name"), (11, 12)),
            (("Service/c",), (1, 1)),
        ],
    )
    def test_locate(self, path: tuple[str, ...], place: tuple[int, int]) -> None:
        """The deepest part of a path that exists, also inside a text."""
        found = locate(self.TEXT, path)
        assert (found.line, found.column) == place

    def test_broken_text(self) -> None:
        """Nothing is located in what is no YAML."""
        assert locate("a: [", ("ConfigMap/a",)).line == 1

    @pytest.mark.parametrize(
        "text", ["", "---\n", "a: 1\n---\n", "- 1\n- a: b\n", "a:\n- 1\n", "a: |-\n  x\n", "a: 'x'\n# end\n", "a: \n"]
    )
    def test_documents(self, text: str) -> None:
        """The quick reader and PyYAML agree, and empty documents are none."""
        assert documents(text) == tuple(each for each in yaml.safe_load_all(text) if each is not None)
