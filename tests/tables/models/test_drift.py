"""Drift: which columns of new rows differ from those of training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer import TableClassifier
from multilayer.exceptions import InputError
from multilayer.tables.models import drift


def rows(n=600, seed=0, shift=0.0, share=0.3, gaps=0.1, days=0):
    random = np.random.RandomState(seed)
    size = random.normal(50.0 + 10.0 * shift, 10.0, n)
    return pd.DataFrame(
        {
            "size": np.where(random.uniform(size=n) < gaps, np.nan, size),
            "flag": random.uniform(size=n) < share,
            "town": random.choice(["Ulm", "Bonn", "Köln"], n, p=[share, 0.5, 0.5 - share]),
            "sex": np.where(random.uniform(size=n) < share, "f", "m"),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.randint(0, 300, n) + days, "D"),
            "same": 7,
        }
    )


@pytest.fixture(scope="module")
def model():
    X = rows()
    return TableClassifier("quick", random_state=0).fit(X, X["size"].fillna(50) + 5 * X["flag"] > 50)


def test_rows_of_the_same_kind_have_not_changed(model):
    found = drift(model, rows(seed=1))
    assert found.changed == ()
    assert found.names == ("size", "flag", "town", "sex", "day")
    assert "No column of these 600 rows differs much from the training rows." in str(found)


@pytest.mark.parametrize(
    ("change", "names", "words"),
    [
        ({"shift": 1.0}, {"size"}, "higher"),
        ({"gaps": 0.6}, {"size"}, "share of gaps from"),
        ({"share": 0.48}, {"flag", "town", "sex"}, "share of"),
        ({"days": 400}, {"day"}, "later"),
    ],
)
def test_changes_are_found_and_described(model, change, names, words):
    found = drift(model, rows(seed=1, **change))
    assert set(found.changed) == names
    assert all(found.words[found.names.index(name)].startswith(words) for name in names)
    frame = found.to_frame()
    assert list(frame["column"]) == list(found.names)


def test_the_change_is_that_of_the_mean_in_deviations(model):
    X = rows(seed=3, shift=2.0)
    found = drift(model, X)
    member = model.members_[0]
    Z = member.encoder.transform(X).astype(float)
    d = (Z.mean(axis=0) - member.mean_row) / np.maximum(Z.std(axis=0), 0.02)
    n_of_size = len(member.encoder.encodings_[0].feature_names("size"))
    marks_gaps = member.encoder.encodings_[0].feature_names("size")[-1].endswith("(gap)")
    inner = d[: n_of_size - marks_gaps]
    assert found.changes[0] == pytest.approx(inner[np.abs(inner).argmax()])
    assert found.errors[0] == pytest.approx(np.sqrt(1 / 600 + 1 / model._n_training_rows[0]))


def test_a_missing_column_is_an_error(model):
    with pytest.raises(InputError, match="size"):
        drift(model, rows().drop(columns="size"))


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.integers(1, 50))
def test_changes_are_finite_and_do_not_depend_on_the_order_of_the_rows(model, seed, n):
    X = rows(n, seed)
    found = drift(model, X)
    assert np.isfinite(found.changes).all()
    other = drift(model, X[::-1])
    assert np.allclose(found.changes, other.changes, atol=1e-5)


def test_signs_that_are_all_equal_are_shares(model):
    X = rows(seed=2).assign(flag=True, sex="m")
    found = drift(model, X)
    for name, value in (("flag", "True"), ("sex", "'m'")):
        assert found.words[found.names.index(name)].startswith(f"share of {value} from ")
        assert found.words[found.names.index(name)].endswith(" % to 100 %")
        assert abs(found.changes[found.names.index(name)]) < 2.0


def test_few_rows_show_no_change(model):
    found = drift(model, rows(1))
    assert found.changed == ()
    assert "Fewer than 20 rows do not show whether columns have changed." in str(found)
