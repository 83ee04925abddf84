"""Which code is measured: the commit checked out, whether the work tree differs, and where its results go."""

from pathlib import Path

import pytest

from analysis.commands import write
from analysis.errors import AnalysisError
from analysis.reading.load import DIRTY
from analysis.running.checkout import Checkout, read_checkout, results_folder
from tests.repository import git, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repository")


def test_a_clean_work_tree_has_no_digest(repository: Path) -> None:
    (repository / "ignored").write_text("whatever")
    checkout = read_checkout(repository)
    assert checkout.digest is None
    assert len(checkout.commit) == 40


def test_each_change_of_the_work_tree_has_a_digest_of_its_own(repository: Path) -> None:
    digests = [read_checkout(repository).digest]
    (repository / "code.py").write_text("one = 2\n")
    digests.append(read_checkout(repository).digest)
    (repository / "new.py").write_text("")
    digests.append(read_checkout(repository).digest)
    (repository / "new.py").write_text("two = 2\n")
    digests.append(read_checkout(repository).digest)
    git(repository, "add", "-A")  # staged or not is the same code
    assert len(set(digests)) == 4
    assert read_checkout(repository).digest is not None


def test_generated_folders_are_not_code(repository: Path, tmp_path: Path) -> None:
    for folder in ("results [1]", "report"):
        (repository / folder).mkdir()
        (repository / folder / "x.json").write_text("{}")
    generated = [repository / "results [1]", repository / "report", tmp_path / "elsewhere"]
    assert read_checkout(repository, generated).digest is None
    assert read_checkout(repository, generated[:1]).digest is not None


def test_what_is_no_checkout_is_refused(repository: Path, tmp_path: Path) -> None:
    (repository / "inside").mkdir()
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", repository / "inside"):
        with pytest.raises(AnalysisError, match="clone the project") as caught:
            read_checkout(folder)
        assert "\n" not in str(caught.value)


def test_a_checkout_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init")
    with pytest.raises(AnalysisError, match="not a git checkout with a commit"):
        read_checkout(tmp_path)


CLEAN, CHANGED, OTHER = Checkout("c" * 40, None), Checkout("c" * 40, "one"), Checkout("c" * 40, "two")


def test_results_of_a_changed_work_tree_have_a_folder_of_their_own(tmp_path: Path) -> None:
    results = tmp_path / "results"
    assert results_folder(results, CLEAN, write) == results
    (results / "clean.json").write_text("{}")
    dirty = results_folder(results, CHANGED, write)
    assert dirty == tmp_path / "results-dirty"
    (dirty / "changed.json").write_text("{}")
    assert results_folder(results, CHANGED, write) == dirty
    assert (dirty / "changed.json").exists()  # the same change: the run goes on
    results_folder(results, OTHER, write)
    assert not (dirty / "changed.json").exists()  # another change: begun anew
    assert (dirty / DIRTY).read_text().strip() == "two"
    assert (results / "clean.json").exists()


def test_a_folder_of_that_name_with_other_contents_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "results-dirty").mkdir()
    (tmp_path / "results-dirty" / "mine").touch()
    with pytest.raises(AnalysisError, match="--results"):
        results_folder(tmp_path / "results", CHANGED, write)
    assert (tmp_path / "results-dirty" / "mine").exists()


def test_clean_results_do_not_go_into_a_dirty_folder(tmp_path: Path) -> None:
    dirty = results_folder(tmp_path / "results", CHANGED, write)
    with pytest.raises(AnalysisError, match="--results"):
        results_folder(dirty, CLEAN, write)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnalysisError, match="cannot be written") as caught:
        results_folder(tmp_path / "file" / "results", CLEAN, write)
    assert "\n" not in str(caught.value)
