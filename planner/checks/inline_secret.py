"""A secret stands in the file in plain text.

federation.yaml is committed, reviewed and handed around between organisations that do not trust each other; a
password in it is known to all of them, for ever. The file holds references only, which apply resolves at the last
moment: env:NAME, file:PATH or secret:NAMESPACE/NAME#KEY. The value found here is not shown in any report.

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
      credentials: {mysql: fate_dev, fateboard: "env:FATEBOARD_PASSWORD"}  # error: FED801

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

FAULT = Fault("FED801", "inline_secret")
