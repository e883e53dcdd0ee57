"""The hierarchy of exceptions is the one that the documentation draws."""

from __future__ import annotations

import inspect
import re

import pytest
import sklearn.exceptions

from multilayer import exceptions
from multilayer.exceptions import MissingExtraError, MultilayerError, MultilayerWarning, ParameterError, unknown_name
from multilayer.fits import errors


def drawn_tree() -> list[tuple[str, str | None, str | None]]:
    """Return (class, parent in the tree, standard exception in brackets), as drawn in the docstring."""
    drawing = inspect.cleandoc(exceptions.__doc__ or "").split("::\n\n")[1].split("\n\nEvery error")[0]
    found, above = [], {}
    for line in filter(None, drawing.splitlines()):
        match = re.match(r"([ │├└─]*)(\w+)(?: \(([\w, ]+)\))?", line)
        assert match is not None
        if match[1].endswith("│" + " " * 34):
            continue  # the second line of a description
        depth, name = len(match[1]) // 4, match[2]
        above[depth] = name
        found.append((name, above[depth - 1] if depth > 1 else None, match[3]))
    return found


def class_named(name: str) -> type:
    return getattr(exceptions, name, None) or getattr(errors, name)


@pytest.mark.parametrize(("name", "parent", "standard"), drawn_tree())
def test_classes_have_the_drawn_bases(name: str, parent: str | None, standard: str | None) -> None:
    bases = [base.__name__ for base in class_named(name).__mro__]
    if parent is not None:
        assert bases[1] == parent
    for also in standard.split(", ") if standard else []:
        assert also in bases
    assert (class_named(name).__doc__ or "").rstrip().endswith(".")


def test_every_class_is_drawn() -> None:
    defined = {
        name
        for module in (exceptions, errors)
        for name, member in vars(module).items()
        if inspect.isclass(member) and issubclass(member, Exception) and member.__module__ == module.__name__
    }
    assert {name for name, _, _ in drawn_tree()} == defined
    assert {"MultilayerError", "MultilayerWarning", "ShapeError", "NotFittedError"} <= defined


def test_every_error_and_warning_has_one_root() -> None:
    for name, _, _ in drawn_tree():
        assert issubclass(class_named(name), MultilayerWarning if name.endswith("Warning") else MultilayerError)


def test_two_classes_derive_from_those_of_scikit_learn() -> None:
    assert issubclass(errors.NotFittedError, sklearn.exceptions.NotFittedError)
    assert issubclass(errors.ConvergenceWarning, sklearn.exceptions.ConvergenceWarning)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("tanhh", "unknown unit 'tanhh'. Did you mean 'tanh'? Known: 'relu', 'tanh'."),
        ("TANH", "unknown unit 'TANH'. Did you mean 'tanh'? Known: 'relu', 'tanh'."),
        ("banana", "unknown unit 'banana'. Known: 'relu', 'tanh'."),
        ("", "unknown unit ''. Known: 'relu', 'tanh'."),
        (None, "unknown unit None. Known: 'relu', 'tanh'."),
        (("tanh",), "unknown unit ('tanh',). Did you mean 'tanh'? Known: 'relu', 'tanh'."),
    ],
)
def test_an_unknown_name_is_reported_with_a_suggestion(received: object, expected: str) -> None:
    error = unknown_name("unit", received, ["tanh", "relu"])
    assert isinstance(error, ParameterError)
    assert str(error) == expected


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    assert str(MissingExtraError("reading Parquet", "pyarrow", "tables")) == (
        "reading Parquet needs pyarrow, which is not installed. "
        'Install it with: python -m pip install "multilayer[tables]"'
    )
