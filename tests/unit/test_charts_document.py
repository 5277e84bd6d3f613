"""The fast way to read long route tables reads what the slow way reads."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from renderers.charts import document

ATOMS = st.sampled_from(
    [
        *(
            "10000",
            "1",
            "9999",
            "30101",
            "192.168.10.1",
            "default",
            "shop.example.com",
            '"10000"',
            "'a b'",
            '"a: b"',
            '""',
        ),
        *(
            "",
            "null",
            "~",
            "true",
            "1_000",
            "0x10",
            "010",
            "1e3",
            "a # no",
            "a#b",
            "[1, 2]",
            "{a: 1}",
            "&a 1",
            "*a",
            "!!str 1",
        ),
        *(
            "fe80::1",
            "a:b",
            "- 1",
            "|",
            ">",
            "a\\",
            '"\\x41"',
            '"a',
            "銀行",
            "a\ttab",
            " lead",
            "trail ",
            "? a",
            "%a",
            "@a",
            "a: b",
        ),
    ]
)
NAMES = st.sampled_from(["partyId", "partyIp", "partyPort", "extra", "Id", '"partyId"', "party-id", "x.y", "- a"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["    - ", "    -  ", "  - ", "      - ", "    -\n      ", "    - - ", "\t- "]),
        st.lists(st.tuples(NAMES, ATOMS), min_size=1, max_size=3),
        st.sampled_from(["      ", "      ", "      ", "        ", "    ", "       "]),
        st.sampled_from(
            ["\n", "\n", "\n", "  # a comment\n", "\n\n", "\n    # a comment\n", "\n# a comment\n", "\r\n", " \n"]
        ),
    ),
    min_size=1,
    max_size=4,
)
USUAL_ROWS = st.lists(
    st.tuples(
        st.just("    - "),
        st.lists(
            st.tuples(st.sampled_from(["partyId", "partyIp", "partyPort", "extra"]), ATOMS), min_size=1, max_size=3
        ),
        st.just("      "),
        st.just("\n"),
    ),
    min_size=1,
    max_size=4,
)
BEFORE = st.sampled_from(
    [
        "a: 1\nrollsite:\n  type: NodePort\n",
        "rollsite:\n",
        "a:\n  partyList: []\nrollsite:\n",
        "other:\n  partyList:\n    - partyId: 5\nrollsite:\n",
        "- a: 1\n",
        "- a: 1\nrollsite:\n",
        "rollsite: # comment\n",
        "text: |\n  rollsite:\n",
        "text: 'rollsite:\n",
        "rollsite:\n  deep:\n",
        "---\nrollsite:\n",
        "",
    ]
)
AFTER = st.sampled_from(
    [
        "",
        "python:\n  type: NodePort\n",
        "  nodePort: 30091\n",
        "      partyPort: 3\n",
        "    - {partyId: 7}\n",
        "      - 1\n",
        "        more\n",
        "     odd\n",
        "'\n",
        "\n\nb: 2\n",
        "  # a comment\n  b: 2\n",
        "    # a comment\n    - partyId: 8\n",
        "osx:\n  partyList: []\n",
        "osx:\n  partyList:\n    - partyId: 6\n",
        "...\n",
        "---\nb: 1\n",
    ]
)


def table_text(rows: list[tuple[str, list[tuple[str, str]], str, str]]) -> str:
    """Rows as text; `rows` holds the dash, the keys, the indentation of further keys, and the end of each line."""
    lines = []
    for dash, keys, indent, end in rows:
        for index, (key, value) in enumerate(keys):
            lines.append(f"{dash if index == 0 else indent}{key}: {value}{end}")
    return "".join(lines)


def load_both(text: str) -> tuple[str, str]:
    """What the fast and the slow reader say of a text; or that they refuse it."""
    results = []
    for reader in (document.load, document.load_slowly):
        try:
            results.append(repr(reader(text)))
        except yaml.YAMLError:
            results.append("refused")
        except Exception as error:  # noqa: BLE001 - PyYAML raises many kinds; both ways must raise the same
            results.append(repr(error))
    return results[0], results[1]


@settings(max_examples=60)
@given(BEFORE, USUAL_ROWS | ROWS, AFTER)
def test_the_fast_way_reads_what_the_slow_way_reads(
    before: str, rows: list[tuple[str, list[tuple[str, str]], str, str]], after: str
) -> None:
    """Row by row or as a whole: comments, quotes, flow style, odd indentation and odd keys make no difference."""
    fast, slow = load_both(f"{before}  partyList:\n{table_text(rows)}{after}")
    assert fast == slow


@settings(max_examples=50)
@given(BEFORE, USUAL_ROWS | ROWS, AFTER)
def test_so_it_is_with_names_for_traffic_server(
    before: str, rows: list[tuple[str, list[tuple[str, str]], str, str]], after: str
) -> None:
    """The rows stand one level deeper."""
    deeper = table_text(rows).replace("\n", "\n  ").rstrip(" ")
    fast, slow = load_both(f"{before}  route_table:\n    sni:\n  {deeper}{after}")
    assert fast == slow


LINES = st.lists(
    st.tuples(
        st.sampled_from(["      ", "      ", "        ", "        - ", "          ", "    ", "  ", "       ", ""]),
        st.sampled_from(
            ["host", "port", "http_port", "fateflow", "proxy", "10000", "10001", '"10000"', "default", "- a"]
        ),
        ATOMS,
        st.sampled_from(["\n", "\n", "\n", "  # a comment\n", "\n\n", "\n# a comment\n", "\r\n", " \n"]),
    ),
    max_size=4,
)
BROKER_ROW = "    {party}:\n      host: {host}\n      port: 30104\n"
NGINX_ROW = (
    "    {party}:\n      fateflow:\n        - host: {host}\n          http_port: 30103\n          grpc_port: 30108\n"
)
MAPPING_ROWS = st.lists(
    st.one_of(
        st.builds(
            lambda form, party, host: form.format(party=party, host=host),
            st.sampled_from([BROKER_ROW, NGINX_ROW]),
            st.sampled_from(["10000", "10001", "010", "0x10", "'10000'", "default", "1_0", "<<"]),
            ATOMS,
        ),
        LINES.map(lambda lines: "".join(f"{indent}{key}: {value}{end}" for indent, key, value, end in lines)),
        st.sampled_from(["    10002:\n", "    10002: {}\n", "    10002:\n      fateflow: []\n", "    # a comment\n"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(BEFORE, MAPPING_ROWS, st.none() | MAPPING_ROWS, AFTER)
def test_so_it_is_with_tables_by_party(before: str, rows: list[str], more: list[str] | None, after: str) -> None:
    """The mappings of nginx, RabbitMQ and Pulsar, of which a file has two."""
    second = "" if more is None else f"pulsar:\n  route_table:\n{''.join(more)}"
    fast, slow = load_both(f"{before}  route_table:\n{''.join(rows)}{second}{after}")
    assert fast == slow


ONCE_WRONG = [
    "    - partyId: 1\n# why\n    - partyId: 2\n",
    "    - partyId: 1\n\n    - partyId: 2\n",
    "    - partyId: 1\n\n      partyPort: 2\n",
    "    - partyId: 1\u2028    - partyId: 2\n",
    "    - partyId: 1\nosx: {partyList: []}\n",
]


@pytest.mark.parametrize("rows", ONCE_WRONG)
def test_texts_that_were_once_read_wrongly(rows: str) -> None:
    """Comments and blank lines between rows, a line separator in a row, a second empty list."""
    for before in ("rollsite:\n", "text: |\n  rollsite:\n"):
        fast, slow = load_both(f"{before}  partyList:\n{rows}")
        assert fast == slow


MESH = """\
nginx:
  type: NodePort
  route_table:
{nginx}pulsar:
  route_table:
{pulsar}  exchange:
    ip: 192.168.1.1
trafficServer:
  route_table:
    sni:
{sni}rollsite:
  partyList:
{rollsite}  nodePort: 30091
"""
NAMED = "      - fqdn: {party}.fate.org\n        tunnelRoute: {host}:30109\n"
LISTED = "    - partyId: {party}\n      partyIp: {host}\n      partyPort: 30091\n"


def test_the_fast_way_is_taken_for_rows_as_they_are_written() -> None:
    """Else a federation of thousands of parties would take minutes to read back."""
    forms = {"nginx": NGINX_ROW, "pulsar": BROKER_ROW, "sni": NAMED, "rollsite": LISTED}
    tables = {
        name: "".join(form.format(party=party, host=f"shop{party}.example.com") for party in range(1, 51))
        for name, form in forms.items()
    }
    text = MESH.format(**tables)
    document.load_row.cache_clear()
    data = document.load(text)
    assert document.load_row.cache_info().misses == 200
    assert data == document.load_slowly(text)
    document.load(text)
    assert document.load_row.cache_info().misses == 200


def test_tables_that_are_one_object_are_read_as_a_whole() -> None:
    """An alias makes two blocks of one."""
    text = "rollsite: &a\n  partyList:\n    - partyId: 1\nosx: *a\n"
    fast, slow = load_both(text)
    assert fast == slow


def test_an_error_is_told_of_the_whole_text() -> None:
    """Not of a row, whose lines are numbered from one."""
    text = "a: 1\nrollsite:\n  partyList:\n    - partyId: 1\n      partyIp: a: b\n"
    with pytest.raises(yaml.YAMLError) as raised:
        document.load(text)
    assert "line 5" in str(raised.value)
