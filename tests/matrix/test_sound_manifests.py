"""The manifests of every release, engine, topology and exposure that target kubernetes offers are sound.

What is sound is said here in Kubernetes' own terms and looks at the texts alone: labels and selectors that fit, names
that exist where they are referred to, no secret in clear, nothing that a version of the API does not know.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from planner import site_json
from planner.pipeline import check
from planner.plan import Plan
from planner.secret_references import GENERATE, is_placeholder
from renderers.planning import render_site
from tests.quick_yaml import loaded

OFFERED: Final = (
    ("v1.11.2", "eggroll", None),
    ("v1.11.2", "eggroll", "rollsite"),
    ("v1.11.2", "spark_rabbitmq", None),
    ("v1.11.2", "spark_pulsar", None),
    ("v1.11.2", "spark_pulsar", "trafficServer"),
    ("v1.11.2", "spark_local_rabbitmq", None),
    ("v1.11.2", "spark_local_pulsar", None),
    ("v1.11.2", "spark_local_pulsar", "trafficServer"),
    ("v2.0.0", "eggroll", None),
    ("v2.0.0", "eggroll", "osx"),
    ("v2.0.0", "spark_rabbitmq", None),
    ("v2.0.0", "standalone_rabbitmq", None),
)
"""Release, engine, and the kind of the exchange where there is one (issue 4, `What it renders`)."""
EXPOSURES: Final = ("NodePort", "LoadBalancer", "ClusterIP")
VERSIONS: Final = (None, "1.20", "1.25", "1.37")
"""Versions of Kubernetes that manifests are written for; None is today's."""
SCHEMAS: Final = sorted(
    (
        name.removeprefix("v").removesuffix(".0-local-strict")
        for name in (each.name for each in files("kubernetes_validate").joinpath("kubernetes-json-schema").iterdir())
        if name.endswith(".0-local-strict")
    ),
    key=lambda version: tuple(map(int, version.split("."))),
)
"""The versions of the API that there are schemas of, oldest first."""
LABELS: Final = {
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "fedplan/federation",
    "fedplan/site",
    "fedplan/part",
    "fateMoudle",
    "partyId",
}
KINDS: Final = {
    "ConfigMap",
    "Deployment",
    "Ingress",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
    "StatefulSet",
}
ADDED: Final[Mapping[str, frozenset[str]]] = {
    "nginx": frozenset({"CHOWN", "SETGID", "SETUID"}),
    "traffic-server": frozenset(
        {"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID"}
    ),
}
"""Capabilities of programs that start as root and hand their work to processes of another user (one binds port 443)."""
DEFAULTS: Final = ("fate_dev", "fate_rabbitmq", "admin/admin", "password=admin", "password: admin", "passwd: fate")
"""The passwords that KubeFATE publishes (components.md section 12, number 9), as they would stand in a file."""
_MANIFEST: Final = re.compile(r"\d\d-[a-z0-9-]+\.yaml")
_VARIABLE: Final = re.compile(r"@@([A-Z0-9_]+)@@")
Object = Mapping[str, Any]


class Case(NamedTuple):
    """One combination."""

    release: str
    engine: str
    exchange: str | None
    exposure: str
    kubernetes: str | None = None
    rich: bool = False

    def __str__(self) -> str:
        """Its name among the tests."""
        rich = ["rich"] if self.rich else []
        parts = [self.release, self.engine, self.exchange or "mesh", self.exposure, self.kubernetes or "today", *rich]
        return "-".join(parts)


def cases() -> Iterator[Case]:
    """Every combination that can be: a DNS name of a Service is none that nginx can dial."""
    for number, (release, engine, exchange) in enumerate(OFFERED):
        for place, exposure in enumerate(EXPOSURES):
            if exposure == "ClusterIP" and engine != "eggroll":
                continue
            version = VERSIONS[(number + place) % len(VERSIONS)]
            yield Case(release, engine, exchange, exposure, version, rich=False)
            yield Case(release, engine, exchange, exposure, version, rich=True)


CASES: Final = tuple(cases())
FEW: Final = tuple(case for case in CASES if case.rich and case.exposure == "NodePort")
"""One of each engine and topology, with all that a site can have."""
QUICK: Final = tuple(case for case in FEW if case.exchange in {"trafficServer", "osx"} and "local" not in case.engine)
"""Those of the default run, which have nearly every component between them."""
every_case = pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if case in QUICK else pytest.mark.slow) for case in CASES], ids=str
)


def federation(case: Case) -> str:
    """The federation.yaml of a case: two parties, one of them with FATE-Serving where the case is rich."""
    one = case.exposure == "ClusterIP"
    version = f', kubernetes: "{case.kubernetes}"' if case.kubernetes else ""
    places = ["lab"] * 3 if one else ["bank", "shop", "hub"]
    lines = ["version: 1", "name: all", f"release: {case.release}", "clusters:"]
    lines += [
        f"  - {{name: {name}, address: 192.168.{9 + number}.1{version}}}"
        for number, name in enumerate(dict.fromkeys(places))
    ]
    if case.exchange is None:
        lines.append("topology: mesh")
    else:
        lines += ["topology: star", "exchanges:", f"  - {{name: hub, cluster: {places[2]}, kind: {case.exchange}%s}}"]
        lines[-1] %= _exposed(case, 30)
    rich = _RICH if case.rich else ""
    lines += ["parties:", f"  - {{id: 9999, cluster: {places[0]}{_exposed(case, 10)}{rich}}}"]
    lines.append(f"  - {{id: 10000, cluster: {places[1]}{_exposed(case, 20)}}}")
    lines += ["defaults:", "  target: kubernetes", f"  engine: {case.engine}"]
    if case.rich:
        lines += ["  networkPolicies: true", "  serving: {persistence: true, useRegistry: true}"]
    return "".join(f"{line}\n" for line in lines)


_RICH: Final = (
    ', persistence: true, registry: "harbor.example.org/fate/", imagePullSecrets: [harbor], '
    'credentials: {mysql: "env:FATE_MYSQL", fateboard: "secret:fate-9999/board#password"}'
)


def _exposed(case: Case, number: int) -> str:
    if case.exposure == "LoadBalancer":
        return f", exposure: {{type: LoadBalancer, address: 192.168.200.{number}}}"
    return "" if case.exposure == "NodePort" else f", exposure: {case.exposure}"


class Folder(NamedTuple):
    """One site's files, and what stands in them."""

    site: str
    files: Mapping[str, str]
    objects: tuple[Object, ...]
    secrets: tuple[Object, ...]
    contents: site_json.Contents

    def of(self, *kinds: str) -> Iterator[Object]:
        """The objects of some kinds."""
        return (each for each in self.objects if each["kind"] in kinds)

    @property
    def pods(self) -> Iterator[tuple[Object, Object]]:
        """Every workload with the template of its pods."""
        return ((each, each["spec"]["template"]) for each in self.of("Deployment", "StatefulSet"))


@cache
def plan_of(case: Case) -> Plan:
    """The plan of a case."""
    checked = check(federation(case).encode())
    assert checked.plan is not None, [diagnostic.message for diagnostic in checked.diagnostics]
    return checked.plan


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def folders(case: Case) -> tuple[Folder, ...]:
    """The rendered sites of a case."""
    plan = plan_of(case)
    render = render_site(plan)
    return tuple(_folder(planned.key, render(planned)) for planned in plan.sites)


def _folder(site: str, files: Mapping[str, str]) -> Folder:
    names = sorted(name for name in files if _MANIFEST.fullmatch(name))
    objects = [each for name in names for each in yaml.load_all(files[name], Loader=_LOADER)]
    secrets = list(yaml.load_all(files.get("secrets.yaml", ""), Loader=_LOADER))
    contents = site_json.parse(files["site.json"].encode())
    assert isinstance(contents, site_json.Contents), contents
    return Folder(site, files, tuple(objects), tuple(each for each in secrets if each), contents)


def containers(template: Object) -> Iterator[Object]:
    """All containers of a pod, those that run first included."""
    yield from template["spec"].get("initContainers", ())
    yield from template["spec"]["containers"]


def named(each: Object) -> str:
    """An object as it is told."""
    return f"{each['kind']} {each['metadata']['namespace']}/{each['metadata']['name']}"


@every_case
def test_the_kustomization_lists_exactly_the_numbered_files(case: Case) -> None:
    """In apply order, and nothing that would change the objects."""
    for folder in folders(case):
        kustomization = loaded(folder.files["kustomization.yaml"])
        assert kustomization.pop("resources") == sorted(name for name in folder.files if _MANIFEST.fullmatch(name))
        assert kustomization == {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
        others = folder.files.keys() - set(folder.contents.components)
        assert others <= {"kustomization.yaml", "secrets.yaml", "site.json"}
        assert all(text.startswith("# ") for name, text in folder.files.items() if name != "site.json")


@every_case
def test_objects_say_whose_they_are(case: Case) -> None:
    """Kind, name and namespace, once each; every label, with values that Kubernetes takes."""
    for folder in folders(case):
        seen = [named(each) for each in (*folder.objects, *folder.secrets)]
        assert len(seen) == len(set(seen))
        assert {each["kind"] for each in folder.objects} <= KINDS
        for each in (*folder.objects, *folder.secrets):
            labels = each["metadata"]["labels"]
            assert labels.keys() == LABELS, named(each)
            assert all(
                re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", label) for label in labels.values()
            )
            assert (labels["fedplan/site"], labels["app.kubernetes.io/managed-by"]) == (folder.site, "fedplan")
            assert each["metadata"]["namespace"] == folder.contents.namespaces.get(
                labels["fedplan/part"], folder.contents.namespaces["training"]
            )


@every_case
def test_selectors_select_their_own_pods_and_no_others(case: Case) -> None:
    """Of workloads, Services and PodDisruptionBudgets, in their namespace."""
    for folder in folders(case):
        for each in folder.of("Deployment", "StatefulSet", "Service", "PodDisruptionBudget"):
            spec = each["spec"]
            selector = spec["selector"] if each["kind"] == "Service" else spec["selector"]["matchLabels"]
            chosen = [
                workload["metadata"]["name"]
                for workload, template in folder.pods
                if workload["metadata"]["namespace"] == each["metadata"]["namespace"]
                and selector.items() <= template["metadata"]["labels"].items()
            ]
            assert len(chosen) == 1, (named(each), chosen)
            if each["kind"] in {"Deployment", "StatefulSet"}:
                assert selector.keys() == {"app.kubernetes.io/name", "fedplan/site"}
                assert "app.kubernetes.io/version" not in spec["template"]["metadata"]["labels"]


@every_case
def test_services_lead_to_ports_of_containers(case: Case) -> None:
    """Every targetPort is a port of the pods, and every port says its protocol and name."""
    for folder in folders(case):
        pods = {
            workload["metadata"]["labels"]["app.kubernetes.io/name"]: template for workload, template in folder.pods
        }
        for service in folder.of("Service"):
            template = pods[service["spec"]["selector"]["app.kubernetes.io/name"]]
            ports = {port["name"]: port for each in template["spec"]["containers"] for port in each.get("ports", ())}
            assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?", name) for name in ports), ports
            for port in service["spec"]["ports"]:
                assert port["targetPort"] in ports, named(service)
                assert port["protocol"] == "TCP"
                assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", port["name"])
        for ingress in folder.of("Ingress"):
            services = {each["metadata"]["name"]: each["spec"]["ports"] for each in folder.of("Service")}
            for path in (path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]):
                backend = path["backend"]["service"]
                assert backend["port"]["number"] in {port["port"] for port in services[backend["name"]]}
        for each in folder.of("StatefulSet"):
            assert any(
                service["metadata"]["name"] == each["spec"]["serviceName"]
                and service["metadata"]["namespace"] == each["metadata"]["namespace"]
                for service in folder.of("Service")
            ), named(each)


@every_case
def test_node_ports_are_the_plan_s(case: Case) -> None:
    """Every NodePort that is written is one the plan handed out, and every one handed out to a door is written."""
    plan = plan_of(case)
    for folder in folders(case):
        ports = [port for service in folder.of("Service") for port in service["spec"]["ports"]]
        written = {port["nodePort"] for port in ports if "nodePort" in port}
        assert written <= set(plan.by_key[folder.site].ports.values())
        if case.exposure == "NodePort":
            assert written, folder.site


@every_case
def test_pods_are_closed(case: Case) -> None:
    """No token, no service links, no privileges, an account of their own, and requests for what they need."""
    for folder in folders(case):
        accounts = {
            (each["metadata"]["namespace"], each["metadata"]["name"]): each for each in folder.of("ServiceAccount")
        }
        assert all(each["automountServiceAccountToken"] is False for each in accounts.values())
        used = set()
        for workload, template in folder.pods:
            spec = template["spec"]
            used.add((workload["metadata"]["namespace"], spec["serviceAccountName"]))
            assert spec["automountServiceAccountToken"] is False
            assert spec["enableServiceLinks"] is False
            assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            for each in containers(template):
                security = each["securityContext"]
                assert security["allowPrivilegeEscalation"] is False, named(workload)
                added = ADDED.get(workload["metadata"]["name"], frozenset())
                assert security["capabilities"]["drop"] == ["ALL"], named(workload)
                assert set(security["capabilities"].get("add", ())) <= added, named(workload)
                assert security.get("privileged") is not True
                assert each["resources"]["requests"].keys() >= {"cpu", "memory"}, (named(workload), each["name"])
            for each in spec.get("initContainers", ()):  # nobody can give them limits, and a quota may ask for some
                assert each["resources"]["limits"].keys() == {"cpu", "memory"}, (named(workload), each["name"])
        assert used == accounts.keys()


@every_case
def test_what_pods_mount_exists(case: Case) -> None:
    """ConfigMaps and their keys, claims, and Secrets: of secrets.yaml, or told as a prerequisite. All of it is used."""
    for folder in folders(case):
        maps = {_key(each): each["data"] for each in folder.of("ConfigMap")}
        claims = {_key(each) for each in folder.of("PersistentVolumeClaim")}
        known = secret_keys(folder)
        for workload, template in folder.pods:
            namespace = workload["metadata"]["namespace"]
            volumes = template["spec"].get("volumes", ())
            for volume in volumes:
                if "configMap" in volume:
                    data = maps[namespace, volume["configMap"]["name"]]
                    assert {item["key"] for item in volume["configMap"].get("items", ())} <= data.keys()
                elif "secret" in volume:
                    items = {item["key"] for item in volume["secret"].get("items", ())}
                    assert items <= known[namespace, volume["secret"]["secretName"]]
                elif "persistentVolumeClaim" in volume:
                    assert (namespace, volume["persistentVolumeClaim"]["claimName"]) in claims
                else:
                    assert "emptyDir" in volume, (named(workload), volume)
            templates = workload["spec"].get("volumeClaimTemplates", ())
            names = {each["metadata"]["name"] for each in templates} | {each["name"] for each in volumes}
            mounted = {mount["name"] for each in containers(template) for mount in each.get("volumeMounts", ())}
            assert mounted == names, named(workload)


@every_case
def test_what_pods_read_exists(case: Case) -> None:
    """The keys of Secrets and ConfigMaps that variables are taken from, and the Secrets that images are pulled with."""
    for folder in folders(case):
        known = {
            "secretKeyRef": secret_keys(folder),
            "configMapKeyRef": {_key(each): each["data"].keys() for each in folder.of("ConfigMap")},
        }
        for workload, template in folder.pods:
            namespace = workload["metadata"]["namespace"]
            for source in (source for each in containers(template) for source in _sources(each)):
                ((word, reference),) = source.items()
                if word in known:
                    assert reference["key"] in known[word][namespace, reference["name"]], (named(workload), reference)
                elif word == "configMapRef":
                    assert (namespace, reference["name"]) in known["configMapKeyRef"]
                else:
                    assert word in {"fieldRef", "resourceFieldRef"}
            for secret in template["spec"].get("imagePullSecrets", ()):
                assert (namespace, secret["name"]) in known["secretKeyRef"]


def secret_keys(folder: Folder) -> dict[tuple[str, str], frozenset[str]]:
    """The keys of every Secret that will be there."""
    found = {_key(each): frozenset(each["stringData"]) for each in folder.secrets}
    told = (each for each in folder.contents.prerequisites if each.kind == "Secret")
    return found | {(each.namespace, each.name): frozenset(each.keys) for each in told}


def _key(each: Object) -> tuple[str, str]:
    return each["metadata"]["namespace"], each["metadata"]["name"]


def _sources(container: Object) -> Iterator[Object]:
    yield from (variable["valueFrom"] for variable in container.get("env", ()) if "valueFrom" in variable)
    yield from container.get("envFrom", ())


@every_case
def test_every_place_of_a_file_is_filled_in(case: Case) -> None:
    """A `@@NAME@@` in a file stands where the pod's init container fills it in, and its name is a variable there."""
    for folder in folders(case):
        maps = {_key(each): each["data"] for each in folder.of("ConfigMap")}
        filled = set()
        for workload, template in folder.pods:
            variables = {
                variable["name"]
                for each in template["spec"].get("initContainers", ())
                if each["name"] == "configure"
                for variable in each["env"]
            }
            for volume in template["spec"].get("volumes", ()):
                config = volume.get("configMap", {}).get("name")
                if config is None:
                    continue
                key = (workload["metadata"]["namespace"], config)
                items = [item["key"] for item in volume["configMap"].get("items", ())] or list(maps[key])
                for item in items:
                    wanted = set(_VARIABLE.findall(maps[key][item]))
                    if wanted and volume["name"] == "templates":
                        assert wanted <= variables, (named(workload), config, item)
                        filled.add((*key, item))
                    assert volume["name"] == "templates" or not wanted, (named(workload), config, item)
        for (namespace, name), data in maps.items():
            for item, text in data.items():
                assert not _VARIABLE.search(text) or (namespace, name, item) in filled, (name, item)


@every_case
def test_probes_look_at_ports_that_are_there(case: Case) -> None:
    """Every main container has the three probes; a port that is named is one of the container."""
    for folder in folders(case):
        for workload, template in folder.pods:
            main = template["spec"]["containers"][0]
            ports = {port["name"] for port in main.get("ports", ())}
            for word in ("startupProbe", "readinessProbe", "livenessProbe"):
                probe = main[word]
                (action,) = probe.keys() & {"tcpSocket", "httpGet", "exec", "grpc"}
                assert action == "exec" or probe[action]["port"] in ports, named(workload)


@every_case
def test_images_are_pinned(case: Case) -> None:
    """Every image has a tag, but trafficserver, of which there is only one (components.md section 7)."""
    for folder in folders(case):
        registry = "harbor.example.org/fate/" if folder.site == "party-9999" and case.rich else ""
        for workload, template in folder.pods:
            for each in containers(template):
                name, _, tag = each["image"].rpartition("/")[2].partition(":")
                assert each["image"].startswith(registry), (named(workload), each["image"])
                assert name == "trafficserver" or (tag and tag != "latest"), (named(workload), each["image"])


@every_case
def test_no_secret_stands_anywhere(case: Case) -> None:
    """Values of Secrets are places or user names; nothing has a password that KubeFATE publishes."""
    for folder in folders(case):
        for secret in folder.secrets:
            for key, value in secret["stringData"].items():
                plain = re.search(r"user|name|host|port|database", key) is not None and "pass" not in key
                assert plain or value == GENERATE or is_placeholder(value), (named(secret), key)
        for name, text in folder.files.items():
            assert not [word for word in DEFAULTS if word in text], (folder.site, name)
            assert name == "secrets.yaml" or "${secret:" not in text, (folder.site, name)


@every_case
def test_data_outlives_its_pods(case: Case) -> None:
    """With persistence no claim is given up with its workload, and each claim template has a label of its owner."""
    for folder in folders(case):
        for each in folder.of("StatefulSet"):
            assert "persistentVolumeClaimRetentionPolicy" not in each["spec"]
            for template in each["spec"].get("volumeClaimTemplates", ()):
                assert template["metadata"]["labels"]["fedplan/site"] == folder.site
        is_kept = case.rich and folder.site == "party-9999"
        volumes = [each for each in folder.of("StatefulSet") if each["spec"].get("volumeClaimTemplates")]
        training = [each for each in volumes if each["metadata"]["labels"]["fedplan/part"] == "training"]
        assert bool(training) is is_kept


@every_case
def test_several_pods_go_one_at_a_time(case: Case) -> None:
    """A PodDisruptionBudget stands beside a workload with several pods, and beside no other: it would block drains."""
    for folder in folders(case):
        budgets = {each["metadata"]["name"] for each in folder.of("PodDisruptionBudget")}
        several = {
            each["metadata"]["name"] for each in folder.of("Deployment", "StatefulSet") if each["spec"]["replicas"] > 1
        }
        assert budgets <= several
        assert budgets >= {name for name in several if not name.startswith("serving-")}


@every_case
def test_the_table_of_contents_is_true(case: Case) -> None:
    """site.json lists every file with its digest, and route tables that stand where it says."""
    for folder in folders(case):
        contents = folder.contents
        digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in folder.files.items()}
        assert contents.files == {name: found for name, found in digests.items() if name != "site.json"}
        files = {name: text.encode() for name, text in folder.files.items() if name != "site.json"}
        assert not list(site_json.whole(contents, files))
        maps = {_key(each): each["data"] for each in folder.of("ConfigMap")}
        for table in contents.hot_tables:
            assert table.key in maps[table.namespace, table.config_map]
            (template,) = (
                template
                for workload, template in folder.pods
                if (workload["kind"], *_key(workload)) == (table.kind, table.namespace, table.workload)
            )
            (container,) = (each for each in template["spec"]["containers"] if each["name"] == table.container)
            volumes = {
                each["name"]
                for each in template["spec"]["volumes"]
                if each.get("configMap", {}).get("name") == table.config_map
                and any(item["key"] == table.key for item in each["configMap"].get("items", [{"key": table.key}]))
            }
            mounts = [each for each in container["volumeMounts"] if each["name"] in volumes]
            started = " ".join((*container.get("command", ()), *container.get("args", ())))
            seen = [each["mountPath"] for each in mounts if table.path.startswith(f"{each['mountPath']}/")]
            linked = [each["mountPath"] for each in mounts if f"{each['mountPath']}/" in started]
            assert seen or (linked and table.path.rpartition("/")[2] in started), table.path
            assert not any("subPath" in each for each in mounts), "a subPath is never refreshed"
        if case.exchange is not None and folder.site.startswith("party"):
            assert contents.after == ("exchange-hub",)


@every_case
def test_policies_come_when_asked_for(case: Case) -> None:
    """One that closes all pods of a half, one for names, and one for each component."""
    for folder in folders(case):
        policies = list(folder.of("NetworkPolicy"))
        assert bool(policies) is case.rich
        if not policies:
            continue
        components = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each, _ in folder.pods}
        found = {_key(each) for each in policies}
        assert components <= found
        parts = {each["metadata"]["labels"]["fedplan/part"] for each, _ in folder.pods}
        assert len(found - components) == 2 * len(parts)


@every_case
def test_policies_open_ports_that_are_there(case: Case) -> None:
    """Of the pods that a policy is for: another number would be a slip."""
    for folder in folders(case):
        for each in folder.of("NetworkPolicy"):
            chosen = each["spec"]["podSelector"]["matchLabels"]
            listening = {
                port["containerPort"]
                for _, template in folder.pods
                if chosen.items() <= template["metadata"]["labels"].items()
                for container in template["spec"]["containers"]
                for port in container.get("ports", ())
            }
            assert listening, named(each)
            opened = {
                port["port"] for rule in each["spec"].get("ingress", ()) for port in rule["ports"] if "port" in port
            }
            assert opened <= listening, named(each)


@every_case
def test_rendering_again_gives_the_same_bytes(case: Case) -> None:
    """Nothing depends on the order of a set or on when it is done."""
    checked = check(federation(case).encode())
    assert checked.plan is not None
    render = render_site(checked.plan)
    assert {planned.key: render(planned) for planned in checked.plan.sites} == {
        folder.site: folder.files for folder in folders(case)
    }


def accepted(each: Object, version: str) -> str:
    """What the schema of a version says against an object; empty when it takes it, with every field known."""
    group, _, name = each["apiVersion"].rpartition("/")
    api = f"{group.partition('.')[0]}-{name}" if group else name
    checker = schema(version, f"{each['kind'].lower()}-{api}.json")
    if checker is None:
        return f"{named(each)}: {each['apiVersion']} is not served at {version}"
    error = next(checker.iter_errors(each), None)
    return "" if error is None else f"{named(each)} at {version}: {error.json_path}: {error.message}"


@cache
def schema(version: str, file: str) -> Draft202012Validator | None:
    """The strict schema of a kind, as kubernetes-validate ships it; None where that version does not serve it."""
    folder = f"kubernetes-json-schema/v{version}.0-local-strict"
    found = files("kubernetes_validate").joinpath(folder, file)
    if not found.is_file():
        return None
    resource = Resource.from_contents(json.loads(found.read_text(encoding="utf-8")))
    return Draft202012Validator(resource.contents, registry=resource @ definitions(version))


@cache
def definitions(version: str) -> Registry[Any]:
    """What the schemas of a version refer to."""
    file = files("kubernetes_validate").joinpath(
        f"kubernetes-json-schema/v{version}.0-local-strict", "_definitions.json"
    )
    return Resource.from_contents(json.loads(file.read_text(encoding="utf-8"))) @ Registry()


@pytest.mark.slow
@pytest.mark.parametrize("version", SCHEMAS)
def test_every_version_of_kubernetes_knows_every_field(version: str) -> None:
    """From the oldest that there is a schema of to the newest, of all cases written for it; each shape of object once.

    Objects that differ in values alone have one shape.
    """
    assert not refused(tuple(case._replace(kubernetes=version) for case in FEW), version)


def test_the_newest_version_of_kubernetes_knows_every_field() -> None:
    """The same for the quick cases."""
    assert not refused(tuple(case._replace(kubernetes=None) for case in QUICK), SCHEMAS[-1])


def refused(cases: Iterable[Case], version: str) -> list[str]:
    """What a version of Kubernetes does not take of some cases; each shape of object is tried once."""
    shapes: dict[str, Object] = {}
    for case in cases:
        for folder in folders(case):
            for each in (*folder.objects, *folder.secrets):
                shapes.setdefault(json.dumps(_shape(each), sort_keys=True), each)
    return [fault for each in shapes.values() if (fault := accepted(each, version))]


def _shape(value: Any) -> Any:
    """Keys and types, without the values; of a list each shape once."""
    if isinstance(value, Mapping):
        return {key: _shape(each) for key, each in value.items() if key not in {"data", "labels", "stringData"}}
    if isinstance(value, list):
        return sorted({json.dumps(_shape(each), sort_keys=True) for each in value})
    return type(value).__name__


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.20", "policy/v1beta1"), ("1.21", "policy/v1"), ("1.30", "policy/v1"), (None, "policy/v1")],
)
def test_disruption_budgets_are_of_the_cluster_s_version(version: str | None, expected: str) -> None:
    """policy/v1 came with 1.21, and policy/v1beta1 went with 1.25."""
    case = Case("v1.11.2", "spark_rabbitmq", None, "NodePort", version)
    text = federation(case) + "  components: {sparkWorker: {replicas: 2}}\n"
    plan = check(text.encode()).plan
    assert plan is not None
    render = render_site(plan)
    found = [each for planned in plan.sites for each in _folder(planned.key, render(planned)).of("PodDisruptionBudget")]
    assert {each["apiVersion"] for each in found} == {expected}
