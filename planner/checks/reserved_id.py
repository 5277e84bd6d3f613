"""A party id is not a whole number from 1 to 999999.

FATE 1.x wants integers as keys of its route tables, so an id in quotes is another party (INV-ID-5). From chart
v1.5.1 an id that is no number becomes 0, so 0 is nobody's (INV-ID-4; v1.11.2:helm-charts/FATE/values-template.yaml,
line `partyId`). And numbers pass through JSON's floating point on their way into the chart, which prints seven
digits or more as 1e+06 (reference: cluster-yaml.md, section 1).

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
      - {id: "10000", cluster: shop}       # error: FED122
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

FAULT = Fault("FED122", "reserved_id", mended="an id in quotes or with `.0` becomes a number")
