"""TLS between rollsites is switched on, and the traffic stays plain all the same.

`enableTLS` makes the chart mount certificates. But rollsite's TLS is a second port, which the chart does not expose,
and it is used only towards routes marked `is_secure`, which the chart never writes; port 9370 stays plain text
(reference: components.md section 0, fact 5; KubeFATE issue 751). The pods also refuse to start without the Secret
`eggroll-certs`.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      tls: true  # warning: FED803
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.kubernetes_target import has_manifests
from planner.subject import Subject

FAULT = Fault("FED803", "tls_without_effect", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield one warning for the federation, at the first site with TLS whose release has the key."""
    for site, release in subject.known_sites():
        if (
            site.tls
            and release.has_tls
            and not has_manifests(site)
            and not {"rollsite", "lbrollsite"}.isdisjoint(subject.modules(site))
        ):
            yield Diagnostic(
                FAULT,
                "tls mounts certificates, but the traffic between the sites stays plain",
                Place((*site.path, "tls")),
                "put a VPN or a TLS tunnel between the sites, and remove `tls`",
            )
            return
