"""Text that spells numbers or dates, in datasets and in the rows to predict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from multilayer import load_model, save_model
from multilayer.cli import main
from multilayer.exceptions import InputError
from multilayer.tables.models import TableRegressor

from .conftest import MEMORY


@pytest.fixture(scope="module")
def spelled() -> pa.Table:
    """A table with a column of text that spells numbers, and one of text that spells dates."""
    rng = np.random.RandomState(0)
    size, days = rng.normal(100, 30, 1_000).round(2), rng.randint(0, 600, 1_000)
    dates = np.datetime64("2024-01-01") + days
    return pa.table({"size": [f"{each:.2f}" for each in size], "day": dates.astype(str), "rent": 2 * size + 0.1 * days})


@pytest.fixture(scope="module", params=["quick", "standard"])
def model(request: Any, spelled: pa.Table, short: Callable[[int], Any], tmp_path_factory: Any) -> TableRegressor:
    path = tmp_path_factory.mktemp("spelled") / "flats.parquet"
    pq.write_table(spelled, path)
    with short(2):
        return TableRegressor(request.param, memory=MEMORY, random_state=0).fit(path, "rent")


def test_predictions_accept_the_text_of_the_dataset(model: TableRegressor, spelled: pa.Table, tmp_path: Path) -> None:
    typed = pa.table({"size": spelled["size"].cast("float64"), "day": spelled["day"].cast("date32")})
    expected, novelty = model.predict(typed), model.novelty(typed)
    text = spelled.drop_columns("rent")
    np.testing.assert_array_equal(model.predict(text), expected)
    np.testing.assert_array_equal(model.predict(text.to_pylist()), expected)
    np.testing.assert_array_equal(model.novelty(text), novelty)
    save_model(model, tmp_path / "model.safetensors")
    np.testing.assert_array_equal(load_model(tmp_path / "model.safetensors").predict(text), expected)


def test_the_command_predicts_the_text_of_the_dataset(model: TableRegressor, spelled: pa.Table, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model.safetensors")
    pq.write_table(spelled.drop_columns("rent"), tmp_path / "new.parquet")
    command = ["predict", *(str(tmp_path / name) for name in ("model.safetensors", "new.parquet"))]
    assert main([*command, "--output", str(tmp_path / "found.csv")], standalone_mode=False) == 0
    lines = (tmp_path / "found.csv").read_text().splitlines()
    found = [float(line.split(",")[-1]) for line in lines[1:]]
    np.testing.assert_allclose(found, model.predict(spelled.drop_columns("rent")), rtol=1e-4)


def test_text_in_a_column_of_numbers_is_an_error(flats_file: Path, short: Callable[[int], Any]) -> None:
    with short(2):
        model = TableRegressor("quick", memory=MEMORY, random_state=0).fit(flats_file, "rent")
    row = {"row_id": 1, "size": "80", "town": "Ulm", "street": "street 1", "lift": True}
    with pytest.raises(InputError, match="column 'size' held numbers"):
        model.predict([row])
