"""Archives of bundles: the same bytes everywhere, and nothing read that could do harm."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from renderers import archive
from renderers.archive import UnsoundArchiveError, pack, unpack

ROOT = Path(__file__).resolve().parents[2]
FILES = {"b/x.yaml": b"x: 1\n", "a.md": b"", "b/large": bytes(range(256)) * 1000}
DIGEST = "7d8be06e04d3056d45da71ecc54bc42b4b20e0c53edb8151c1b989b872655075"
Change = Callable[[tarfile.TarInfo], object]


def tar(*entries: tuple[str, bytes], change: Change = lambda _: None, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """A .tar.gz as somebody else would make it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as found:
        for name, data in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            change(entry)
            found.addfile(entry, io.BytesIO(data))
    return gzip.compress(made.getvalue(), mtime=0)


def typed(kind: bytes, target: str = "") -> Change:
    """Makes an entry one of another kind."""

    def change(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname = kind, target

    return change


def test_what_is_packed_is_unpacked() -> None:
    """By us, and by Python's own reader."""
    data = pack("top", FILES)
    assert unpack(data) == ("top", FILES)
    with tarfile.open(fileobj=io.BytesIO(data)) as found:
        assert [each.name for each in found] == ["top/a.md", "top/b/large", "top/b/x.yaml"]
        assert {(each.mode, each.uid, each.gid, each.uname, each.gname, each.mtime) for each in found} == {
            (0o644, 0, 0, "", "", 0)
        }


def test_the_bytes_never_change() -> None:
    """They are those that another version of Python or of zlib gives as well: a change here is a change of them all."""
    assert sha256(pack("top", FILES)).hexdigest() == DIGEST


@pytest.mark.parametrize(("umask", "zone", "locale"), [(0o077, "Asia/Tokyo", "C"), (0o002, "UTC", "C.UTF-8")])
def test_the_bytes_are_the_same_for_another_user(umask: int, zone: str, locale: str, tmp_path: Path) -> None:
    """Whatever the umask, the time zone, the locale and the home are."""
    code = (
        "from renderers.archive import pack; import sys; sys.stdout.buffer.write(pack('top', {'ä': b'1', 'b': b'2'}))"
    )
    environ = {"TZ": zone, "LC_ALL": locale, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    before = os.umask(umask)
    try:
        made = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=True)
    finally:
        os.umask(before)
    assert made.stdout == pack("top", {"b": b"2", "ä": b"1"})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "its end is missing"),
        (b"PK\x03\x04", "it is no .tar.gz"),
        (gzip.compress(b"x" * 600, mtime=0), "it holds no tar"),
        (pack("top", FILES)[:-9], "its end is missing"),
        (pack("top", FILES) + b"more", "something stands behind its end"),
        (gzip.compress(gzip.decompress(pack("top", FILES))[:5000], mtime=0), "it breaks off in a file"),
        (tar(("top/../../etc/passwd", b"")), "a name in it could leave its folder, or is none that fedplan gives"),
        (tar(("/etc/passwd", b"")), "a name in it could leave its folder, or is none that fedplan gives"),
        (tar(("top/a\\b", b"")), "a name in it could leave its folder, or is none that fedplan gives"),
        (tar(("top/\x1b[31m", b"")), "a name in it could leave its folder, or is none that fedplan gives"),
        (tar(("/".join("abcdefghijklmnopqrst"), b"")), "a name in it could leave its folder, or is none that fedplan"),
        (tar(("top/x", b""), change=typed(tarfile.SYMTYPE, "/etc/passwd")), "top/x is no regular file"),
        (tar(("top/x", b""), change=typed(tarfile.LNKTYPE, "top/y")), "top/x is no regular file"),
        (tar(("top/x", b""), change=typed(tarfile.CHRTYPE)), "top/x is no regular file"),
        (tar(("top/x", b""), change=typed(tarfile.FIFOTYPE)), "top/x is no regular file"),
        (tar(("top/x", b""), change=typed(tarfile.GNUTYPE_SPARSE)), "top/x is no regular file"),
        (tar(("top/" + "n" * 200, b""), form=tarfile.PAX_FORMAT), "a name in it could"),
        (tar(("top/x", b"1"), ("top/x", b"2")), "x is in it twice"),
        (tar(("top/x", b""), ("other/x", b"")), "it holds several folders"),
        (tar(("alone", b"")), "a file in it stands outside its folder"),
        (tar(), "it is empty"),
    ],
)
def test_what_is_no_archive_of_ours_is_refused(data: bytes, reason: str) -> None:
    """With a clause, before anything of it is used."""
    with pytest.raises(UnsoundArchiveError, match=reason.replace("(", ".")) as found:
        unpack(data)
    assert str(found.value).isprintable()


def test_a_negative_size_ends_nowhere() -> None:
    """It would send a reader back to where it was."""
    entry = tarfile.TarInfo("top/x").tobuf(tarfile.USTAR_FORMAT)
    forged = bytearray(entry)
    forged[124:136] = b"\xff" * 12
    forged[148:156] = b" " * 8
    forged[148:156] = b"%06o\x00 " % sum(forged[:512])
    with pytest.raises(UnsoundArchiveError):
        unpack(gzip.compress(bytes(forged) + bytes(1024)))


def test_a_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands for more than an archive may hold is given up at that size; so are too many files."""
    monkeypatch.setattr(archive, "MOST_BYTES", 2**20)
    packer = zlib.compressobj(9, wbits=31)
    with pytest.raises(UnsoundArchiveError, match="larger than 1 MiB unpacked"):
        unpack(packer.compress(bytes(2**24)) + packer.flush())
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    with pytest.raises(UnsoundArchiveError, match="more than 3 files"):
        unpack(tar(*((f"top/{number}", b"") for number in range(5))))


def test_what_somebody_packed_again_is_read() -> None:
    """With folders of their own, and names that begin with a dot."""

    def folder(entry: tarfile.TarInfo) -> None:
        entry.type = tarfile.DIRTYPE if entry.name.endswith("/") else entry.type

    assert unpack(tar(("./top/", b""), ("./top/x", b"1"), change=folder)) == ("top", {"x": b"1"})
