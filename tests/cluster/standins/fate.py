"""Stands in for the programs of FATE's images, in pods of the real node.

One file under many names (java, mysqladmin, openresty ...). Like the program whose name it has, it reads its
configuration where it is mounted, and listens on the ports that stand there. It speaks HTTP on all of them:

    GET /...                  who answers: component, party, pod
    GET /to/10000             a router: passed on as its route table says at that moment, until party 10000 answers
    GET /to/10000/fateflow    the same, up to FATE-Flow of party 10000
    GET /to/10000/fateflow/job/2026/9999
                              job 2026 of guest 9999 for FATE-Flow of its host: a reply goes back, by the host's table

Whatever logs in to MySQL ends when its password is refused, and whatever finds a place that was not filled ends too.
Only the standard library of Python is there.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

FATE = Path("/data/projects/fate")
SERVING = "/usr/lib/fate_serving.py"
MYSQL_DATA = Path("/var/lib/mysql")
PULSAR_CLUSTERS = Path("/pulsar/data/clusters")
RABBITMQ_HOME = Path("/var/lib/rabbitmq")
RABBITMQ_PORTS = (5672, 15672)
MYSQL_PORT, PULSAR_PORT, PULSAR_ADMIN_PORT = 3306, 6650, 8080
NODES_PORT = 4670
HEART_SECONDS, LOST_SECONDS = 3, 20
FATEFLOW_PORT, FATEFLOW_GRPC_PORT, ROUTER_PORT = 9380, 9360, 9370
NGINX_PORTS = (9300, 9310, 9302)
FATEBOARD_HEAP = 64 << 20
FIRST_ARGUMENT = 2
HOPS = 5
LONGEST, HOP = 18, 3
"""Seconds that a message may take, and that each hop keeps for itself, so that the last one is blamed."""

Answer = tuple[int, Any]
Way = tuple[str, int]
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


# What is spoken


class RefusedError(Exception):
    """An answer that is no answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def tell(*words: object, sep: str = " ") -> None:
    """Write a line to the log."""
    sys.stdout.write(sep.join(map(str, words)) + "\n")
    sys.stdout.flush()


def serve(answers: Mapping[int, Callable[[str, str], Answer]]) -> NoReturn:
    """Answer on several ports until the container is ended; each port has a function of method and path."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for port, answer in answers.items():
        server = ThreadingHTTPServer(("0.0.0.0", port), _handler(answer))
        threading.Thread(target=server.serve_forever).start()
    tell("listening on", *answers)
    while True:
        time.sleep(3600)


def _handler(answer: Callable[[str, str], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Gives the answers of one port; writes no log, because passwords are in the paths."""

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so there
            """Say nothing."""

        def do_GET(self) -> None:
            """Answer; what has the headers of FATE-Flow's messages is for the party that they name."""
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            party, service = self.headers.get("dest-party-id"), self.headers.get("service")
            path = f"/to/{party}/{service}{self.path}" if party else self.path
            try:
                status, found = answer(self.command, path)
            except RefusedError as refused:
                status, found = refused.status, str(refused)
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - named so there

    return Handler


def ask(host: str, port: int, path: str, method: str = "GET", seconds: float = 15) -> Any:
    """What another stand-in answers."""
    request = urllib.request.Request(f"http://{host}:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RefusedError(error.code, f"{host}:{port}: {json.load(error)}") from None
    except OSError as error:
        raise RefusedError(502, f"{host}:{port}: {error}") from None


def me(component: str, **more: Any) -> Callable[[str, str], Answer]:
    """Answers who it is."""
    return lambda _method, _path: (200, {"component": component, "pod": os.uname().nodename, **more})


def filled(file: Path) -> str:
    """The text of a configuration file, in which every place has its value."""
    text = file.read_text(encoding="utf-8")
    if "@@" in text:
        sys.exit(f"{file}: there is still a place without a value")
    return text


def properties(file: Path) -> dict[str, str]:
    """A properties file."""
    lines = (line.partition("=") for line in filled(file).splitlines() if not line.startswith("#"))
    return {key.strip(): value for key, equals, value in lines if equals}


def unquoted(text: str) -> str:
    """What stands between quotes."""
    return re.sub(r"\\(.)", r"\1", text)


# MySQL


def mysqld() -> NoReturn:
    """A server that keeps its passwords with its data: those of the environment count only when there is none yet."""
    for name in ("password", "root-password"):
        if not (MYSQL_DATA / name).exists():
            (MYSQL_DATA / name).write_text(os.environ[f"MYSQL_{name.upper().replace('-', '_')}"])

    nodes: dict[str, float] = {}

    def answer(method: str, path: str) -> Answer:
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        if path.startswith("/nodes"):
            if method == "PUT":
                nodes[path] = time.monotonic()
            healthy = sum(at > time.monotonic() - LOST_SECONDS for at in nodes.values())
            return 200, [["HEALTHY", 0, healthy], ["LOSS", 0, len(nodes) - healthy]]
        is_right = asked.get("password") == (MYSQL_DATA / "password").read_text()
        return (200, "welcome") if is_right or "password" not in asked else (403, "Access denied for user fate")

    serve({MYSQL_PORT: answer})


def mysql_client(arguments: Sequence[str]) -> None:
    """The client: as root it can change a password, as FATE's user it can read eggroll's nodes."""
    statement = next((each for each in arguments if each.startswith("--execute=")), "")
    file = "password" if statement else "root-password"
    if os.environ.get("MYSQL_PWD") != (MYSQL_DATA / file).read_text():
        sys.exit("ERROR 1045 (28000): Access denied for user")
    if "server_node" in statement:
        for row in ask("127.0.0.1", MYSQL_PORT, "/nodes"):
            tell(*row, sep="\t")
        return
    found = _STRING.search(sys.stdin.read())
    if found:
        (MYSQL_DATA / "password").write_text(unquoted(found[1]))


def log_in(host: str, port: int, password: str) -> None:
    """Log in to MySQL, or end."""
    try:
        ask(host, port, f"/?{urllib.parse.urlencode({'password': password})}")
    except RefusedError as refused:
        sys.exit(f"cannot log in: {refused}")


# FATE-Flow and Eggroll


def fateflow() -> NoReturn:
    """FATE-Flow, of both generations."""
    places = (FATE / "fate_flow/conf/service_conf.yaml", FATE / "conf/service_conf.yaml")
    text = filled(next(place for place in places if place.exists()))
    found = re.search(rf"passwd: {_STRING.pattern}\n\s*host: (\S+)\n\s*port: (\d+)", text)
    if found is None:
        sys.exit("service_conf.yaml names no database")
    log_in(found[2], int(found[3]), unquoted(found[1]))
    own = re.search(r"^party_id: \"?(\d+)", text, re.MULTILINE) or re.search(r"party_id: \"?(\d+)", text)
    ports = [int(found) for found in re.findall(r"(?:http|grpc)_port: (\d+)", text)[:2]]
    party = own[1] if own else ""
    serve(dict.fromkeys(ports, with_pages(with_jobs(me("fateflow", party=party)), party)))


def with_pages(others: Callable[[str, str], Answer], party: str) -> Callable[[str, str], Answer]:
    """Answers of a FATE-Flow that tells who it is; a version in the file /tmp/version is told instead of its own."""
    told = Path("/tmp/version")

    def answer(method: str, path: str) -> Answer:
        asked = re.sub(r"^/to/\d+/fateflow", "", path.partition("?")[0])
        if asked == "/v1/version/get":
            version = told.read_text().strip() if told.exists() else "1.11.2"
            return 200, {"data": {"API": "v1", "FATE": version}, "retcode": 0, "retmsg": "success"}
        version = told.read_text().strip() if told.exists() else "2.0.0"
        pages: dict[str, object] = {
            "/v2/server/fateflow": [],
            "/v2/provider/query": [{"name": "fate_flow", "version": version, "device": "local"}],
            "/v2/site/info/query": {"party_id": party},
        }
        if asked in pages:
            return 200, {"code": 0, "message": "success", "data": pages[asked]}
        return others(method, path)

    return answer


def with_jobs(others: Callable[[str, str], Answer]) -> Callable[[str, str], Answer]:
    """Answers of a FATE-Flow that takes part in jobs.

    The guest sends its job to the host (`to/10000/fateflow/job/2026/9999`), and the host sends its part to the guest
    (`to/9999/fateflow/reply/2026`) in a connection of its own. Until that has come a job does not end.
    """
    replied: set[str] = set()

    def answer(method: str, path: str) -> Answer:
        match path.partition("?")[0].strip("/").split("/"):
            case ["to", _, "fateflow", "job", job, guest]:
                threading.Thread(target=reply, args=(job, guest)).start()
            case ["to", _, "fateflow", "reply", job]:
                replied.add(job)
            case ["replied", job]:
                return 200, job in replied
        return others(method, path)

    return answer


def reply(job: str, guest: str) -> None:
    """Send the host's part of a job to its guest; nobody hears of it when nobody is there."""
    try:
        ask(own_router(), ROUTER_PORT, f"/to/{guest}/fateflow/reply/{job}", seconds=LONGEST)
    except RefusedError as refused:
        tell("job", job, "no way to guest", guest, refused)


def own_router() -> str:
    """The router of the party that this pod is of."""
    return next((name for name in ("rollsite", "osx") if _has_address(name)), "")


def java(arguments: Sequence[str]) -> NoReturn:
    """Whichever of Eggroll's, OSX's and FATE-Serving's programs is meant."""
    line = " ".join(arguments)
    if "serving" in line:
        os.execv(SERVING, [SERVING, *arguments])
    if "osx.broker" in line:
        folder = Path(arguments[arguments.index("-c") + 1]) / "broker"
        serve_routes(Osx(folder), int(properties(folder / "broker.properties")["grpc.port"]))
    conf = properties(FATE / "eggroll/conf/eggroll.properties")
    if "EggSiteBootstrap" in line:
        serve_routes(Rollsite(conf), int(conf["eggroll.rollsite.port"]))
    name = next(part.partition("=")[2] for part in arguments if part.startswith("-Dmodule="))
    password = conf.get("eggroll.resourcemanager.clustermanager.jdbc.password")
    if name == "clustermanager" and password is not None:
        log_in("mysql", MYSQL_PORT, password)
    if name == "nodemanager":
        threading.Thread(target=report).start()
    serve({int(arguments[arguments.index("-p") + 1]): manage if name == "clustermanager" else me(name)})


def report() -> NoReturn:
    """Tell clustermanager again and again that there is a node."""
    while True:
        try:
            ask("clustermanager", NODES_PORT, f"/nodes/{os.uname().nodename}", "PUT")
        except RefusedError as refused:
            tell("cannot report:", refused)
        time.sleep(HEART_SECONDS)


def manage(method: str, path: str) -> Answer:
    """A clustermanager, which writes the nodes that report into its database."""
    if method == "PUT":
        return 200, ask("mysql", MYSQL_PORT, path, "PUT")
    return me("clustermanager")(method, path)


class Router:
    """Passes on what is for others, by a table that it reads anew for each message."""

    name = ""

    def answer(self, method: str, path: str) -> Answer:
        """Answer, or let somebody else answer."""
        parts, _, hops = path.partition("?hops=")
        _, to, *names = (*parts.split("/"), "")
        if to != "to":
            return me(self.name)(method, path)
        party, service = names[0], names[1] if len(names) > 1 else ""
        way = self.way(party, service)
        if way is None:
            return 200, {"component": self.name, "party": party, "pod": os.uname().nodename, "by": []}
        passed = int(hops or 0)
        if passed >= HOPS:
            raise RefusedError(508, f"too many hops to {party}")
        found = ask(*way, f"{parts}?hops={passed + 1}", seconds=LONGEST - HOP * (1 + passed))
        return 200, {**found, "by": [os.uname().nodename, *found.get("by", ())]}

    def way(self, party: str, service: str) -> Way | None:
        """Where a message goes next; None when this is where it is for."""
        raise NotImplementedError


def serve_routes(router: Router, *ports: int) -> NoReturn:
    """Be a router."""
    serve(dict.fromkeys(ports, router.answer))


def json_way(file: Path, party: str, service: str) -> Way | None:
    """Where a table of Eggroll or OSX leads."""
    table = json.loads(file.read_text(encoding="utf-8"))["route_table"]
    entry = table.get(party) or table.get("default") or {}
    found = entry.get(service) or entry.get("default")
    return (found[0]["ip"], int(found[0]["port"])) if found else None


class Rollsite(Router):
    """A rollsite: it takes what leads to its own host and port."""

    name = "rollsite"

    def __init__(self, conf: Mapping[str, str]) -> None:
        self.table = FATE / "eggroll" / conf["eggroll.rollsite.route.table.path"]
        self.own = (conf["eggroll.rollsite.host"], int(conf["eggroll.rollsite.port"]))

    def way(self, party: str, service: str) -> Way | None:
        """By the table."""
        found = json_way(self.table, party, service)
        if found is None:
            raise RefusedError(404, f"no route to {party}")
        return None if found == self.own else found


class Osx(Router):
    """OSX of a party, or an exchange: it takes what is for `self_party`."""

    name = "osx"

    def __init__(self, folder: Path) -> None:
        self.table = folder / "route_table.json"

    def way(self, party: str, service: str) -> Way | None:
        """By the table."""
        if party in json.loads(self.table.read_text(encoding="utf-8"))["self_party"] and not service:
            return None
        found = json_way(self.table, party, service)
        if found is None:
            raise RefusedError(404, f"no route to {party}")
        return found


class Nginx(Router):
    """FATE's nginx: it takes up new routes, and forgets none."""

    name = "nginx"
    table = FATE / "proxy/nginx/conf/route_table.yaml"

    def __init__(self) -> None:
        self.known: dict[str, Way] = {}

    def way(self, party: str, service: str) -> Way | None:
        """By the table, or by what stood there before."""
        del service
        self.known.update(self._read())
        if party not in self.known:
            raise RefusedError(404, f"no route to {party}")
        return self.known[party]

    def _read(self) -> Iterator[tuple[str, Way]]:
        text = self.table.read_text(encoding="utf-8")
        for party, entry in re.findall(r"^(\w+):\n((?: .*\n?)*)", text, re.MULTILINE):
            host, port = re.search(r"host: (\S+)", entry), re.search(r"http_port: (\d+)", entry)
            if host and port:
                yield party, (host[1], int(port[1]))


# The others


def pulsar() -> NoReturn:
    """A broker, which knows addresses of other parties."""
    conf = properties(Path(os.environ["PULSAR_STANDALONE_CONF"]))
    PULSAR_CLUSTERS.mkdir(exist_ok=True)
    (PULSAR_CLUSTERS / conf["clusterName"]).touch()

    def admin(method: str, path: str) -> Answer:
        whole, _, data = path.partition("?")
        name = whole.removeprefix("/admin/v2/clusters").strip("/")
        if not path.startswith("/admin/v2/clusters"):
            return 200, "ok"
        if method == "PUT":
            (PULSAR_CLUSTERS / name).write_text(json.dumps(dict(urllib.parse.parse_qsl(data))))
        elif method == "DELETE":
            (PULSAR_CLUSTERS / name).unlink(missing_ok=True)
        elif name:
            return 200, json.loads((PULSAR_CLUSTERS / name).read_text() or "{}")
        return 200, sorted(file.name for file in PULSAR_CLUSTERS.iterdir())

    serve({PULSAR_PORT: me("pulsar"), PULSAR_ADMIN_PORT: admin})


def pulsar_admin(arguments: Sequence[str]) -> None:
    """The administrator's program: `clusters list`, `create NAME [--broker-url URL]`, `delete NAME`."""
    method = {"list": "GET", "create": "PUT", "delete": "DELETE"}[arguments[1]]
    names = arguments[FIRST_ARGUMENT:]
    if "--broker-url" in names:
        names = [f"{names[0]}?{urllib.parse.urlencode({'brokerServiceUrl': names[-1]})}"]
    path = "/".join(("/admin/v2/clusters", *names))
    found = ask("127.0.0.1", PULSAR_ADMIN_PORT, path, method)
    if method == "GET":
        for each in found:
            tell(each)


def rabbitmq() -> NoReturn:
    """A broker; links of jobs are in a file of its home, where a test puts them."""
    (RABBITMQ_HOME / ".erlang.cookie").write_text("cookie")
    serve(dict.fromkeys(RABBITMQ_PORTS, me("rabbitmq")))


def rabbitmqctl(arguments: Sequence[str]) -> None:
    """RabbitMQ's programs: they end well while the broker answers, and `federation_status` tells its links."""
    ask("127.0.0.1", RABBITMQ_PORTS[1], "/")
    if "federation_status" in arguments:
        links = RABBITMQ_HOME / "links.json"
        tell(links.read_text() if links.exists() else "[]")


def fateboard() -> NoReturn:
    """FATEBoard, which takes memory."""
    conf = properties(FATE / "fateboard/conf/application.properties")
    heap = bytearray(os.urandom(1) * FATEBOARD_HEAP)
    serve({int(conf["server.port"]): me("fateboard", login=conf["server.board.login.username"], heap=len(heap))})


def jupyter(arguments: Sequence[str]) -> NoReturn:
    """The notebook."""
    ports = [int(part.partition("=")[2]) for part in arguments if part.startswith("--port=")]
    serve(dict.fromkeys(ports, me("client")))


def entrypoint() -> NoReturn:
    """What an image starts when its pod names no program."""
    if "MYSQL_DATABASE" in os.environ:
        mysqld()
    if "RABBITMQ_DEFAULT_USER" in os.environ:
        rabbitmq()
    if "ZOO_PORT_NUMBER" in os.environ or Path("/data/projects/fate-serving").exists():
        os.execv(SERVING, [SERVING])
    of_chart(os.uname().nodename.partition("-")[0])
    fateboard()


def of_chart(name: str) -> None:
    """The pods of the small charts in tests/charts, which name no program: each is whoever it is called after."""
    if name == "mysql":
        serve({MYSQL_PORT: me(name)})
    if name == "nodemanager":
        serve({NODES_PORT + 1: me(name)})
    if name == "rollsite":
        table = {"eggroll.rollsite.route.table.path": "conf/route_table/route_table.json"}
        own = {"eggroll.rollsite.host": name, "eggroll.rollsite.port": str(ROUTER_PORT)}
        serve_routes(Rollsite(table | own), ROUTER_PORT)
    if name == "python":
        found = re.search(r"party_id: (\d+)", filled(FATE / "conf-tmp/service_conf.yaml"))
        party = found[1] if found else ""
        answers = with_pages(with_jobs(me("fateflow", party=party)), party)
        serve(dict.fromkeys((FATEFLOW_GRPC_PORT, FATEFLOW_PORT), answers))


def flow(arguments: Sequence[str]) -> None:
    """FATE's client: `flow test toy` sends a job to the host's FATE-Flow through its own party's router.

    Like the real one it ends with 0 whatever comes of it, and waits as long as it was told to for a job that does not
    end. Where there is a file /tmp/hang, it never ends.
    """
    if arguments[:1] == ["job"]:
        flow_job(arguments)
    if list(arguments[:FIRST_ARGUMENT]) != ["test", "toy"]:
        return
    guest, host = (arguments[arguments.index(f"--{role}-party-id") + 1] for role in ("guest", "host"))
    seconds = float(arguments[arguments.index("--timeout") + 1]) if "--timeout" in arguments else 300
    router, deadline = own_router(), time.monotonic() + seconds
    job = f"{time.strftime('%Y%m%d%H%M%S')}{time.time_ns() % 10_000_000:07}"
    try:
        own = ask("fateflow", FATEFLOW_PORT, "/")
        to_host = f"/to/{host}/fateflow/job/{job}/{guest}"
        found = own if guest == host else ask(router, ROUTER_PORT, to_host, seconds=LONGEST)
    except RefusedError as refused:
        tell(json.dumps({"retcode": 104, "retmsg": f"Federated schedule error, StatusCode.UNAVAILABLE: {refused}"}))
        return
    right = found.get("component") == "fateflow" and found.get("party") == host and own.get("party") == guest
    tell("toy test job", job, "is running")
    waits = right and guest != host
    while Path("/tmp/hang").exists() or (waits and not has_replied(job)):
        if time.monotonic() > deadline and not Path("/tmp/hang").exists():
            tell("check job status timeout")
            return
        time.sleep(0.2)
        tell("toy test job", job, "is running")
    tell("toy test job", job, "is", "success" if right else "failed")
    if right and router == "rollsite":
        tell("success to calculate secure_sum, it is 1999.9999999999998")


def flow_job(arguments: Sequence[str]) -> None:
    """FATE's client: `flow job submit`, `query` and `stop`, for jobs of more than one other party.

    A job is sent to each of them, and has succeeded when all have replied. FATE 1.x and 2.x answer in their own words.
    """
    if arguments[1] == "submit":
        conf = json.loads(Path(arguments[arguments.index("-c") + 1]).read_text(encoding="utf-8"))
        parties = conf["dag"]["parties"] if "dag" in conf else [{"party_id": ids} for ids in conf["role"].values()]
        guest, *others = (party for each in parties for party in each["party_id"])
        job = f"{time.strftime('%Y%m%d%H%M%S')}{len(others)}"
        code, said, name = ("code", "message", "job_id") if "dag" in conf else ("retcode", "retmsg", "jobId")
        answer = {code: 0, said: "success", name: job}
        try:
            for number, other in enumerate(others):
                ask(own_router(), ROUTER_PORT, f"/to/{other}/fateflow/job/{job}{number}/{guest}", seconds=LONGEST)
        except RefusedError as refused:
            answer = {code: 104, said: f"Federated schedule error, StatusCode.UNAVAILABLE: {refused}", name: job}
        tell(json.dumps(answer, indent=4))
        return
    job = arguments[arguments.index("-j") + 1]
    status = "running"
    if arguments[1] == "query" and not Path("/tmp/hang").exists():
        have_all = all(has_replied(f"{job}{number}") for number in range(int(job[-1])))
        status = "success" if have_all else status
    answer = {"retcode": 0, "code": 0, "retmsg": "success", "data": [{"f_status": status, "status": status}]}
    tell(json.dumps(answer, indent=4))


def has_replied(job: str) -> bool:
    """Whether a host's part of a job has come; a FATE-Flow that does not answer now is asked again."""
    try:
        return bool(ask("fateflow", FATEFLOW_PORT, f"/replied/{job}"))
    except RefusedError:
        return False


def _has_address(name: str) -> bool:
    """Whether there is a Service of this name; a DNS that does not know now is asked again."""
    for _ in range(5):
        try:
            socket.getaddrinfo(name, None)
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN:
                return False
            time.sleep(1)
        else:
            return True
    return False


def tini(arguments: Sequence[str]) -> NoReturn:
    """Start what comes after the dashes."""
    os.execvp(arguments[1], list(arguments[1:]))


def modules() -> None:
    """Where the modules of this program are."""
    for module in list(sys.modules.values()):
        tell(getattr(module, "__file__", None) or "")


def main() -> None:
    """Be the program whose name this one has."""
    name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    programs: dict[str, Callable[[], object]] = {
        "entrypoint": entrypoint,
        "fate_flow_server.py": fateflow,
        "flow": lambda: flow(arguments),
        "java": lambda: java(arguments),
        "jupyter": lambda: jupyter(arguments),
        "mysql": lambda: mysql_client(arguments),
        "fate.py": modules,
        "openresty": lambda: serve_routes(Nginx(), *NGINX_PORTS),
        "pipeline": lambda: None,
        "pulsar": pulsar,
        "pulsar-admin": lambda: pulsar_admin(arguments),
        "rabbitmqctl": lambda: rabbitmqctl(arguments),
        "rabbitmq-diagnostics": lambda: rabbitmqctl(arguments),
        "tini": lambda: tini(arguments),
    }
    programs[name]()


if __name__ == "__main__":
    main()
