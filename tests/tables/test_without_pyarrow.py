"""Tables of polars, pandas, arrays and dictionaries need no pyarrow."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
    import sys

    class Blocked:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "pyarrow":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, Blocked())

    import datetime as dt, decimal
    import numpy as np, pandas as pd, polars as pl
    from multilayer.exceptions import MissingExtraError
    from multilayer.tables import TableEncoder, encode_target, read_table, row_identifiers, split_target

    m = 90
    COLUMNS = {
        "size": [i * i % 41 / 4 for i in range(m)],
        "town": [["Ulm", "Bonn", None][i % 3] for i in range(m)],
        "street": [f"street {i * 7 % 45}" for i in range(m)],
        "day": [dt.date(2020, 1, 1) + dt.timedelta(days=11 * i) for i in range(m)],
        "at": [dt.datetime(2020, 1, 1) + dt.timedelta(hours=31 * i) for i in range(m)],
        "lift": [[True, False, None][i % 3] for i in range(m)],
        "rooms": [i * 7 % 13 if i % 9 else None for i in range(m)],
        "text": [f"{i / 4}" for i in range(m)],
        "spelled": [str(dt.date(2020, 1, 1) + dt.timedelta(days=i)) for i in range(m)],
        "lasts": [dt.timedelta(minutes=i) for i in range(m)],
        "clock": [dt.time(i % 24, i % 60) for i in range(m)],
        "price": [decimal.Decimal(i) / 4 for i in range(m)],
        "row": list(range(m)),
    }
    y = [float(i % 17) for i in range(m)]
    polars = pl.DataFrame(COLUMNS)
"""

ENCODERS = """
    rows = [dict(zip(COLUMNS, row)) for row in zip(*COLUMNS.values())]
    pandas = pd.DataFrame(COLUMNS)
    categories = polars.with_columns(pl.col("town").cast(pl.Categorical), pl.col("street").cast(pl.Categorical))
    options = {"numbers": "robust", "piecewise": "tree", "many_categories": "target", "max_categories": 8}
    for text in ("as_given", "typed"):
        encoder = TableEncoder(**options, two_values="signs", text=text, row_numbers="drop")
        expected = encoder.fit_transform(polars, y)
        for table in (rows, pandas, categories, polars.lazy(), pandas.to_numpy()):
            np.testing.assert_array_equal(encoder.fit_transform(table, y), expected)
    zoned = polars.select(pl.col("at").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"))
    local = pandas[["at"]].assign(at=pandas["at"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    np.testing.assert_array_equal(TableEncoder().fit_transform(zoned), TableEncoder().fit_transform(local))
    assert not np.array_equal(TableEncoder().fit_transform(zoned), TableEncoder().fit_transform(polars[["at"]]))
    assert row_identifiers(polars) == ("text", "spelled", "row")
    features, column = split_target(polars, "lift")
    assert encode_target(column, drop_gaps=True).classes.tolist() == [False, True]
    try:
        read_table("table.csv")
    except MissingExtraError as error:
        assert "reading tables needs pyarrow" in str(error)
    else:
        raise AssertionError
    assert "pyarrow" not in sys.modules
"""

MODELS = """
    from multilayer.tables.models import TableClassifier, TableRegressor, recipes

    recipes.n_epochs = lambda *arguments: 2
    regressor = TableRegressor("quick", random_state=0).fit(polars, pl.Series(y))
    classifier = TableClassifier("quick", random_state=0).fit(polars, polars["text"].cast(pl.Float64) > 11)
    for model in (regressor, classifier):
        assert len(model.predict(polars)) == m
        assert (model.novelty(polars) >= 0).all()
        model.importance(polars, y if model is regressor else classifier.predict(polars), n_repeats=1)
        for name in ("day", "town", "lift", "clock", "price"):
            model.partial_dependence(polars, name, n_values=3)
        assert len(str(model.explain(polars.head(3)))) > 100
    assert regressor.predict_interval(polars)[0].shape == (m,)
    regressor.fit(polars, y, X_val=polars.head(20), y_val=y[:20])
    assert "pyarrow" not in sys.modules
"""


@pytest.mark.parametrize("code", [ENCODERS, MODELS], ids=["encoders", "models"])
def test_no_pyarrow_is_needed(code: str) -> None:
    program = textwrap.dedent(PRELUDE) + textwrap.dedent(code)
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
