"""What differs between two trees, and how a difference of texts is told."""

from __future__ import annotations

import pytest

from planner.changes import Change, Counts, Op, changes, counts, unified_diff

BEFORE = {
    "party-9999": {"cluster.yaml": "a" * 64, "serving.yaml": "b" * 64},
    "party-10000": {"cluster.yaml": "c" * 64},
    "party-77": {"cluster.yaml": "d" * 64, "a.yaml": "d" * 64},
    "exchange-hub": {"cluster.yaml": "d" * 64},
}
AFTER = {
    "party-10001": {"serving.yaml": "e" * 64, "cluster.yaml": "e" * 64},
    "party-10000": {"cluster.yaml": "c" * 64},
    "party-9999": {"cluster.yaml": "f" * 64, "new.yaml": "f" * 64},
}


def test_changes_come_in_the_new_order_and_deletions_last() -> None:
    """Every site of both trees is told once: new order first, then what is gone, sorted; file names are sorted."""
    assert changes(BEFORE, AFTER) == (
        Change("party-10001", Op.CREATE, ("cluster.yaml", "serving.yaml")),
        Change("party-10000", Op.KEEP, ()),
        Change("party-9999", Op.UPDATE, ("cluster.yaml", "new.yaml", "serving.yaml")),
        Change("exchange-hub", Op.DELETE, ("cluster.yaml",)),
        Change("party-77", Op.DELETE, ("a.yaml", "cluster.yaml")),
    )


def test_same_trees_are_kept() -> None:
    """A tree compared with itself has only sites to keep."""
    assert {change.op for change in changes(BEFORE, BEFORE)} == {Op.KEEP}


def test_counts_end_the_plan() -> None:
    """The counts name all four numbers, zeros included."""
    assert counts(changes(BEFORE, AFTER)) == Counts(create=1, update=1, delete=2, keep=1)
    assert str(counts(changes({}, AFTER))) == "3 to create, 0 to update, 0 to delete, 0 to keep"


def test_equal_texts_have_no_diff() -> None:
    """Nothing is said about a file that did not change."""
    assert unified_diff("a\n", "a\n", "x") == ""
    assert unified_diff(None, None, "x") == ""


def test_diff_of_a_changed_line() -> None:
    """A changed line stands among three lines of context, under a head without timestamps."""
    before = "".join(f"{number}\n" for number in range(1, 12))
    assert unified_diff(before, before.replace("6\n", "six\n"), "party-1/cluster.yaml") == (
        "--- a/party-1/cluster.yaml\n+++ b/party-1/cluster.yaml\n@@ -3,7 +3,7 @@\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n 9\n"
    )


def test_diff_of_created_and_deleted_files() -> None:
    """A file that does not exist is /dev/null, and its range is empty."""
    assert unified_diff(None, "a\nb\n", "x") == "--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n"
    assert unified_diff("a\n", None, "x") == "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"


def test_diff_says_where_the_last_line_has_no_end() -> None:
    """A missing line feed at the end of a file is a difference."""
    assert unified_diff("a\n", "a", "x") == ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n")


def test_diff_splits_at_line_feeds_only() -> None:
    """Other characters that Python takes for line ends stay inside their line."""
    assert "-a\u2028b\x0bc\n+d\n" in unified_diff("a\u2028b\x0bc\n", "d\n", "x")


@pytest.mark.parametrize("step", [3, 1])
def test_diff_of_a_wide_site_ends_soon(step: int) -> None:
    """A thousand changed ports, or a file that shares nothing with the old one, are told within seconds."""
    before = [f"line {number}" for number in range(20_000)]
    after = [f"{line} new" if number % step == 0 else line for number, line in enumerate(before)]
    text = unified_diff("\n".join(before), "\n".join(after), "x")
    assert text.startswith("--- a/x\n")
