"""What `verify --live` probes: sentences that are true when all is well, in the order in which they are asked.

A probe is asked of every site whose cluster can be reached, once or once for each endpoint, pod or peer. Where one of
the probes that it needs is false, it is not asked: the answer would say nothing new. Sources: verify.md sections 2 and
4, components.md (the facts at its head), cluster-yaml.md section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Area = Literal["cluster", "inside", "ways", "serving"]
"""What is asked: the API server, the site's own components, whom the site dials, or its serving."""


@dataclass(frozen=True, slots=True)
class ProbeSort:
    """One sort of probe.

    `sentence` is true when all is well, `how` says how that is found out. `code` is the finding where it is false,
    `seconds` the deadline of one try, `needs` are sorts that must not be false of the same site before it is asked.
    """

    id: str
    area: Area
    sentence: str
    how: str
    code: str
    seconds: int = 30
    tries: int = 1
    needs: tuple[str, ...] = ()


PROBES: Final = (
    ProbeSort(
        "api-answers",
        "cluster",
        "the API server of the site's cluster answers, and takes the operator's login",
        "one request for its version",
        "FED901",
    ),
    ProbeSort(
        "rights-suffice",
        "cluster",
        "the operator may read what the site has, and run commands in its pods",
        "the API server is asked about each right (SelfSubjectAccessReview)",
        "FED909",
        needs=("api-answers",),
    ),
    ProbeSort(
        "namespace-exists",
        "cluster",
        "the site's namespaces exist, and none is being deleted",
        "read from the API server",
        "FED927",
        needs=("api-answers",),
    ),
    ProbeSort(
        "prerequisites-exist",
        "cluster",
        "every Secret, class and claim that the site needs exists, and has the keys that are read",
        "read from the API server",
        "FED915",
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "claims-bound",
        "cluster",
        "every claim of the site is bound",
        "read from the API server",
        "FED995",
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "nodes-labelled",
        "cluster",
        "for every node selector of the site there is a node with these labels that takes pods",
        "the nodes are read from the API server",
        "FED994",
        needs=("api-answers",),
    ),
    ProbeSort(
        "workloads-ready",
        "cluster",
        "every workload of the site is there and ready",
        "Deployments, StatefulSets and their pods are read from the API server",
        "FED911",
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "tables-planned",
        "cluster",
        "every live route table leads where the plan leads, and nowhere else",
        "the ConfigMaps are read from the API server",
        "FED976",
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "spark-master-headless",
        "cluster",
        "the Service spark-master has no address of its own that pods take for a setting",
        "read from the API server",
        "FED997",
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "certificates-fit",
        "cluster",
        "the certificates that the site mounts are valid now, of one authority, and for the right names",
        "the Secrets eggroll-certs, pulsar-cert and traffic-server-cert are read from the API server",
        "FED969",
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "clocks-agree",
        "cluster",
        "the clocks of the API server, of the site's nodes and of the operator agree within a minute",
        "the API server's Date, and date in a pod of each node",
        "FED993",
        needs=("api-answers",),
    ),
    ProbeSort(
        "mysql-takes-login",
        "inside",
        "the site's MySQL takes the login that FATE-Flow has, for its database",
        "a login from FATE-Flow's pod with what stands in its settings there, or what its log says of one",
        "FED996",
        tries=2,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "fateflow-answers",
        "inside",
        "FATE-Flow answers at its Service, and at the address of its pod",
        "its version is asked for, from a pod of the site",
        "FED986",
        tries=3,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "fateflow-version",
        "inside",
        "FATE-Flow is of the planned release",
        "the version that it tells, or has written down when it started (FATE 2)",
        "FED987",
        needs=("fateflow-answers",),
    ),
    ProbeSort(
        "components-answer",
        "inside",
        "the site's routers and brokers answer on the ports that peers and FATE-Flow use",
        "a connection from a pod of the site; RabbitMQ and Pulsar are asked for their health",
        "FED988",
        tries=3,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "table-read",
        "inside",
        "the route table in the pod of whoever reads it is the live one",
        "the file is read in the pod; one that was changed just now is waited for, up to two minutes",
        "FED990",
        seconds=130,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "nginx-finds-fateflow",
        "inside",
        "nginx leads to the site's own FATE-Flow, also after FATE-Flow was started again",
        "nginx is asked for its own party",
        "FED964",
        needs=("fateflow-answers",),
    ),
    ProbeSort(
        "eggroll-nodes",
        "inside",
        "eggroll counts a healthy node for each nodemanager",
        "clustermanager's table server_node is read in MySQL, twice where one may have just been started",
        "FED991",
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "pulsar-peers",
        "inside",
        "every cluster that the site's Pulsar knows has the planned address",
        "Pulsar's administration is asked from FATE-Flow's pod",
        "FED992",
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "broker-links",
        "inside",
        "no federation link of the site's RabbitMQ is broken",
        "rabbitmqctl is asked in the broker's pod, twice where a link is not up",
        "FED998",
        seconds=60,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "peer-accepts",
        "ways",
        "each endpoint that the site dials accepts a connection from inside the site's own pods",
        "a connection is opened from the router's pod, or from FATE-Flow's where the router's has no tool for it; "
        "all at once, and once more where none is accepted",
        "FED983",
        seconds=60,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "peer-speaks-tls",
        "ways",
        "an endpoint speaks TLS where the plan says so, and does not where it says nothing of it",
        "a TLS handshake from the same pod",
        "FED984",
        seconds=60,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "peer-certificate",
        "ways",
        "the certificate that an endpoint shows is valid now, of the site's own authority, and for the expected name",
        "the certificate of the handshake, and of one with each party that is behind an exchange of Pulsar",
        "FED985",
        seconds=60,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "peer-answers",
        "ways",
        "who answers for a party behind the site's nginx is this party's FATE-Flow",
        "the party's id is asked for through the site's own router (FATE 2)",
        "FED989",
        seconds=30,
        tries=2,
        needs=("fateflow-answers", "nginx-finds-fateflow"),
    ),
    ProbeSort(
        "serving-peers",
        "serving",
        "the serving proxies that the site dials answer its own",
        "from the serving proxy's pod, where the table in that pod leads; a server of HTTP/2 must answer",
        "FED507",
        tries=2,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "serving-finds-fateflow",
        "serving",
        "the serving server reaches its FATE-Flow, FATE-Flow the serving server, and serving its registry",
        "a request or a connection from each pod to the address in its configuration there",
        "FED508",
        tries=2,
        needs=("namespace-exists",),
    ),
    ProbeSort(
        "inference-answers",
        "serving",
        "an inference request of the bound model gets a federated answer",
        "the request that --inference names is posted to the serving proxy",
        "FED509",
        seconds=60,
        needs=("namespace-exists",),
    ),
)
BY_ID: Final = MappingProxyType({each.id: each for each in PROBES})
