"""A key is not known at this place.

A misspelled key would otherwise have no effect, silently, as in KubeFATE, whose charts drop what they do not know
(reference: cluster-yaml.md). The hint names the key that was probably meant, or the place where this key belongs.

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
      - {id: 10000, clutser: shop}         # error: FED111
    defaults:
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

from planner.diagnostics import Fault

FAULT = Fault("FED111", "unknown_key", mended="a key that is nearly a known one, and can be no other, gets its name")
