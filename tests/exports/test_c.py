"""Exported C headers against predict, compiled without warnings, and run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from multilayer import MLPRegressor
from multilayer.exceptions import InputTypeError, ModelFileError, ParameterError
from multilayer.exports import save_c, to_c
from multilayer.tables import TableEncoder

from ..files.pipelines import TABLE, Y, network
from .cases import OPTIONS, X
from .compiled import MODELS, OTHERS, THIS, Case, assert_equal, case_of, outputs

compiled = pytest.mark.skipif(THIS.is_missing, reason="there is no C compiler")
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


@compiled
@pytest.mark.parametrize("name", MODELS)
def test_models(name: str, tmp_path: Path) -> None:
    case = case_of(name)
    assert_equal(case, outputs([case], tmp_path)[0])


def small() -> list[Case]:
    """Return a model with weights of float, and with weights of int8."""
    model = make_pipeline(TableEncoder(), network(max_iter=200, learning_rate_init=0.01)).fit(TABLE, Y)
    return [Case(model, TABLE, options={"weights": weights}) for weights in ("float32", "int8")]


@pytest.mark.parametrize("name", OTHERS)
def test_other_processors(name: str, tmp_path: Path) -> None:
    """Results of other processors differ in the last bits of float, so that the tolerance is that of this machine."""
    if OTHERS[name].is_missing:
        pytest.skip(f"there is no compiler or emulator for {name}")
    names = list(MODELS) if name == "64-bit ARM" else list(MODELS)[::4]
    cases = [*map(case_of, names), *small()]
    *found, whole, of_8_bits = outputs(cases, tmp_path, OTHERS[name])
    for case, each in zip(cases, [*found, whole], strict=False):
        assert_equal(case, each)
    if not THIS.is_missing:
        here = outputs(cases[-1:], tmp_path)[0]
        np.testing.assert_allclose(of_8_bits[0], here[0], rtol=0, atol=1e-5)


@compiled
def test_weights_of_8_bits_are_near(tmp_path: Path) -> None:
    cases = small()
    whole, rounded = (values for values, _ in outputs(cases, tmp_path))
    assert 0 < np.abs(rounded - whole).max() < 0.05
    assert "signed char" in to_c(cases[1].model, weights="int8")


@compiled
def test_odd_names_and_texts(tmp_path: Path) -> None:
    texts = ['a"', "\\", "??/", "*/", "ü", "\n"] * 10
    frame = pd.DataFrame({"double": X[:, 0], "a b": X[:, 1], "a_b": X[:, 2], "1é*/": texts})
    model = make_pipeline(TableEncoder(), network()).fit(frame, Y[:60])
    case = Case(model, frame)
    assert_equal(case, outputs([case], tmp_path)[0])
    assert "double double_;" in to_c(model)


def test_errors(tmp_path: Path) -> None:
    model = MLPRegressor((2,), **OPTIONS).fit(X, X[:, 0])
    with pytest.raises(ParameterError, match="name must be an identifier of C, got 'a b'"):
        to_c(model, name="a b")
    with pytest.raises(ParameterError, match="weights"):
        to_c(model, weights="int4")  # type: ignore[arg-type]
    with pytest.raises(ModelFileError, match="cannot be written"):
        save_c(model, tmp_path)
    large = MLPRegressor((1200, 1000), solver="lbfgs", max_iter=1).fit(X, X[:, 0])
    with pytest.raises(ParameterError, match="at most 1,000,000 weights, and this model has"):
        to_c(large)
    frame = pd.DataFrame({"size": X[:, 0], "town": ["a\0b", "c", "d"] * 20})
    with pytest.raises(InputTypeError, match="the character of number 0"):
        to_c(make_pipeline(TableEncoder(), network()).fit(frame, Y[:60]))
