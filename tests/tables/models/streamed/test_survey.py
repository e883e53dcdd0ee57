"""The first pass: the division of the rows, and the counts of the target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from multilayer.equations.extensions.encodings import cross_fitted_means
from multilayer.exceptions import InputError
from multilayer.tables import open_stream
from multilayer.tables._column_data import ColumnData
from multilayer.tables.models.memory import MemoryPlan
from multilayer.tables.models.streamed import survey
from multilayer.tables.models.streamed.progress import PhaseReporter
from multilayer.tables.models.streamed.survey import Survey, TargetCounts, survey_of
from multilayer.tables.streaming.sampling import folds_of, is_validation


def surveyed(
    path: Path, *, block_rows: int = 500, sample: int = 10_000, most: int = 10_000, n_bytes: int = 2**24
) -> Survey:
    stream = open_stream(path, "kind", block_rows=block_rows)
    plan = MemoryPlan(10**9, 0, block_rows, 2**24, sample, 2**24, most, n_bytes, 2**24, 2**24)
    return survey_of(stream, plan, PhaseReporter((), "reading"), classifies=True)


def all_hashes(path: Path) -> np.ndarray:
    return np.concatenate([block.hashes for block in open_stream(path, "kind").blocks()])


def test_rows_are_divided_by_their_hashes(kinds_folder: Path) -> None:
    found, hashes = surveyed(kinds_folder), all_hashes(kinds_folder)
    held = is_validation(hashes, found.share)
    assert found.share == 0.1
    np.testing.assert_array_equal(found.validation.hashes, hashes[held])
    np.testing.assert_array_equal(np.sort(found.sample.hashes), np.sort(hashes[~held]))
    assert (found.n_rows, found.n_training) == (3000, 3000 - held.sum())
    assert found.summary is not None
    assert found.summary.n_rows == found.n_training
    assert found.validation.columns.num_rows == held.sum()


@pytest.mark.parametrize("limits", [{"most": 100}, {"n_bytes": 8_000}])
def test_the_share_is_halved_for_too_many_validation_rows(kinds_folder: Path, limits: Any) -> None:
    found, hashes = surveyed(kinds_folder, **limits), all_hashes(kinds_folder)
    assert found.share in (0.05, 0.025, 0.0125)
    held = is_validation(hashes, found.share)
    np.testing.assert_array_equal(found.validation.hashes, hashes[held])
    # Rows that are given up are training rows, for the encoders too.
    assert found.summary is not None
    assert found.summary.n_rows == found.n_training == 3000 - held.sum()
    np.testing.assert_array_equal(np.sort(found.sample.hashes), np.sort(hashes[~held]))


def test_the_validation_rows_do_not_depend_on_the_blocks(kinds_folder: Path) -> None:
    one, other = surveyed(kinds_folder, block_rows=97), surveyed(kinds_folder, block_rows=3000)
    assert one.validation.columns.to_pylist() == other.validation.columns.to_pylist()
    assert one.sample.columns.to_pylist() == other.sample.columns.to_pylist()
    assert one.targets.counts == other.targets.counts


def test_a_sample_has_its_size_and_only_training_rows(kinds_folder: Path) -> None:
    found = surveyed(kinds_folder, sample=200)
    assert len(found.sample) == 200
    assert not np.isin(found.sample.hashes, found.validation.hashes).any()


def test_held_rows_have_no_words_of_other_rows(kinds_folder: Path) -> None:
    column = surveyed(kinds_folder, most=50).validation.columns.column("street")
    assert len(column.words) == len(set(column.to_pylist()))


def test_targets_are_counted() -> None:
    labels, amounts = TargetCounts("y", classifies=True), TargetCounts("y", classifies=False)
    for column in (ColumnData.of_numbers(np.array([1.0, 2.0, 1.0])), ColumnData.of_numbers(np.array([3, 1]))):
        labels.update(column)
        amounts.update(column)
    assert labels.counts == {1: 3, 2: 1, 3: 1}
    assert (amounts.low, amounts.high) == (1.0, 3.0)


def test_too_many_labels_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_CLASSES", 10)
    counts = TargetCounts("street", classifies=True)
    with pytest.raises(InputError, match="target 'street' has more than 10 different labels"):
        counts.update(ColumnData.of_texts([f"street {i}" for i in range(11)]))


@pytest.mark.parametrize("features", ["one", "two", "distinct"])
def test_sides_and_folds_do_not_depend_on_the_target(tmp_path: Path, features: str) -> None:
    rng = np.random.default_rng(0)
    n = 30_000
    codes = rng.integers(0, 300, n)
    y = np.where(rng.random(n) < rng.random(300)[codes], "yes", "no")
    columns = {"code": [f"c{code}" for code in codes]}
    if features != "one":
        columns["further"] = rng.integers(0, 3, n) if features == "two" else rng.normal(size=n)
    pq.write_table(pa.table({**columns, "kind": y}), tmp_path / "table.parquet")
    hashes = all_hashes(tmp_path / "table.parquet")
    fold, held, t = folds_of(hashes), is_validation(hashes, 0.1), (y == "yes").astype(float)
    # Means of other folds, and of training rows, are near the mean of the category.
    crossed = cross_fitted_means(codes, t - t.mean(), 300, fold)
    expected = cross_fitted_means(codes, t - t.mean(), 300, rng.integers(0, 5, n))
    assert np.corrcoef(crossed, t)[0, 1] > 0.9 * np.corrcoef(expected, t)[0, 1] > 0.4
    trained = np.bincount(codes[~held], t[~held], 300) / np.bincount(codes[~held], minlength=300)
    assert np.corrcoef(trained[codes[held]], t[held])[0, 1] > 0.4
    if features != "distinct":
        assert len(set(codes[~held])) == 300
        assert len(set(codes[held])) > 250


def test_copies_of_a_table_are_on_the_sides_of_its_rows(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    table = pa.table({"a": np.random.default_rng(0).normal(size=2000), "kind": ["x", "y"] * 1000})
    for name in ("one", "copy", "another"):
        pq.write_table(table, tmp_path / "files" / f"{name}.parquet")
    sides = is_validation(all_hashes(tmp_path / "files"), 0.1).reshape(3, 2000)
    assert (sides == sides[0]).all()
    assert 150 < sides[0].sum() < 250
