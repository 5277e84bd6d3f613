"""kube.cfg read as data: Bash agrees with what is accepted, the rest is refused in its place; and the script's part."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner.diagnostics import Span
from planner.lookup import Endpoint, RouteTable
from renderers.bash import Misread, Settings, parse
from renderers.kubecfg import Commands, Install, ScriptReading, locate, read, read_commands, read_files

SAMPLE = """\
#!/bin/bash

partylist=(10000 9999)                              # partyid
partyiplist=(192.168.11.2:30010 192.168.11.3:30009) # any node
exchangeip=192.168.11.4:30000

#
proxyIpList=()

nodeLabel=fedai.org
eggList=(fate-node-0
         fate-node-1)
federation=
python='fate-node-3'
"""
BASH = shutil.which("bash")
ENDPOINTS = {10000: Endpoint("192.168.11.2", 30010), 9999: Endpoint("192.168.11.3", 30009)}
EXCHANGE = Endpoint("192.168.11.4", 30000)


def accepted(text: str) -> Settings:
    """The settings of a text that can be read."""
    settings = parse(text)
    assert isinstance(settings, Settings), settings
    return settings


def texts(settings: Settings) -> Mapping[str, list[str]]:
    """Every setting as the list that Bash has."""
    return {name: [value.text for value in setting.values] for name, setting in settings.by_name.items()}


def made_of(text: str, commands: Commands | None = None) -> ScriptReading:
    """What the script makes of a text that can be read."""
    reading = read(text, commands)
    assert isinstance(reading, ScriptReading), reading
    return reading


def in_bash(text: str, settings: Settings) -> Mapping[str, list[str]]:
    """What Bash itself has after it sourced `text`, for the names in `settings`; an empty word counts as none."""
    names = list(settings.by_name)
    show = "".join(f'printf "%s\\0" {name} "${{#{name}[@]}}" "${{{name}[@]}}"; ' for name in names)
    ran = subprocess.run(
        [BASH or "", "--norc", "--noprofile", "-c", f'source /dev/stdin; exec 2>/dev/null; {show} printf "end"'],
        input=text.encode(),
        capture_output=True,
        check=True,
        env={},
    )
    words = iter(ran.stdout.decode().split("\0"))
    found: dict[str, list[str]] = {}
    while (name := next(words)) != "end":
        values = [next(words) for _ in range(int(next(words)))]
        found[name] = values if settings.by_name[name].is_list or values != [""] else []
    return found


def test_the_sample_is_read() -> None:
    """Lists over several lines, comments, quotes and empty values, as KubeFATE's own file has them."""
    assert texts(accepted(SAMPLE)) == {
        "partylist": ["10000", "9999"],
        "partyiplist": ["192.168.11.2:30010", "192.168.11.3:30009"],
        "exchangeip": ["192.168.11.4:30000"],
        "proxyIpList": [],
        "nodeLabel": ["fedai.org"],
        "eggList": ["fate-node-0", "fate-node-1"],
        "federation": [],
        "python": ["fate-node-3"],
    }


def test_every_value_has_its_place() -> None:
    """Line and column of a name, of an item, and of one on a later line."""
    settings = accepted(SAMPLE)
    assert settings.by_name["partyiplist"].span == Span(4, 1, 11)
    assert settings.values("partyiplist")[1].span == Span(4, 33, 18)
    assert settings.values("eggList")[1].span == Span(12, 10, 11)
    assert settings.values("python")[0].span == Span(14, 8, 13)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1", ["1"]),
        ("export a=1; b=2", ["1"]),
        ('a="1 $\'"'.replace("$", ""), ["1 '"]),
        ("a='1 \"$x`'", ['1 "$x`']),
        ("a=1#2 # 3", ["1#2"]),
        ("a=\\#\\ 1", ["# 1"]),
        ('a="\\$x\\n"', ["$x\\n"]),
        ("a=x\\\ny", ["xy"]),
        ("a=(1 \\\n 2)", ["1", "2"]),
        ("a=('' 1)", ["", "1"]),
        ("a=(1 # one\n 2)", ["1", "2"]),
        ("a=(x='1 2')", ["x=1 2"]),
        ("a=*?{1,2}", ["*?{1,2}"]),
        ("a='two\nlines'", ["two\nlines"]),
    ],
)
def test_what_is_data_is_read_as_bash_reads_it(text: str, values: list[str]) -> None:
    """Quotes, escapes, comments and continued lines."""
    settings = accepted(text)
    assert texts(settings)["a"] == values
    if BASH:
        assert in_bash(text, settings)["a"] == values


@pytest.mark.parametrize(
    ("text", "message", "span"),
    [
        ("a=$(rm -rf /)", "needs a shell", Span(1, 3)),
        ("a=1\nb=`id`", "needs a shell", Span(2, 3)),
        ('a="x${HOME}"', "needs a shell", Span(1, 5)),
        ("rm -rf /", "command", Span(1, 1, 2)),
        ("a=1 rm", "command", Span(1, 5, 2)),
        ("a=(1 2) b", "command", Span(1, 9)),
        ("a=(1 2", "not closed", Span(1, 3)),
        ("a='1", "not closed", Span(1, 3)),
        ('a="1', "not closed", Span(1, 3)),
        ("a=(1)2", "directly behind", Span(1, 6)),
        ("a=1\r\nb=2\r\n", "carriage return", Span(1, 4)),
        ("a=(1)\r\n", "carriage return", Span(1, 6)),
        ("a[0]=1", "whole setting", Span(1, 1, 6)),
        ("a+=(1)", "whole setting", Span(1, 1, 6)),
        ("a=(1 *)", "something else", Span(1, 6)),
        ("a=({1..3})", "something else", Span(1, 4)),
        ("a=~/x", "something else", Span(1, 3)),
        ("a=(1 ~)", "something else", Span(1, 6)),
        ("a=(1;2)", "no place", Span(1, 5)),
        ("a=1;;b=2", "no place", Span(1, 5)),
        (";a=1", "no place", Span(1, 1)),
        ("a=x:~", "something else", Span(1, 5)),
        ("a=1>x", "no place", Span(1, 4)),
        ("a=1&", "no place", Span(1, 4)),
        ("a=1)", "no place", Span(1, 4)),
        ("a=1\x07", "cannot be seen", Span(1, 4)),
        ("if true; then a=1; fi", "command", Span(1, 1, 2)),
    ],
)
def test_what_needs_a_shell_is_refused_in_its_place(text: str, message: str, span: Span) -> None:
    """Nothing is run, and nothing is guessed."""
    faults = parse(text)
    assert isinstance(faults, tuple)
    assert message in faults[0].message
    assert faults[0].span == span


def test_every_fault_is_told_and_a_list_only_once() -> None:
    """The lines behind a fault are read; the rest of a list with one is not."""
    faults = parse("a=$x\nb=(1\n $y\n 3)\nc=(1)\nls\n")
    assert isinstance(faults, tuple)
    assert [fault.span.line for fault in faults] == [1, 3, 6]


def test_a_long_file_of_faults_is_not_told_to_the_end() -> None:
    """A script read by mistake gives twenty findings, not thousands."""
    faults = parse("echo\n" * 5000)
    assert isinstance(faults, tuple)
    assert len(faults) == 20


@pytest.mark.skipif(BASH is None, reason="needs Bash")
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8), max_size=4))
@example(["", " ", "'", '"', "\\"])
@example(["$(id)", "*", "~", "#"])
def test_quoted_values_come_back(values: list[str]) -> None:
    """What shlex quotes is read back, by us and by Bash."""
    text = f"a=({' '.join(map(shlex.quote, values))})\n"
    settings = accepted(text)
    assert texts(settings)["a"] == values == in_bash(text, settings)["a"]


@pytest.mark.skipif(BASH is None, reason="needs Bash")
@given(st.text("ab12=()'\" \\\n#*;~{},.:-\t", max_size=30).map(lambda body: f"a={body}"))
def test_bash_agrees_with_whatever_is_accepted(text: str) -> None:
    """Where the reader does not refuse, Bash has exactly the same values."""
    settings = parse(text)
    if isinstance(settings, Settings) and not text.endswith("\\"):
        assert in_bash(text, settings) == texts(settings)


def test_an_exchange_is_every_partys_only_route() -> None:
    """With exchangeip no party lists another, and the exchange lists all."""
    reading = made_of(SAMPLE)
    assert {party: site.table for party, site in reading.parties.items()} == {
        10000: RouteTable(10000, {}, (EXCHANGE,)),
        9999: RouteTable(9999, {}, (EXCHANGE,)),
    }
    assert reading.exchange is not None
    assert reading.exchange.table == RouteTable(None, ENDPOINTS)
    assert reading.exchange.node_port == 30000
    assert {party: site.node_port for party, site in reading.parties.items()} == {10000: 30010, 9999: 30009}
    assert (reading.node_label, reading.eggs, reading.selectors["python"]) == (
        "fedai.org",
        ("fate-node-0", "fate-node-1"),
        "fate-node-3",
    )
    assert reading.remarks == ()


def test_without_an_exchange_each_party_lists_the_others() -> None:
    """The default route leads back to the party itself, which is none."""
    reading = made_of(SAMPLE.replace("exchangeip=192.168.11.4:30000", "exchangeip="))
    assert reading.parties[10000].table == RouteTable(10000, {9999: ENDPOINTS[9999]})
    assert reading.parties[9999].table == RouteTable(9999, {10000: ENDPOINTS[10000]})
    assert reading.exchange is None


def test_proxies_in_a_dmz_have_one_route_and_no_pod() -> None:
    """Their table is what splitting_proxy was told; a default route to themselves is none."""
    text = "partylist=(1 2)\nproxyIpList=(10.0.0.1 10.0.0.2)\n"
    reading = made_of(text, Commands(proxies={1: "10.0.0.2", 2: "10.0.0.2"}))
    assert reading.parties[1].table == RouteTable(1, {}, (Endpoint("10.0.0.2", 9370),))
    assert reading.parties[2].table == RouteTable(2, {})
    assert [(site.dmz, site.node_port) for site in reading.parties.values()] == [("10.0.0.1", None), ("10.0.0.2", None)]
    assert reading.remarks == ()


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("9999)", "9999 8888)"), "party 8888 has no address", 3),
        (("10000 9999)", "10000)"), "no party has this address", 4),
        (("10000 9999)", "10000 10000)"), "listed twice", 3),
        (("10000 9999)", "10000 guest)"), "'guest' is no party's id", 3),
        ((":30010", ""), "write ADDRESS:PORT", 4),
        ((":30010", ":port"), "write ADDRESS:PORT", 4),
        ((":30010", ":70000"), "write ADDRESS:PORT", 4),
        (("192.168.11.2:30010", "2001:db8::1:30010"), "first and its last colon", 4),
        (("192.168.11.4:30000", "192.168.11.4"), "write ADDRESS:PORT", 5),
        (("proxyIpList=()", "proxyIpList=(10.0.0.1)"), "makes no exchange", 5),
        (("proxyIpList=()", "proxyIpList=(10.0.0.1)"), "some parties", 8),
        (("proxyIpList=()", "proxyIpList=(10.0.0.1)"), "no command makes the proxy of party 10000", 3),
        (("proxyIpList=()", "proxyIpList=('' '' 10.0.0.1)"), "no party has this proxy", 8),
        (("federation=", "nodeLabel=disk"), "nodeLabel is set again", 10),
    ],
)
def test_what_the_script_takes_otherwise_is_remarked(change: tuple[str, str], message: str, line: int) -> None:
    """Lists that do not fit, addresses that fall apart, and settings that cancel each other."""
    remarks = made_of(SAMPLE.replace(*change)).remarks
    assert any(message in remark.message and remark.span.line == line for remark in remarks), remarks


def test_a_file_without_parties_is_refused() -> None:
    """There is nothing to make of it."""
    assert read("exchangeip=1.2.3.4:30000\n") == (
        Misread("partylist is missing or empty: the script makes no party", Span(1, 1)),
    )
    assert isinstance(read("partylist=($x)\n"), tuple)


def test_commands_of_a_runbook_are_read() -> None:
    """Flags in one or two words, quotes, continued lines and comments; other commands are left alone."""
    commands = read_commands(
        "```bash\n"
        "git clone --branch v1.2.0 --depth 1 https://github.com/FederatedAI/KubeFATE.git\n"
        "helm --kube-context 'my cluster' install --set nfspath=/data,nfsserver=10.0.0.9 --name=a \\\n"
        "  --namespace b ./fate-10000/    # cluster bank\n"
        "helm upgrade a ./fate-10000/\n"
        "helm install\n"
        "bash KubeFATE/docker-deploy/generate_config.sh splitting_proxy 10000 N 1 N 2 192.168.14.1\n"
        "bash KubeFATE/docker-deploy/docker_deploy.sh splitting_proxy 10000 192.168.13.1\n"
        "helm isn't closed\n"
        "The last word of generate_config.sh splitting_proxy 9999 a b c d e\n"
    )
    assert commands == Commands(
        release="v1.2.0",
        installs={
            "fate-10000": Install("fate-10000", "a", "b", "my cluster", {"nfspath": "/data", "nfsserver": "10.0.0.9"})
        },
        proxies={10000: "192.168.14.1"},
    )


def test_a_setting_is_located_in_its_file() -> None:
    """By its name, or by its item's number; what is not there is looked for at the start."""
    assert locate(SAMPLE, ("partyiplist",)) == Span(4, 1, 11)
    assert locate(SAMPLE, ("partyiplist", 1)) == Span(4, 33, 18)
    assert locate(SAMPLE, ("partyiplist", 7)) == Span(4, 1, 11)
    assert locate(SAMPLE, ("chartVersion",)) == locate(SAMPLE, ()) == locate("$(", ("a",)) == Span(1, 1)


def test_every_site_of_a_large_mesh_shares_the_routes() -> None:
    """Tables are made one at a time, so 2,000 parties do not take four million entries of memory."""
    ids = range(1, 2001)
    text = f"partylist=({' '.join(map(str, ids))})\npartyiplist=({' '.join(f'10.0.0.1:{30000 + i}' for i in ids)})\n"
    reading = made_of(text)
    assert reading.parties[1].routes is reading.parties[2000].routes
    assert len(reading.parties[1].table.entries) == 1999
    assert read_files(text, "")[0] is read_files(text, "")[0]
