"""Probes of FATE-Flow: whether it answers, of which release it is, and whether nginx leads to it.

It listens on the address of its pod alone (components.md section 0, fact 7), so both the pod and the Services before it
are asked. FATE 1 tells its version at `/v1/version/get` when the module is named, in all of its releases (FATE-Flow,
version_app.py and server_app.py); FATE 2 has no such page, but registers itself as a provider of components, with its
version, whenever it starts (FATE-Flow 2.0.0, provider_manager.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from planner.checks.fateflow_silent import fateflow_silent
from planner.checks.nginx_lost_fateflow import nginx_lost_fateflow
from planner.checks.other_fate_runs import other_fate_runs
from planner.lookup import Endpoint
from planner.releases import Release
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.probes.components.asking import FATEFLOW, FATEFLOW_USERS, OK, ask, place
from renderers.probes.pods.in_words import NO_ANSWER, parsed, words
from renderers.probes.pods.inside import HttpAnswer, Reached
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

_SECONDS: Final = 15.0
"""Seconds in which one address must answer, with what it takes to start the command that asks."""
_JSON: Final = {"Content-Type": "application/json"}


def probes(sight: Sight) -> Iterator[Probe]:
    """What is asked of a party's FATE-Flow."""
    planned, label = sight.planned, sight.folder.label
    if FATEFLOW not in planned.modules:
        return
    where = " and ".join(str(each) for each in _services(sight))
    sentence = f"FATE-Flow of {label} answers at {where}, and at the address of its pod"
    yield probe(sight, "fateflow-answers", sentence, partial(_answers, sight))
    sentence = f"FATE-Flow of {label} is of FATE {planned.release.fate}"
    yield probe(sight, "fateflow-version", sentence, partial(_version, sight))


def probes_of_nginx(sight: Sight) -> Iterator[Probe]:
    """What is asked of a party's nginx; that of FATE 1.5.0 speaks gRPC alone."""
    planned = sight.planned
    if {FATEFLOW, "nginx"} <= set(planned.modules) and not planned.release.has_single_nginx_port:
        sentence = f"nginx of {sight.folder.label} leads to its own FATE-Flow"
        yield probe(sight, "nginx-finds-fateflow", sentence, partial(_is_found, sight))


def _services(sight: Sight) -> tuple[Endpoint, ...]:
    release = sight.planned.release
    return tuple(Endpoint(name, release.ports.fateflow_http) for name in release.fateflow.services)


# Whether it answers


def _answers(sight: Sight, deadline: Deadline) -> Said:
    """Ask every address; the first that fails is told."""
    port = sight.planned.release.ports.fateflow_http
    pods = [Endpoint(spot.address, port) for spot in sight.inside.spots(FATEFLOW, deadline) if spot.address]
    for endpoint in (*_services(sight), *pods):
        answer = _tell(sight, endpoint, deadline)
        if answer.dialled.tells_nothing:
            return unknown(words(answer.dialled))
        failure = _failure(answer)
        if failure:
            kind = "statefulset" if sight.planned.release.fateflow.workload == "StatefulSet" else "deployment"
            namespace = sight.folder.namespaces["training"]
            logs = f"kubectl --namespace {namespace} logs {kind}/{FATEFLOW}"
            found = fateflow_silent(place(sight, FATEFLOW), sight.folder.label, str(endpoint), failure, logs)
            return judged((found,))
    return Said()


def _tell(sight: Sight, endpoint: Endpoint, deadline: Deadline) -> HttpAnswer:
    """Ask FATE-Flow something that every one of its generation answers."""
    limit = Deadline(min(_SECONDS, deadline.left), deadline.clock)
    if _is_two(sight.planned.release):
        return ask(sight, FATEFLOW_USERS, "GET", f"http://{endpoint}/v2/server/fateflow", limit)
    body = json.dumps({"module": "FATE"})
    url = f"http://{endpoint}/v1/version/get"
    return ask(sight, FATEFLOW_USERS, "POST", url, limit, body=body, headers=_JSON)


def _is_two(release: Release) -> bool:
    return release.module == "osx"


def _failure(answer: HttpAnswer) -> str:
    """Why this is no answer of a FATE-Flow, as a clause; empty where it is one."""
    if answer.dialled.reached is not Reached.OPEN:
        return words(answer.dialled)
    if answer.status == 0:
        return "what answers there does not speak HTTP" if answer.body else NO_ANSWER
    if answer.status != OK:
        return f"the answer is {answer.status}"
    found = parsed(answer.body)
    is_flow = isinstance(found, dict) and bool({"retcode", "code"} & found.keys())
    return "" if is_flow else "what answers there is no FATE-Flow"


# Of which release it is


def _version(sight: Sight, deadline: Deadline) -> Said:
    release = sight.planned.release
    told = _told_two(sight, deadline) if _is_two(release) else _told_one(sight, deadline)
    if not told:
        return unknown("it does not tell its version")
    if told == release.fate or (_has_own_image(sight) and _minor(told) == _minor(release.fate)):
        return Said()
    return judged((other_fate_runs(place(sight, FATEFLOW), sight.folder.label, told, release.name),))


def _has_own_image(sight: Sight) -> bool:
    """Whether somebody chose the image: then the minor release counts, which is what INV-VER-1 is about."""
    site = sight.planned.site
    settings = site.components.get(FATEFLOW, {})
    return site.image_tag is not None or bool({"image", "imageTag"} & settings.keys()) or bool(site.overrides)


def _minor(version: str) -> tuple[str, ...]:
    return tuple(version.split(".")[:2])


def _told_one(sight: Sight, deadline: Deadline) -> str:
    """The version of FATE that a FATE-Flow 1 tells; empty where it tells none."""
    answer = _tell(sight, _services(sight)[-1], deadline)
    return str(_data(answer).get("FATE") or "")


def _told_two(sight: Sight, deadline: Deadline) -> str:
    """The version that a FATE-Flow 2 wrote down last when it started; those of before stay written down."""
    url = f"http://{_services(sight)[-1]}/v2/provider/query?name=fate_flow"
    found = parsed(ask(sight, FATEFLOW_USERS, "GET", url, deadline).body)
    rows = found.get("data") if isinstance(found, dict) else None
    listed = [row for row in rows or () if isinstance(row, dict) and row.get("version")]
    times = {str(row["version"]): row.get("update_time") or row.get("create_time") or 0 for row in listed}
    if len(times) > 1 and not all(isinstance(time, int) and time for time in times.values()):
        return ""
    return max(times, key=lambda version: times[version], default="")


def _data(answer: HttpAnswer) -> Mapping[str, Any]:
    found = parsed(answer.body) if answer.status == OK else None
    data = found.get("data") if isinstance(found, dict) else None
    return data if isinstance(data, dict) else {}


# Whether nginx leads to it


def _is_found(sight: Sight, deadline: Deadline) -> Said:
    """Ask nginx for its own party, as a peer's nginx does."""
    planned = sight.planned
    url = f"http://nginx:{planned.release.ports.nginx_http}"
    headers = {"dest-party-id": str(planned.id), "service": "fateflow"}
    if _is_two(planned.release):
        answer = ask(sight, (FATEFLOW,), "GET", f"{url}/v2/site/info/query", deadline, headers=headers)
    else:
        body = json.dumps({"module": "FATE"})
        url, headers = f"{url}/v1/version/get", {**headers, **_JSON}
        answer = ask(sight, (FATEFLOW,), "POST", url, deadline, body=body, headers=headers)
    if answer.dialled.tells_nothing:
        return unknown(words(answer.dialled))
    failure = _failure(answer)
    party = str(_data(answer).get("party_id") or planned.id)
    if not failure and party == str(planned.id):
        return Said()
    namespace = sight.folder.namespaces["training"]
    remark = _later(sight, deadline) if failure else ""
    said = failure or f"who answers there is party {spoken(party)}"
    if failure == NO_ANSWER:
        said = f"{failure}; nginx may wait for an address that does not answer"
    return judged((nginx_lost_fateflow(place(sight, "nginx"), sight.folder.label, said, remark, namespace),))


def _later(sight: Sight, deadline: Deadline) -> str:
    """That FATE-Flow's pod is younger than nginx's, as a clause; empty where it is not, or nobody knows."""
    flow, nginx = (_made(sight, component, deadline) for component in (FATEFLOW, "nginx"))
    if flow is None or nginx is None or flow <= nginx:
        return ""
    times = (f"{each:%H:%M:%S} UTC" for each in (flow, nginx))
    return "FATE-Flow's pod was made at {}, after nginx's at {}, which may know the earlier address".format(*times)


def _made(sight: Sight, component: str, deadline: Deadline) -> datetime | None:
    """When the pod of a component was made, by the API server's clock."""
    for spot in sight.inside.spots(component, deadline)[:1]:
        pod = sight.api.get(Reference("v1", "Pod", spot.namespace, spot.pod), deadline) or {}
        text = str((pod.get("metadata") or {}).get("creationTimestamp") or "")
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    return None
