"""Stands in for FATE-Serving in pods of the real node: serving-proxy, serving-server, and their ZooKeeper.

Like the programs whose place it takes, it reads its configuration where it is mounted. What they say to each other by
gRPC it says by HTTP, on the same ports, which greet a client of HTTP/2 as gRPC does. An inference takes the whole way:

    client -> serving-proxy (8059) -> serving-server -> serving-proxy (8879) -> ... -> the host's serving-proxy (8869)
    -> the host's serving-server, and back

Each serving-server serves what stands in /tmp/bound, by service: the host of a model where it is the guest, and null
where it is the host itself. Only the standard library of Python is there.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import socketserver
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

SERVER = Path("/data/projects/fate-serving/serving-server/conf/serving-server.properties")
BOUND = Path("/tmp/bound")
SETTINGS = bytes([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 255, 255])
"""What a server of HTTP/2 says first."""
NO_MODEL, NET_ERROR, NO_FEATURE, NO_SERVICE, NO_WAY = 104, 105, 113, 122, 128

Message = dict[str, Any]
Answers = Callable[[str, Message], Message]


def tell(*words: object) -> None:
    """Write a line to the log."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def properties(file: Path) -> Mapping[str, str]:
    """A properties file."""
    lines = (line.partition("=") for line in file.read_text(encoding="utf-8").splitlines())
    return {key.strip(): value for key, equals, value in lines if equals}


def serve(answers: Mapping[int, Answers]) -> NoReturn:
    """Answer on several ports until the container is ended; each port has a function of path and message."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for port, answer in answers.items():
        server = ThreadingHTTPServer(("0.0.0.0", port), handler(answer))
        threading.Thread(target=server.serve_forever).start()
    tell("listening on", *answers)
    while True:
        time.sleep(3600)


def handler(answer: Answers) -> type[BaseHTTPRequestHandler]:
    """What answers on a port."""

    class Handler(BaseHTTPRequestHandler):
        """Gives the answers of one port."""

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so there
            """Say nothing."""

        def handle_one_request(self) -> None:
            """Greet a client of HTTP/2, and answer others."""
            if self.rfile.peek(3)[:3] == b"PRI":  # type: ignore[attr-defined] # it is buffered
                self.wfile.write(SETTINGS)
                self.close_connection = True
            else:
                super().handle_one_request()

        def do_POST(self) -> None:
            """Answer."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = json.dumps(answer(self.path, json.loads(body or b"{}"))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

    return Handler


def ask(where: str, path: str, message: Message) -> Message:
    """What another one answers at a host and port; a code says that nobody does."""
    request = urllib.request.Request(f"http://{where}{path}", data=json.dumps(message).encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            found: Message = json.load(response)
    except (OSError, ValueError) as error:
        return {"retcode": NET_ERROR, "retmsg": f"UNAVAILABLE: io exception: {where}: {error}"}
    return found


# serving-proxy


class Proxy:
    """serving-proxy: it leads clients to its own server, servers to other parties, and others to its own server."""

    def __init__(self, file: Path) -> None:
        settings = properties(file)
        self.party, self.table = settings["coordinator"], Path(settings["route.table"])
        self.http = int(settings["server.port"])
        self.inter, self.intra = int(settings["proxy.grpc.inter.port"]), int(settings["proxy.grpc.intra.port"])
        self.registry = settings["zk.url"] if settings["useZkRouter"] == "true" else ""

    def way(self, party: str, service: str) -> str:
        """Where a message for a party goes next; empty where the table does not say."""
        table = json.loads(self.table.read_text(encoding="utf-8"))["route_table"]
        entry = table.get(party) or table.get("default") or {}
        found = entry.get(service) or entry.get("default")
        return f"{found[0]['ip']}:{found[0]['port']}" if found else ""

    def for_clients(self, path: str, message: Message) -> Message:
        """The answer to a client."""
        if path != "/federation/v1/inference":
            return {"retcode": NO_SERVICE, "retmsg": f"there is no {path}"}
        if self.registry and not is_registry(self.registry):
            return {"retcode": NO_WAY, "retmsg": "the registry does not answer"}
        return ask(self.way(self.party, "serving"), "/inference", message)

    def for_peers(self, path: str, message: Message) -> Message:
        """Let the own server answer, or pass on what is for another party."""
        party = path.removeprefix("/unary/")
        where = self.way(party, "serving" if party == self.party else "default")
        if not where:
            return {"retcode": NO_WAY, "retmsg": f"no route to {party}"}
        return ask(where, "/host" if party == self.party else path, message)


def is_registry(where: str) -> bool:
    """Whether ZooKeeper answers."""
    host, _, port = where.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.sendall(b"ruok")
            return connection.recv(4) == b"imok"
    except OSError:
        return False


# serving-server


def inference(proxy: str) -> Answers:
    """Answers of serving-server: as a guest, which asks the host through its proxy, and as a host."""

    def answer(path: str, message: Message) -> Message:
        service = str(message["head"]["serviceId"])
        bound = json.loads(BOUND.read_text(encoding="utf-8")) if BOUND.exists() else {}
        if service not in bound:
            return {"retcode": NO_MODEL, "retmsg": f"no model for {service}"}
        key = message["body"].get("sendToRemoteFeatureData") or {}
        if path == "/host":
            if not key:
                return {"retcode": NO_FEATURE, "retmsg": "no feature"}
            return {"retcode": 0, "retmsg": "", "data": {"score": 0.25}}
        sent = {"head": message["head"], "body": {"sendToRemoteFeatureData": key}}
        found = ask(proxy, f"/unary/{bound[service]}", sent)
        if found["retcode"]:
            words = f"host return code {found['retcode']} host msg :{found['retmsg']} for {key}"
            return {"retcode": int(f"2{found['retcode']}"), "retmsg": words, "data": {}, "flag": 0}
        return {"retcode": 0, "retmsg": "", "data": {"score": found["data"]["score"] + 0.25}, "flag": 0}

    return answer


# ZooKeeper


class Registry(socketserver.BaseRequestHandler):
    """ZooKeeper, as far as its words of four letters go."""

    def handle(self) -> None:
        """Say that all is well."""
        if self.request.recv(4) == b"ruok":
            self.request.sendall(b"imok")


def zookeeper(port: int) -> None:
    """A registry, in which nobody has to stand."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with socketserver.ThreadingTCPServer(("0.0.0.0", port), Registry) as server:
        server.serve_forever()


def main() -> None:
    """Be what the arguments, the environment or the files ask for."""
    if "-c" in sys.argv:
        proxy = Proxy(Path(sys.argv[sys.argv.index("-c") + 1]))
        serve({proxy.http: proxy.for_clients, proxy.inter: proxy.for_peers, proxy.intra: proxy.for_peers})
    if "ZOO_PORT_NUMBER" in os.environ:
        zookeeper(int(os.environ["ZOO_PORT_NUMBER"]))
        return
    settings = properties(SERVER)
    serve({int(settings["port"]): inference(settings["proxy"])})


if __name__ == "__main__":
    main()
