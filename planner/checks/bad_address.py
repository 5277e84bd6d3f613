"""An address is not one.

Peers dial the address of a cluster, of a load balancer or of a route, and a party dials its MySQL. Each is written into
FATE's files as it stands, without being looked at, and a wrong one shows up as `UNAVAILABLE` minutes later. It must be
an IPv4 address, an IPv6 address or a DNS name, alone: the port has a place of its own. A name that ends in a number is
taken for a broken IPv4 address (RFC 1123, section 2.1).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: "192.168.9.1:30091"}  # error: FED304
      - {name: shop, address: 192.168.10.300}  # error: FED304
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: shop.example.com}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.addresses import flaw, written
from planner.diagnostics import Diagnostic, Fault, SetValue
from planner.subject import Subject

FAULT = Fault("FED304", "bad_address", mended="blanks around it and a dot at its end are taken away")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every text that stands in the place of an address and is none."""
    for address in written(subject):
        found = flaw(address.text)
        if found is not None:
            trimmed = address.text.strip().removesuffix(".")
            fix = (SetValue(address.path, trimmed),) if trimmed != address.text and flaw(trimmed) is None else ()
            yield Diagnostic(FAULT, f"{address.subject} {found.clause}", address.place, found.hint, fix=fix)
