"""The Secrets that hold certificates of a site, and what stands in them (cluster-yaml.md INV-EGG-13 and INV-PUL-6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of a Secret: the authority, and certificates each with its private key; `java` is who reads them."""

    authority: str
    pairs: tuple[tuple[str, str], ...]
    java: bool = True


SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "eggroll-certs": Shape("ca.pem", (("server.crt", "server.key"), ("client.crt", "client.key"))),
        "pulsar-cert": Shape("ca.cert.pem", (("broker.cert.pem", "broker.key-pk8.pem"),)),
        "traffic-server-cert": Shape("ca.cert.pem", (("proxy.cert.pem", "proxy.key.pem"),), java=False),
    }
)
