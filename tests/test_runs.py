"""Which run: the newest, the only one, or the one asked for."""

import pandas as pd
import pytest

from analysis.reading.runs import newest_run, only_run
from tests.tables import frame, row


def two_runs() -> pd.DataFrame:
    later = {"commit": "ffff", "date": pd.Timestamp("2026-12-01", tz="UTC")}
    return frame([row("seconds", 1.0), row("seconds", 2.0, n=8), row("seconds", 3.0, **later)])


def test_the_newest_commit_is_reported_unless_another_is_asked_for() -> None:
    table = two_runs()
    assert newest_run(table)["commit"] == "ffff"
    assert newest_run(table, commit="0123")["commit"] == "0123456789abcdef"
    assert newest_run(table, machine="testbox")["commit"] == "ffff"
    with pytest.raises(KeyError, match="machine elsewhere, commit any"):
        newest_run(table, machine="elsewhere")
    assert only_run(table, newest_run(table))["value"].to_list() == [3.0]


def test_of_one_commit_the_run_with_the_most_rows_is_reported() -> None:
    table = frame([row("seconds", 1.0, machine="a"), *(row("seconds", 1.0, machine="b", n=n) for n in (1, 2))])
    assert newest_run(table)["machine"] == "b"
