"""cluster.yaml as values of a chart: words in the place of secrets, and what the template makes of the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from planner.diagnostics import Diagnostic, Place
from planner.site_json import Installation
from renderers.cluster.clock import Deadline
from renderers.helm import program
from renderers.helm.charts import Chart
from renderers.helm.program import Helm
from renderers.helm.site import render_site
from renderers.helm.values import ChartValues, at, chart_values, cluster_data, filled, leaves, with_words
from tests import charts
from tests.cluster.conftest import helm_binary

GENERATIONS = pytest.mark.parametrize("helm", [3, 4], indirect=True, ids=["helm3", "helm4"])


@pytest.fixture
def helm(request: pytest.FixtureRequest) -> Helm:
    """A real helm."""
    path = helm_binary(request.param)
    found = program.find({**os.environ, program.VARIABLE: str(path)}, Place())
    assert isinstance(found, Helm), found
    return found


def values(helm: Helm, template: str, data: Mapping[str, Any]) -> Any:
    """What a template makes of data; the finding where it makes nothing."""
    chart = Chart("fate", "v1.11.2", template)
    found = chart_values(helm, chart, data, Deadline(30), Place())
    return found if isinstance(found, Diagnostic) else found.filled(data)


def test_words() -> None:
    """Every secret has a word of its own, of letters and digits, which the file does not have."""
    data = {"a": "fedplanplace0x", "mysql": {"password": "${secret:env:A}"}, "list": [{"p": "x ${secret:env:B} y"}, 1]}
    hidden, words = with_words(data)
    assert sorted(words.values()) == [("list", 0, "p"), ("mysql", "password")]
    assert all(word.isalnum() and word.isascii() and not word.startswith("fedplanplace0x") for word in words)
    assert "secret" not in str(hidden)
    assert filled(hidden, {word: at(data, path) for word, path in words.items()}) == data
    assert dict(leaves(data)) == {
        ("a",): "fedplanplace0x", ("mysql", "password"): "${secret:env:A}",
        ("list", 0, "p"): "x ${secret:env:B} y", ("list", 1): 1,
    }  # fmt: skip


def test_filled_and_unread() -> None:
    """Words inside longer texts are replaced, too; a secret of which nothing is made is told."""
    found = ChartValues({"url": "user:w1x@host", "n": [1, {"p": "w1x"}]}, {"w1x": ("a",), "w2x": ("b", "c")})
    assert found.filled({"a": "S", "b": {"c": "T"}}) == {"url": "user:S@host", "n": [1, {"p": "S"}]}
    assert found.unread == (("b", "c"),)
    assert "w1x" not in repr(ChartValues({"p": "w1x"}, {}))


def test_cluster_data() -> None:
    """A cluster.yaml is one mapping."""
    assert cluster_data("a: 1\n") == {"a": 1}
    assert cluster_data("- 1\n") == "it is no mapping"
    assert cluster_data("a: [\n") == "it is not YAML (line 2)"


@pytest.mark.slow
@GENERATIONS
def test_as_the_service_does(helm: Helm) -> None:
    """Floats, what is missing, `<no value>`, sprig: all as KubeFATE's service has it, whichever helm it is."""
    template = """
id: {{ .partyId | int64 | toString }}
raw: {{ .big }}
small: {{ .partyId }}
port: {{ .port }}
gone: {{ .nothing }}
quoted: "{{ .nothing }}"
ternary: {{ empty .registry | ternary "false" "true" }}
default: {{ .nothing | default "fallback" }}
has: {{ has "python" .modules }}
first: {{ .modules | first }}
{{- with .rollsite }}
dollar: {{ $.name }} {{ .ip }}
{{- end }}
{{- with .none }}
never: 1
{{- end }}
list:
{{- range .rows }}
  - id: {{ .id }}
    keep: {{ .keep | quote }}
{{- end }}
count: [{{ range .n | int | until }}{{ . }},{{ end }}]
map:
{{ toYaml .rollsite | indent 2 }}
{{- range $key, $value := .table }}
key-{{ $key }}: {{ $value | upper | trunc 3 }}
{{- end }}
printf: {{ printf "%v.example.com" (.partyId | int64) }}
octal: 0777
truth: yes
float: 1.50
inside: {{ .word }} {{ .nothing }}
"""
    data = {
        "name": "fate-9999", "partyId": 9999, "big": 1234567, "port": 30091, "registry": "", "modules": ["python"],
        "rollsite": {"ip": "192.0.2.1", "ports": [1, 2]}, "rows": [{"id": 10000, "keep": None}, {"id": 7}], "n": 2,
        "table": {"9999": "abcdef"}, "word": "<no value>x",
    }  # fmt: skip
    assert values(helm, template, data) == {
        "id": 9999, "raw": 1234567, "small": 9999, "port": 30091, "gone": None, "quoted": "", "ternary": False,
        "default": "fallback", "has": True, "first": "python", "dollar": "fate-9999 192.0.2.1",
        "list": [{"id": 10000, "keep": None}, {"id": 7, "keep": None}], "count": [0, 1],
        "map": {"ip": "192.0.2.1", "ports": [1, 2]}, "key-9999": "ABC", "printf": "9999.example.com", "octal": 511,
        "truth": True, "float": 1.5, "inside": "x",
    }  # fmt: skip
    assert values(helm, "text: a{{ .big }}", data) == {"text": "a1.234567e+06"}


@pytest.mark.slow
@GENERATIONS
@pytest.mark.parametrize("value", ["12345678", "a: b", "x # y", "'q\"", "*alias", "{{ .name }}", "é", "yes", "\n- a"])
def test_values_of_secrets_are_not_read_by_the_template(helm: Helm, value: str) -> None:
    """Whatever a value is, it comes out as this very text: it was not there when the template ran."""
    template = 'plain: {{ .mysql.password }}\nquoted: "{{ .mysql.password }}"\nurl: u:{{ .mysql.password }}@h\n'
    data = {"name": "n", "mysql": {"password": "${secret:env:PW}"}}
    found = chart_values(helm, Chart("fate", "v1.11.2", template), data, Deadline(30), Place())
    assert isinstance(found, ChartValues)
    assert found.unread == ()
    assert found.filled({"mysql": {"password": value}}) == {"plain": value, "quoted": value, "url": f"u:{value}@h"}
    assert found.filled(data)["plain"] == "${secret:env:PW}"


@pytest.mark.slow
@GENERATIONS
@pytest.mark.parametrize(
    ("template", "code", "said"),
    [
        ("a: {{ .b.c.d }}", "FED954", "values-template.yaml:1:"),
        ("a: {{ has 1 .name }}", "FED954", "Cannot find has on type string"),
        ('a: {{ env "HOME" }}', "FED954", 'function "env" not defined'),
        ("a: {{ .name", "FED954", "values-template.yaml:1"),
        ("a: b: c", "FED954", "cannot be read as values: error converting YAML to JSON"),
        ("- a", "FED954", "cannot be read as values"),
    ],
)
def test_refused_by_the_template(helm: Helm, template: str, code: str, said: str) -> None:
    """The engine's words, with the template under the name that it has in the chart."""
    found = values(helm, template, {"name": "n"})
    assert isinstance(found, Diagnostic)
    assert (found.fault.code, said in found.message) == (code, True), found.message
    assert "fedplan" not in found.message


SITE = """
name: fate-9999
namespace: fate-9999
chartName: fate
chartVersion: v1.11.2
partyId: 9999
persistence: true
modules: [rollsite, clustermanager, nodemanager, mysql, python, fateboard, client]
computing: Eggroll
rollsite: {type: NodePort, nodePort: 30091, partyList: [{partyId: 10000, partyIp: 192.0.2.1, partyPort: 30101}]}
mysql: {user: fate, password: "${secret:env:MYSQL_PW}"}
fateboard: {username: admin, password: "${secret:file:/etc/fate: board}"}
other: {password: "${secret:env:NOBODY}"}
"""


@pytest.mark.slow
@GENERATIONS
def test_a_site_rendered(helm: Helm) -> None:
    """The final objects of a chart, with places where secrets would be; one that nothing reads is told."""
    at_9999 = Installation("training", "cluster.yaml", "fate-9999", "fate-9999", "fate", "v1.11.2")
    files = {"cluster.yaml": SITE.replace("/etc/fate: board", "/etc/fateboard")}
    done, found = render_site(helm, files, [at_9999], "charts", charts.HERE.parent, Deadline(60), Place())
    assert [each.fault.code for each in found] == ["FED957"]
    assert "other.password" in found[0].message
    (part,) = done
    objects = {(each["kind"], each["metadata"]["name"]): each for each in part.objects}
    assert len(objects) == 16
    table = yaml.safe_load(objects["ConfigMap", "rollsite-config"]["data"]["route_table.json"])
    assert table["route_table"]["10000"]["default"] == [{"ip": "192.0.2.1", "port": 30101}]
    assert "default" not in table["route_table"]
    text = objects["ConfigMap", "fateboard-config"]["data"]["application.properties"]
    assert "server.board.login.password=${secret:file:/etc/fateboard}" in text
    container = objects["StatefulSet", "python"]["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [{"name": "DB_PASSWORD", "value": "${secret:env:MYSQL_PW}"}]
    assert objects["StatefulSet", "mysql"]["spec"]["volumeClaimTemplates"]
    assert ("ConfigMap", "before-upgrade") in objects


@pytest.mark.slow
@GENERATIONS
def test_from_a_repository(helm: Helm, tmp_path: Path) -> None:
    """A chart is fetched by its version from a repository's URL; another version is told as helm tells it."""
    with _Repository(tmp_path) as url:
        at_9999 = Installation("training", "cluster.yaml", "fate-9999", "fate-9999", "fate", "v1.11.2")
        files = {"cluster.yaml": SITE.replace("/etc/fate: board", "/x")}
        done, _ = render_site(helm, files, [at_9999], url, Path(), Deadline(60), Place())
        assert len(done) == 1
        other = Installation("training", "cluster.yaml", "fate-9999", "fate-9999", "fate", "v9.9.9")
        done, found = render_site(helm, files, [other], url, Path(), Deadline(60), Place())
        assert (done, [each.fault.code for each in found]) == ((), ["FED952"])
        assert "fate" in found[0].message


class _Repository:
    """A repository of charts on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> str:
        import functools
        import hashlib
        import http.server
        import threading

        path = charts.write_package(self.folder, "fate", "v1.11.2")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entry = {"name": "fate", "version": "v1.11.2", "urls": [path.name], "digest": digest, "apiVersion": "v1"}
        index = {"apiVersion": "v1", "entries": {"fate": [entry]}, "generated": "2026-01-01T00:00:00Z"}
        (self.folder / "index.yaml").write_text(yaml.safe_dump(index), encoding="utf-8")

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

        handler = functools.partial(Quiet, directory=str(self.folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
