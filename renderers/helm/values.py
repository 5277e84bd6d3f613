"""A site's cluster.yaml as the values of its chart, made the way KubeFATE's service makes them.

The service runs the chart's own values-template.yaml with Go's templates and sprig, takes numbers through JSON (so they
are floating-point), gives nothing for what is missing, and deletes each `<no value>`
(service-api.md section 8; v1.11.2:k8s-deploy/pkg/service/config.go). Helm has the same engine, so helm does it here: a
chart of ours holds the template and gives back what comes out, as text and as what helm reads in it.

Places of secrets are plain words while this happens, so that no value is ever templated, quoted or written to disk.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from planner.checks.values_refused import not_yaml, values_refused
from planner.diagnostics import Diagnostic, Place
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.helm.charts import TEMPLATE, Chart
from renderers.helm.program import Helm, HelmError
from renderers.sound_yaml import UnsoundYamlError, documents

KeyPath = tuple[str | int, ...]
_SECONDS: Final = 30.0
_NAME: Final = "values"
_TEMPLATE: Final = f"{_NAME}/templates/_values.tpl"
_OPENING: Final = "${secret:"
_DESCRIPTION: Final = f"apiVersion: v2\nname: {_NAME}\nversion: 0.0.0\n"
_FRAME: Final = """\
{{- $text := include "TEMPLATE" (.Values.data | fromJson) | replace "<no value>" "" }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: values
data:
  text: {{ $text | b64enc | quote }}
  values: {{ $text | fromYaml | toJson | b64enc | quote }}
""".replace("TEMPLATE", _TEMPLATE)


@dataclass(frozen=True, slots=True)
class ChartValues:
    """The values of a chart, with a word in the place of each secret; `words` says which key of the file has which."""

    tree: Mapping[str, Any] = field(repr=False)
    words: Mapping[str, KeyPath]

    def filled(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values with what `data` (the same file: with places, or with values) has where the words came from."""
        found = {word: str(at(data, path)) for word, path in self.words.items()}
        return filled(self.tree, found) if found else self.tree

    @property
    def unread(self) -> tuple[KeyPath, ...]:
        """Keys with secrets of which the template makes nothing."""
        text = json.dumps(self.tree)
        return tuple(path for word, path in self.words.items() if word not in text)


def chart_values(
    helm: Helm, chart: Chart, data: Mapping[str, Any], deadline: Deadline, place: Place
) -> ChartValues | Diagnostic:
    """The values that the chart's template makes of a cluster.yaml; `place` is that file or the site."""
    hidden, words = with_words(data)
    files = {
        f"{_NAME}/Chart.yaml": _DESCRIPTION.encode(),
        f"{_NAME}/templates/_values.tpl": chart.template.encode(),
        f"{_NAME}/templates/values.yaml": _FRAME.encode(),
    }
    given = json.dumps({"data": json.dumps(hidden)}).encode()
    end = Deadline(min(_SECONDS, deadline.left), deadline.clock)
    told = f"{chart.name} {chart.version}"
    try:
        output = helm.run(["template", _NAME, f"./{_NAME}", "--values=-"], end, stdin=given, files=files)
    except HelmError as error:
        return values_refused(place, told, _about_template(str(error)))
    try:
        made = documents(output)[0]["data"]
        values = json.loads(base64.b64decode(made["values"], validate=True))
        text = base64.b64decode(made["text"], validate=True).decode()
    except (UnsoundYamlError, ValueError, LookupError, TypeError):
        return values_refused(place, told, "helm answers with something else than what was asked for")
    if not isinstance(values, dict) or (set(values) == {"Error"} and not text.lstrip().startswith("Error")):
        reason = values.get("Error", "it is no mapping") if isinstance(values, dict) else "it is no mapping"
        return not_yaml(place, told, spoken(str(reason)))
    return ChartValues(values, words)


def cluster_data(text: str) -> Mapping[str, Any] | str:
    """The data of a cluster.yaml; why it has none, as a clause."""
    try:
        found = documents(text.encode())
    except UnsoundYamlError as error:
        return str(error)
    return found[0] if len(found) == 1 and isinstance(found[0], dict) else "it is no mapping"


def with_words(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, KeyPath]]:
    """The data with a word of letters and digits in the place of each secret, and the words' key paths."""
    stem = _stem(json.dumps(data, default=str))
    paths = [path for path, text in leaves(data) if isinstance(text, str) and _OPENING in text]
    words = {f"{stem}{number:05d}x": path for number, path in enumerate(paths)}
    by_path = {path: word for word, path in words.items()}
    found = _walked(data, (), by_path.get)
    return found, words


def filled(tree: Any, words: Mapping[str, str]) -> Any:
    """A tree with texts in the place of words, wherever these stand in its texts."""

    def put(_path: KeyPath, value: Any) -> Any:
        if isinstance(value, str):
            for word, text in words.items():
                value = value.replace(word, text)
        return value

    return _walked(tree, (), put)


def leaves(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """All values that are no list and no mapping, with their paths."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from leaves(value, (*path, index))
    else:
        yield path, tree


def at(tree: Any, path: KeyPath) -> Any:
    """What stands at a path that is there."""
    for key in path:
        tree = tree[key]
    return tree


def _walked(tree: Any, path: KeyPath, change: Callable[[KeyPath, Any], Any]) -> Any:
    """A tree with other values."""
    if isinstance(tree, Mapping):
        return {key: _walked(value, (*path, key), change) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_walked(value, (*path, index), change) for index, value in enumerate(tree)]
    return change(path, tree)


def _stem(text: str) -> str:
    """The beginning of words that the file does not have."""
    number = 0
    while (stem := f"fedplanplace{number}x") in text:
        number += 1
    return stem


def _about_template(words: str) -> str:
    """What helm says of the template, by the name that the chart's people know it under."""
    found = words.rpartition(f"template: {_TEMPLATE}:")[2] if f"template: {_TEMPLATE}:" in words else ""
    told = f"{TEMPLATE}:{found}" if found else words
    return told.replace(_TEMPLATE, TEMPLATE).partition(" Use --debug flag")[0]
