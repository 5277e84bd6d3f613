"""A value is not among those allowed.

The value has the right type, but is none of the listed words, lies outside the range, or is not written as the
schema says (planner/federation.schema.json). The message says the rule in words.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: ring                         # error: FED114
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
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
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from planner.diagnostics import Fault

FAULT = Fault(
    "FED114",
    "bad_value",
    mended="a word that is nearly an allowed one becomes it; the second of two equal items is removed",
)
