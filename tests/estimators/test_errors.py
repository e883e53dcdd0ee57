"""Invalid data and parameters raise errors that name the problem and the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn.exceptions

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor, NotFittedError
from multilayer.exceptions import (
    DivergenceError,
    InputError,
    InputTypeError,
    MultilayerError,
    ParameterError,
    ShapeError,
)

X = np.random.RandomState(0).normal(size=(12, 3))
Y = np.arange(12) % 2


def fitted() -> MLPClassifier:
    return MLPClassifier(2, max_iter=1, n_iter_no_change=np.inf, random_state=0).fit(X, Y)


def with_entry(value: float) -> Any:
    spoilt = X.copy()
    spoilt[4, 1] = value
    return spoilt


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (
            with_entry(np.nan),
            Y,
            r"Input X contains NaN(?s:.*)The first of 1 is in row 4, column 1\. .*TableEncoder fills",
        ),
        (
            pd.DataFrame(with_entry(np.nan), columns=["a", "b", "c"]),
            Y,
            r"The first of 1 is in row 4, column 'b'\.",
        ),
        (pl.DataFrame(with_entry(np.nan), schema=["a", "b", "c"]), Y, r"first of 1 is in row 4, column 'b'\."),
        (scipy.sparse.csr_array(with_entry(np.nan)), Y, r"first of 1 is in row 4, column 1\."),
        (pd.DataFrame({"a": pd.array([None] + [1] * 11, dtype="Int64")}), Y, r"Input X contains NaN"),
        (with_entry(np.inf), Y, r"Input X contains infinity .*Remove these rows, or clip"),
        (
            [["a", "b", "c"]] * 12,
            Y,
            r"could not convert string to float: 'a'\. .*multilayer\.tables\.TableEncoder encodes",
        ),
        (
            pd.DataFrame({"a": range(12), "town": ["x", "y"] * 6}),
            Y,
            r"float: 'x'\. X must hold numbers: .*TableEncoder",
        ),
        (X + 1j, Y, r"Complex data not supported(?s:.*)np\.c_\[X\.real, X\.imag\]"),
        (X[None], Y, r"dim 3, .*X\.reshape\(len\(X\), -1\)"),
        ([[1, 2], [3]] * 6, Y, r"inhomogeneous shape.*X must be a table whose rows have the same number of columns\."),
        (
            pd.DataFrame({"a": np.ones(12), "day": pd.date_range("2020-01-01", periods=12)}),
            Y,
            r"got dates or times in column .*TableEncoder",
        ),
        (X[:, 0], Y, r"Expected 2D array, got 1D array instead"),
        (X[:0], Y[:0], r"Found array with 0 sample\(s\)"),
        (X[:, :0], Y, r"Found array with 0 feature\(s\)"),
        (X, Y[:-1], r"inconsistent numbers of samples: \[12, 11\]"),
        (X, np.linspace(0, 1, 12), r"Unknown label type: continuous"),
        (X, np.where(Y, np.nan, 1.0), r"Input y contains NaN"),
        (X, np.arange(24).reshape(12, 2), r"y must be one column of labels, or zeros and ones .*got shape \(12, 2\)"),
        (
            X,
            np.array([1, "a"] * 6, dtype=object),
            r"y must hold labels of one type, got numbers \(1\) and text \('a'\)\. Write \[str\(label\)",
        ),
        (X, None, r"requires y to be passed, but the target y is None"),
        (X, [None, "a"] * 6, r"y must not have gaps, got None in row 0, and 6 such entries in all\. Remove them"),
        (X, np.array(["a", np.nan] * 6, dtype=object), r"y must not have gaps, got nan in row 1, and 6 such"),
        (X, pd.Series(["a", None] * 6, dtype="string"), r"y must not have gaps, got <NA> in row 1"),
        (X, pl.Series(["a", None] * 6), r"y must not have gaps, got None in row 1"),
        (X, [1, "a"] * 6, r"y must hold labels of one type, got numbers \(1\) and text \('a'\)"),
        (X, np.array([True, "a"] * 6, dtype=object), r"got bools \(True\) and text \('a'\)"),
        (X, np.zeros((12, 2, 2)), r"y must be an array of shape \(m,\) or \(m, K\), got shape \(12, 2, 2\)\. Pass"),
        (X, 3, r"y must be an array of shape .*, got a single int\. Pass a list or an array"),
        (X, [[1, 2], [3]] * 6, r"y must be an array of shape .*, got list: .*inhomogeneous"),
        (X, np.c_[Y, Y] + 1, r"several columns must hold zeros and ones, .* got the values \[1, 2\]\. Write \(y == v"),
        (X, scipy.sparse.csr_array(np.c_[Y, Y] * 2), r"must hold zeros and ones, .* got the values \[0, 2\]"),
    ],
)
def test_invalid_data_raise_input_errors(X: Any, y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MLPClassifier().fit(X, y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (
            X,
            [b"a", b"b"] * 6,
            r"y must hold text, .* got labels represented as bytes, such as .*\. Write \[label\.decode\(\)",
        ),
        (X, np.array([b"a", b"b"] * 6), r"y must hold text, .* got labels represented as bytes"),
        (X, [{1}, {2}] * 6, r"y must hold text, numbers or bools, got set, such as \{2\}\. Write \[str\(label\)"),
        (np.full((12, 1), {}, dtype=object), Y, r"float\(\) argument must be .*X must hold numbers: .*TableEncoder"),
    ],
)
def test_data_of_invalid_types_raise_input_type_errors(X: Any, y: Any, message: str) -> None:
    with pytest.raises(InputTypeError, match=message):
        MLPClassifier().fit(X, y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([None, 1.0] * 6, r"y must not have gaps, got None in row 0, and 6 such entries"),
        (["1", "high"] * 6, r"y must hold numbers: could not convert .*'high'.*\. For classes use MLPClassifier"),
        ([{}] * 12, r"y must hold numbers: float\(\) argument must be"),
        (np.arange(12).astype("M8[D]"), r"y must hold numbers: got dates or times, datetime64\[D\]\. For classes"),
        (np.where(Y, np.inf, 0.0), r"Input y contains infinity .*Remove these rows from X and y"),
        (Y[:5], r"inconsistent numbers of samples: \[12, 5\]\. These are the rows of X and the entries of y"),
        (np.zeros((12, 2, 2)), r"y must be an array of shape \(m,\) or \(m, K\), got shape \(12, 2, 2\)"),
    ],
)
def test_invalid_regression_targets_raise_input_errors(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MLPRegressor().fit(X, y)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(5), r"one finite non-negative number for each of the 12 rows, .*\(5,\), expected \(12,\)"),
        (np.ones((12, 2)), r"one finite non-negative number for each of the 12 rows, .*got 2D array"),
        (np.full(12, np.nan), r"one finite non-negative number for each of the 12 rows, .*contains NaN"),
        ("balanced", r"sample_weight must be one finite non-negative number for each of the 12 rows, .*'balanced'"),
        ([{}] * 12, r"sample_weight must be one finite non-negative number for each of the 12 rows, .*not 'dict'"),
    ],
)
def test_invalid_sample_weights_raise_input_errors(weight: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MLPClassifier().fit(X, Y, weight)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("ab", r"classes must be a list of all labels, got 'ab'\. Write classes=np\.unique\(y\)"),
        ([[0], [1]], r"classes must be a list of all labels, got \[\[0\], \[1\]\]"),
        ([0, "a"], r"classes must hold labels of one type, got numbers \(0\) and text \('a'\)"),
        ([0, None], r"classes must not have gaps, got None in row 1"),
        ([0], r"`y` has classes not in `self\.classes_`\. .* has \[0\]\. 'y' has \[0 1\]\. Pass all classes"),
    ],
)
def test_invalid_classes_of_partial_fit_raise_errors(classes: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MLPClassifier().partial_fit(X, Y, classes=classes)
    with pytest.raises(MultilayerError, match=r"^`?classes"):
        MLPClassifier(2).partial_fit(X, Y, classes=[0, 1]).partial_fit(X, Y, classes=classes)


def test_continued_training_with_labels_of_another_kind_raises_errors() -> None:
    model = fitted().set_params(warm_start=True)
    with pytest.raises(
        InputError, match=r"of the same kind as in the previous call, one column of labels, got zeros and ones"
    ):
        model.fit(X, np.c_[Y, 1 - Y])
    with pytest.raises(ParameterError, match=r"warm_start can only be used where `y` has the same classes"):
        model.fit(X, Y.astype(str))
    several = MLPClassifier(2).partial_fit(X, np.c_[Y, 1 - Y], classes=[0, 1])
    with pytest.raises(InputError, match=r"one column for each of the 2 labels of the first call, got shape \(12, 3\)"):
        several.partial_fit(X, np.c_[Y, Y, Y])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": (64, 0)}, r"hidden_layer_sizes must be positive integers, got \(64, 0\)\."),
        ({"hidden_layer_sizes": 0}, r"hidden_layer_sizes must be positive integers, got 0\."),
        ({"hidden_layer_sizes": -5}, r"positive integers, got -5\. Write \(64, 32\), for example"),
        ({"hidden_layer_sizes": (5.0,)}, r"positive integers, got \(5\.0,\)"),
        ({"hidden_layer_sizes": 2.5}, r"positive integers, got 2\.5"),
        ({"hidden_layer_sizes": True}, r"positive integers, got True"),
        ({"hidden_layer_sizes": (5, np.True_)}, r"positive integers, got \(5, "),
        ({"hidden_layer_sizes": "64"}, r"positive integers, got '64'"),
        ({"hidden_layer_sizes": None}, r"positive integers, got None"),
        ({"hidden_layer_sizes": [[5]]}, r"positive integers, got \[\[5\]\]"),
        ({"hidden_layer_sizes": iter((5, 3))}, r"positive integers, got <tuple_iterator"),
        ({"activation": "sigmiod"}, r"unknown activation 'sigmiod'\. Did you mean 'sigmoid'\? Known: 'elu', "),
        ({"activation": "logistik"}, r"unknown activation 'logistik'\. Did you mean 'logistic'\?"),
        ({"activation": ("relu", "tanh")}, r"activation must be one name or one for each of the 1 hidden layers, got"),
        ({"activation": ("relux",)}, r"unknown activation 'relux'\. Did you mean 'relu'\?"),
        ({"activation": 3}, r"unknown activation 3\."),
        ({"activation": "relux", "hidden_layer_sizes": ()}, r"unknown activation 'relux'\. Did you mean 'relu'\?"),
        ({"solver": "adm"}, r"unknown solver 'adm'\. Did you mean 'adam'\? Known: 'adam', 'lbfgs', 'sgd'\."),
        ({"output": "softmx"}, r"unknown output 'softmx'\. Did you mean 'softmax'\?"),
        ({"output": "identity"}, r"unknown output 'identity'\."),
        ({"initialization": "notebok"}, r"unknown initialization 'notebok'\. Did you mean 'notebook'\?"),
        ({"initialization": 7}, r"initialization must be the name of a scheme or a list of Theta matrices, got 7\."),
        ({"engine": "referense"}, r"unknown engine 'referense'\. Did you mean 'reference'\?"),
        ({"alpha": -1}, r"alpha must be a non-negative number, got -1\."),
        ({"alpha": np.inf}, r"alpha must be a non-negative number, got inf\."),
        ({"alpha": "0.1"}, r"alpha must be a non-negative number, got '0\.1'\."),
        ({"batch_size": 0}, r"batch_size must be a positive integer, got 0\."),
        ({"batch_size": 2.0}, r"batch_size must be a positive integer, got 2\.0\."),
        ({"batch_size": True}, r"batch_size must be a positive integer, got True\."),
        ({"batch_size": "atuo"}, r"unknown batch_size 'atuo'\. Did you mean 'auto'\?"),
        ({"learning_rate_init": 0}, r"learning_rate_init must be a positive number, got 0\."),
        ({"learning_rate_init": -0.1}, r"learning_rate_init must be a positive number, got -0\.1\."),
        ({"learning_rate_init": np.nan}, r"learning_rate_init must be a positive number, got nan\."),
        ({"learning_rate_init": np.inf}, r"learning_rate_init must be a positive number, got inf\."),
        ({"learning_rate_init": "fast"}, r"learning_rate_init must be a positive number, got 'fast'\."),
        ({"learning_rate_init": True}, r"learning_rate_init must be a positive number, got True\."),
        ({"max_iter": 0}, r"max_iter must be a positive integer, got 0\."),
        ({"max_iter": 10.0}, r"max_iter must be a positive integer, got 10\.0\."),
        ({"shuffle": "no"}, r"shuffle must be True or False, got 'no'\."),
        ({"shuffle": 1}, r"shuffle must be True or False, got 1\."),
        ({"verbose": -1}, r"verbose must be True or False, got -1\."),
        ({"verbose": "yes"}, r"verbose must be True or False, got 'yes'\."),
        (
            {"learning_rate": 0.01},
            r"got 0\.01\. For the step size itself write learning_rate_init=0\.01",
        ),
        (
            {"learning_rate": "fast"},
            r"unknown learning_rate 'fast'\. Known: 'adaptive', 'constant', 'cosine', 'cosine_",
        ),
        ({"power_t": -1}, r"power_t must be a non-negative number, got -1\."),
        ({"validation_fraction": 1.0}, r"validation_fraction must be a number of at least 0 and below 1, got 1\.0\."),
        ({"warm_start": "yes"}, r"warm_start must be True or False, got 'yes'\."),
        ({"early_stopping": 1}, r"early_stopping must be True or False, got 1\."),
        ({"max_fun": 0}, r"max_fun must be a positive integer, got 0\."),
        ({"solver": "sgd", "nesterovs_momentum": None}, r"nesterovs_momentum must be True or False, got None\."),
        ({"solver": "sgd", "momentum": 1.5}, r"momentum must be a number from 0 to 1, got 1\.5\."),
        ({"beta_1": 1.0}, r"beta_1 must be a number of at least 0 and below 1, got 1\.0\."),
        ({"beta_2": 1}, r"beta_2 must be a number of at least 0 and below 1, got 1\."),
        ({"epsilon": 0.0}, r"epsilon must be a positive number, got 0\.0\."),
        ({"tol": -1e-4}, r"tol must be a non-negative number, got -0\.0001\."),
        ({"n_iter_no_change": 0}, r"n_iter_no_change must be a positive integer, got 0\."),
        ({"n_iter_no_change": 2.5}, r"n_iter_no_change must be a positive integer, got 2\.5\."),
        (
            {"random_state": "seed"},
            r"random_state must be None, an integer from 0 to 2\*\*32 - 1 or a RandomState, got",
        ),
        ({"random_state": -1}, r"random_state must be None, .*got -1\."),
        ({"callbacks": print}, r"callbacks must be a sequence of callables, got .*Write \[f\] for a single f\."),
        ({"callbacks": [1]}, r"callbacks must be a sequence of callables, got \[1\]\."),
        ({"callbacks": "print"}, r"callbacks must be a sequence of callables, got 'print'\."),
    ],
)
def test_invalid_parameters_raise_parameter_errors_in_fit(parameters: dict[str, Any], message: str) -> None:
    model = MLPClassifier(**parameters)  # constructing never raises an error: set_params and clone rely on it
    with pytest.raises(ParameterError, match=message):
        model.fit(X, Y)


def test_given_thetas_of_wrong_shapes_raise_a_shape_error() -> None:
    model = MLPClassifier(4, initialization=[np.zeros((4, 3)), np.zeros((1, 5))])
    with pytest.raises(
        ShapeError, match=r"Theta matrices of shapes \[\(4, 4\), \(1, 5\)\], got \[\(4, 3\), \(1, 5\)\]"
    ):
        model.fit(X, Y)


@pytest.mark.parametrize("use", ["predict", "predict_proba", "score"])
def test_prediction_with_an_unfitted_estimator_raises_not_fitted_error(use: str) -> None:
    arguments = (X, Y) if use == "score" else (X,)
    with pytest.raises(NotFittedError, match=r"^this MLPClassifier is not fitted yet\. Call fit\(X, y\) first\.$"):
        getattr(MLPClassifier(), use)(*arguments)


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_scoring_an_unfitted_regressor_raises_not_fitted_error(loss: str) -> None:
    with pytest.raises(NotFittedError, match=r"^this MLPRegressor is not fitted yet"):
        MLPRegressor(loss=loss).score(X, X[:, 0])


@pytest.mark.parametrize("name", ["thetas_", "coefs_", "intercepts_"])
def test_the_weights_of_an_unfitted_estimator_raise_not_fitted_error(name: str) -> None:
    assert not hasattr(MLPClassifier(), name)
    with pytest.raises(NotFittedError):
        getattr(MLPClassifier(), name)


def test_not_fitted_error_is_a_subclass_of_scikit_learn_s_error() -> None:
    assert issubclass(NotFittedError, (MultilayerError))
    assert issubclass(NotFittedError, sklearn.exceptions.NotFittedError)


@pytest.mark.parametrize("use", ["predict", "predict_proba"])
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (X[:, :2], r"X has 2 features, but MLPClassifier is expecting 3 features as input\. Pass the columns that fit"),
        (with_entry(np.inf), r"Input X contains infinity (?s:.*)The first of 1 is in row 4, column 1\."),
        (X[0], r"Expected 2D array, got 1D array instead"),
        (
            with_entry(np.nan),
            r"Input X contains NaN(?s:.)*multilayer\.tables\.TableEncoder fills and marks missing values",
        ),
        ([["a", "b", "c"]], r"could not convert string to float"),
    ],
)
def test_invalid_rows_raise_input_errors_in_prediction(X: Any, message: str, use: str) -> None:
    with pytest.raises(InputError, match=message):
        getattr(fitted(), use)(X)


def test_columns_in_another_order_raise_input_errors() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = MLPClassifier(2, max_iter=1, n_iter_no_change=np.inf).fit(frame, Y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(InputError, match=r"Feature names must be in the same order as they were in fit"):
        model.predict(frame[["b", "a", "c"]])
    with pytest.raises(
        InputError, match=r"\nGot 'b' in place of 'a', 'a' in place of 'b'\. Write X\[list\(model\.feat"
    ):
        model.partial_fit(frame[["b", "a", "c"]], Y)
    wide = MLPClassifier(2, max_iter=1, n_iter_no_change=np.inf).fit(
        pd.DataFrame(np.hstack([X] * 3)).add_prefix("c"), Y
    )
    with pytest.raises(InputError, match=r"Got 'c8' in place of 'c0', .*'c5' in place of 'c3', .* and 3 more\. Write"):
        wide.predict_proba(pd.DataFrame(np.hstack([X] * 3)).add_prefix("c").iloc[:, ::-1])
    with pytest.raises(InputError, match=r"feature names should match those that were passed during fit"):
        model.predict(frame.rename(columns={"a": "z"}))


def test_the_divergence_error_suggests_a_remedy() -> None:
    model = MLPClassifier(4, solver="sgd", learning_rate_init=1e200, max_iter=20, random_state=0, activation="identity")
    with pytest.raises(DivergenceError, match=r"in epoch \d+, update \d+, with step size 1e\+200\. Use a smaller step"):
        model.fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"max_iter": 2},
            r"after max_iter=2 epochs, while the cost was still falling\. Raise max_iter\..*n_iter_no_change",
        ),
        ({"max_iter": 6, "tol": 9.0}, r"while the cost had stopped falling for 5 epochs only\. Raise max_iter"),
        (
            {"max_iter": 6, "tol": 9.0, "early_stopping": True},
            r"while the score of the rows held out had stopped rising",
        ),
        (
            {"max_iter": 5, "learning_rate_init": 10.0},
            r"a cost that has risen, from .* to .*\. Lower learning_rate_init, or",
        ),
        (
            {"max_iter": 5, "learning_rate_init": 1e3},
            r"after 5 epochs with a cost of .*, far above the 0\.693 of a constant prediction: learning_rate",
        ),
        (
            {"max_iter": 99, "learning_rate_init": 1e3},
            r"after 12 epochs with a cost of .*, far above the 0\.693 of a constant prediction: learning_rate",
        ),
    ],
)
def test_the_convergence_warning_suggests_a_remedy(parameters: dict[str, Any], message: str) -> None:
    model = MLPClassifier(4, solver="sgd", random_state=0, **({"validation_fraction": 0.5} | parameters))
    with pytest.warns(ConvergenceWarning, match=message):
        model.fit(X, Y)
