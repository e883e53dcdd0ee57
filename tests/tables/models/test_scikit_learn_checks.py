"""Table models pass scikit-learn's estimator checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from multilayer.tables.models import TableClassifier, TableRegressor

ESTIMATORS = [TableClassifier("quick"), TableRegressor("quick")]
DRAWN = "folds and batches are drawn from the rows, whatever their weights: a row of weight 2 is not two rows"


@pytest.fixture(autouse=True, scope="module")
def _shorter_training(short: Any) -> Iterator[None]:
    with short(12):
        yield


def expected_to_fail(estimator: Any) -> dict[str, str]:  # noqa: ARG001 both estimators
    return {"check_sample_weight_equivalence_on_dense_data": DRAWN}


# The checks predict rows far outside those of the fit, and pass columns of labels.
@pytest.mark.filterwarnings(
    "ignore::multilayer.exceptions.NoveltyWarning",
    "ignore::multilayer.exceptions.ParameterWarning",
    "ignore:A column-vector y was passed:sklearn.exceptions.DataConversionWarning",
)
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_to_fail)
def test_scikit_learn_s_checks_pass(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_tags_match_the_supported_inputs(estimator: Any) -> None:
    tags = get_tags(estimator)
    assert tags.input_tags.allow_nan
    assert tags.input_tags.string
    assert tags.input_tags.categorical
    assert tags.target_tags.required
    assert tags.target_tags.multi_output == isinstance(estimator, TableRegressor)
