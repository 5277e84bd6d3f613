"""The file uses a part of YAML that fedplan does not read.

Merge keys (<<), tags (!!str), directives (%YAML), several documents in one file, and keys that are lists, mappings,
null, truth values or decimals are read differently, or not at all, by the programs this file is made for (merge
keys were never part of YAML 1.2). What parties share goes under `defaults`; text that looks like something else
goes in quotes.

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
      - <<: {cluster: shop}              # error: FED110
        id: 10000
        cluster: shop
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

FAULT = Fault("FED110", "unsupported_yaml", mended="a number that stands for a key gets quotes")
