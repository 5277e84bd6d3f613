"""The folder of a site: documents, accounts, secrets, network policies, and what applying a change does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import pytest
import yaml

from planner.pipeline import check
from planner.plan import Plan
from planner.secret_references import GENERATE
from renderers.kubernetes import render
from renderers.kubernetes.component import SecretSpec
from renderers.kubernetes.documents import documents
from renderers.kubernetes.effects import effects
from renderers.kubernetes.secrets_file import merged

HEAD: Final = "version: 1\nname: credit-risk\n"
CLUSTERS: Final = """\
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: shop.example.org}
"""
MESH: Final = f"""{HEAD}release: v1.11.2
topology: mesh
{CLUSTERS}parties:
  - {{id: 9999, cluster: bank}}
  - {{id: 9998, cluster: bank}}
  - {{id: 10000, cluster: shop}}
defaults: {{target: kubernetes, networkPolicies: true}}
"""
STAR: Final = f"""{HEAD}release: v1.11.2
topology: star
{CLUSTERS}exchanges:
  - {{name: hub, cluster: bank}}
parties:
  - {{id: 9999, cluster: bank}}
  - {{id: 10000, cluster: shop}}
defaults: {{target: kubernetes, networkPolicies: true}}
"""
ANY: Final[tuple[Any, ...]] = ("anywhere",)


@cache
def plan(text: str) -> Plan:
    """The plan of a federation in which nothing is wrong."""
    checked = check(text.encode())
    assert checked.plan is not None, [diagnostic.message for diagnostic in checked.diagnostics]
    return checked.plan


@cache
def files(text: str, site: str) -> Mapping[str, str]:
    """The folder of one site."""
    return render(plan(text), plan(text).by_key[site])


def objects(text: str, site: str, kind: str) -> Iterator[Mapping[str, Any]]:
    """The objects of one kind in a folder."""
    for name, content in files(text, site).items():
        if name[:2].isdigit():
            found = yaml.load_all(content, Loader=yaml.CSafeLoader)
            yield from (each for each in found if each["kind"] == kind)


def policy(text: str, site: str, name: str) -> Mapping[str, Any]:
    """The specification of one NetworkPolicy."""
    return next(each["spec"] for each in objects(text, site, "NetworkPolicy") if each["metadata"]["name"] == name)


def told(rules: list[Mapping[str, Any]], word: str) -> set[tuple[str, int]]:
    """Rules as pairs: who, and which port (0 for all)."""
    return {
        (_who(peer), port.get("port", 0)) for rule in rules for peer in rule.get(word, ANY) for port in rule["ports"]
    }


def _who(peer: Any) -> str:
    if peer in ANY:
        return "anywhere"
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"])
    pods = peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/name", "")
    namespace = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name", "")
    return "/".join(filter(None, (namespace, pods))) or "the cluster"


class TestDocuments:
    """Objects as text."""

    @pytest.mark.parametrize(
        "text",
        [
            "a\nb\n",
            "a\nb",
            "a\n\n  b\n",
            " a\nb",
            "a\n",
            "a\nb\n\n",
            "\na\n",
            "a\tb\nc\n",
            "a\x07\nb",
            "é\nü\n",
            "",
            "\n",
        ],
    )
    def test_texts_come_back_as_they_were(self, text: str) -> None:
        """In a mapping, in a list, in a mapping in a list."""
        data = {"kind": "x", "data": {"key": text}, "list": [text, {"a": 1, "b": text}], "spec": {"c": [{"d": [text]}]}}
        assert yaml.safe_load(documents("head", [data])) == data

    def test_several_lines_are_a_block(self) -> None:
        """So that a difference can be read."""
        assert documents("a head", [{"data": {"x": "1\n2\n"}}, {"kind": "x"}]) == (
            "# a head\ndata:\n  x: |\n    1\n    2\n---\nkind: x\n"
        )


class TestSecrets:
    """What `secrets.yaml` holds."""

    def test_readers_share_a_secret(self) -> None:
        """Each key once, in the order of first use."""
        one = SecretSpec("mysql", "fate", {"a": "b"}, {"user": "fate", "password": GENERATE})
        two = SecretSpec("mysql", "fate", {"a": "c"}, {"password": GENERATE, "root-password": GENERATE})
        (found,) = merged([one, two])
        assert dict(found.values) == {"user": "fate", "password": GENERATE, "root-password": GENERATE}
        assert found.labels == {"a": "b"}

    def test_two_values_of_one_key_are_a_bug(self) -> None:
        """The pods would read either."""
        specs = [SecretSpec("mysql", "fate", {}, {"user": user}) for user in ("fate", "root")]
        with pytest.raises(ValueError, match="two values under user"):
            merged(specs)

    def test_the_file_says_what_its_places_mean(self) -> None:
        """Its head explains, its values are places."""
        text = files(MESH, "party-9999")["secrets.yaml"]
        assert text.startswith("# Secrets of party 9999. Not to be applied as it is")
        values = [value for each in yaml.safe_load_all(text) for value in each["stringData"].values()]
        assert GENERATE in values
        assert "secrets.yaml" not in files(MESH, "party-9999")["kustomization.yaml"]


class TestPolicies:
    """Who may dial whom."""

    def test_everything_is_closed_first(self) -> None:
        """Both ways, for the site's own pods and no others."""
        assert policy(MESH, "party-9999", "default-deny-training") == {
            "podSelector": {"matchLabels": {"fedplan/site": "party-9999", "fedplan/part": "training"}},
            "policyTypes": ["Ingress", "Egress"],
        }

    def test_names_may_be_looked_up(self) -> None:
        """Over UDP and TCP."""
        assert policy(MESH, "party-9999", "allow-dns-training")["egress"] == [
            {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
        ]

    def test_the_router_is_dialled_and_dials(self) -> None:
        """Its door is open to all, since a NodePort hides who dials; it dials peers' NodePorts, or pods beside it."""
        spec = policy(MESH, "party-9999", "rollsite")
        inside = {(name, 0) for name in ("python", "clustermanager", "nodemanager", "rollsite")}
        ports = {planned.key: planned.ports["rollsite"] for planned in plan(MESH).sites}
        assert told(spec["ingress"], "from") == {("anywhere", 9370), *inside}
        assert told(spec["egress"], "to") == {
            ("192.168.9.1/32", ports["party-9998"]),
            ("fate-9998", 9370),
            ("anywhere", ports["party-10000"]),
            *inside,
        }

    def test_nobody_else_is_dialled_from_outside(self) -> None:
        """MySQL by those that use it; the interfaces by the Ingress controller, wherever it runs."""
        assert told(policy(MESH, "party-9999", "mysql")["ingress"], "from") == {
            ("python", 3306),
            ("clustermanager", 3306),
        }
        assert "egress" not in policy(MESH, "party-9999", "mysql")
        assert ("the cluster", 8080) in told(policy(MESH, "party-9999", "fateboard")["ingress"], "from")
        found = {
            each["metadata"]["name"]
            for each in objects(MESH, "party-9999", "NetworkPolicy")
            if any("from" not in rule for rule in each["spec"].get("ingress", ()))
        }
        assert found == {"rollsite"}

    def test_a_star_dials_its_exchange_alone(self) -> None:
        """And the exchange the parties."""
        port = plan(STAR).by_key["exchange-hub"].ports["rollsite"]
        found = told(policy(STAR, "party-10000", "rollsite")["egress"], "to")
        assert {each for each in found if each[1]} == {("192.168.9.1/32", port)}
        names = {each["metadata"]["name"] for each in objects(STAR, "exchange-hub", "NetworkPolicy")}
        assert names == {"default-deny-training", "allow-dns-training", "rollsite"}

    def test_a_party_that_polls_is_not_dialled(self) -> None:
        """It asks for its messages itself."""
        text = STAR.replace("{id: 10000, cluster: shop}", "{id: 10000, cluster: shop, polling: hub}")
        found = told(policy(text, "party-10000", "rollsite")["ingress"], "from")
        assert ("anywhere", 9370) not in found

    def test_inside_a_cluster_the_diallers_are_known(self) -> None:
        """A Service without a NodePort is dialled from the namespaces of those that have a route."""
        text = f"""{HEAD}release: v1.11.2
topology: [{{links: [[1, 2], [2, 3]]}}]
clusters: [{{name: lab, address: 192.168.9.1}}]
parties: [{{id: 1, cluster: lab}}, {{id: 2, cluster: lab}}, {{id: 3, cluster: lab}}]
defaults: {{target: kubernetes, networkPolicies: true, exposure: ClusterIP}}
"""
        found = told(policy(text, "party-3", "rollsite")["ingress"], "from")
        assert {each for each in found if each[1] == 9370} == {("fate-2", 9370)}
        found = told(policy(text, "party-3", "rollsite")["egress"], "to")
        assert {("fate-2", 9370), ("anywhere", 9370)} & found
        assert not [each for each in found if each[0] == "fate-1"]

    def test_an_external_database_is_dialled(self) -> None:
        """By its address, from those that use it."""
        given = "cluster: shop, mysql: {host: 10.1.2.3, port: 3307, database: fate, user: fate, password: env:X}"
        text = MESH.replace("cluster: shop}", f"{given}}}")
        for name in ("python", "clustermanager"):
            assert ("10.1.2.3/32", 3307) in told(policy(text, "party-10000", name)["egress"], "to")

    def test_training_and_serving_dial_each_other(self) -> None:
        """Over their namespaces; the registry too where it is asked."""
        text = MESH.replace("networkPolicies: true", "networkPolicies: true, serving: {useRegistry: true}")
        serving = "fate-serving-9999"
        found = told(policy(text, "party-9999", "python")["egress"], "to")
        assert {(f"{serving}/serving-server", 8000), (f"{serving}/serving-zookeeper", 2181)} <= found
        assert ("fate-9999/python", 9380) in told(policy(text, "party-9999", "serving-server")["egress"], "to")
        found = told(policy(text, "party-9999", "serving-proxy")["ingress"], "from")
        assert ("anywhere", 8869) in found

    def test_none_come_unasked(self) -> None:
        """They are opt-in."""
        text = MESH.replace("networkPolicies: true", "networkPolicies: false")
        assert "05-network-policies.yaml" not in files(text, "party-9999")


class TestEffects:
    """What applying a change does."""

    def test_a_new_peer_restarts_nothing(self) -> None:
        """The route table is read again."""
        text = MESH.replace("\ndefaults", "\n  - {id: 10001, cluster: shop}\ndefaults").replace(
            ", networkPolicies: true", ""
        )
        before = files(MESH.replace(", networkPolicies: true", ""), "party-9999")
        assert effects(before, files(text, "party-9999")) == (
            "rollsite reads its routes again within 60 s, nothing restarts",
        )

    def test_new_resources_restart_one_workload(self) -> None:
        """And no other."""
        given = "{id: 9999, cluster: bank, components: {fateboard: {resources: {requests: {cpu: 1}}}}}"
        text = MESH.replace("{id: 9999, cluster: bank}", given)
        assert effects(files(MESH, "party-9999"), files(text, "party-9999")) == ("fateboard restarts",)

    def test_more_pods_are_told(self) -> None:
        """FATE-Flow learns of them as well."""
        given = "{id: 9999, cluster: bank, components: {nodemanager: {replicas: 3}}}"
        text = MESH.replace("{id: 9999, cluster: bank}", given)
        found = effects(files(MESH, "party-9999"), files(text, "party-9999"))
        assert "nodemanager gets 3 replicas in place of 1" in found

    def test_what_cannot_change_is_told(self) -> None:
        """The claims of a StatefulSet are fixed when it is made."""
        text = MESH.replace("{id: 9999, cluster: bank}", "{id: 9999, cluster: bank, persistence: true}")
        found = effects(files(MESH, "party-9999"), files(text, "party-9999"))
        assert "mysql must be removed first: Kubernetes does not change its volumeClaimTemplates" in found

    def test_policies_restart_nothing(self) -> None:
        """Nor do Services."""
        text = MESH.replace("networkPolicies: true", "networkPolicies: false")
        assert effects(files(text, "party-9999"), files(MESH, "party-9999")) == (
            "its NetworkPolicies change, no pod restarts",
        )

    def test_a_folder_of_an_older_plan_is_applied_anew(self) -> None:
        """Its files had other names."""
        assert effects({"service.yaml": "kind: Service\n"}, files(STAR, "exchange-hub")) == (
            "all of its objects are applied again",
        )

    def test_nothing_else_is_told(self) -> None:
        """The same objects under another comment."""
        before = {name: text.replace("Written by", "Made by") for name, text in files(MESH, "party-9999").items()}
        assert effects(before, files(MESH, "party-9999")) == ("only comments change",)
