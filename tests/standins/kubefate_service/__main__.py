"""Run the stand-in: `python -m tests.standins.kubefate_service --help`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.standins.kubefate_service.charts import Folder, Offline, Published, Repository
from tests.standins.kubefate_service.generations import LATEST, generation
from tests.standins.kubefate_service.platform import Platform
from tests.standins.kubefate_service.process import Pace
from tests.standins.kubefate_service.server import USER, Service, Settings, serve


def main() -> None:
    """Serve until told to end; the first line that is printed is the URL."""
    options = _options()
    settings = Settings(
        state=options.state,
        generation=generation(options.release),
        user=options.user,
        password=options.password,
        token_lifetime=options.token_lifetime,
        pace=Pace(speed=options.speed, time_limit=options.time_limit),
        ready_after=options.ready_after,
        repository=_repository(options.repository),
        certificate=options.certificate,
        key=options.key,
    )
    service = Service(settings, _platform(options))
    for name in options.namespace:
        service.cluster.add_namespace(name)
    server = serve(service, options.port)
    scheme = "https" if settings.certificate else "http"
    sys.stdout.write(f"{scheme}://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.standins.kubefate_service", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="a port of 127.0.0.1; 0 takes a free one")
    add("--release", default=LATEST.release, help="a KubeFATE release or a service version")
    add("--state", type=Path, required=True, help="the folder of the database")
    add("--user", default=USER)
    add("--password", default=USER)
    add("--token-lifetime", type=float, default=1800.0, metavar="SECONDS")
    add("--time-limit", type=float, default=3600.0, metavar="SECONDS", help="of a job")
    add("--speed", type=float, default=1.0, help="what pauses are multiplied with")
    add(
        "--ready-after", type=float, default=0.0, metavar="SECONDS", help="when pods of the cluster in memory are ready"
    )
    add("--namespace", action="append", default=[], help="a namespace of the cluster in memory")
    add("--repository", default="published", help="published, offline, or a folder of packages")
    add("--certificate", type=Path, help="serve TLS")
    add("--key", type=Path)
    add("--kubeconfig", type=Path, help="a real cluster, in place of the one in memory")
    add("--helm", type=Path, default=Path("helm"), help="the program for the real cluster")
    return parser.parse_args()


def _repository(name: str) -> Repository:
    if name == "offline":
        return Offline()
    return Published() if name == "published" else Folder(Path(name))


def _platform(options: argparse.Namespace) -> Platform | None:
    if options.kubeconfig is None:
        return None
    from tests.standins.kubefate_service.real import RealCluster

    return RealCluster(options.kubeconfig, options.helm)


main()
