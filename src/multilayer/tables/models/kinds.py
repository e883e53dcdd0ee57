"""The kinds of networks of table models, for single networks behind a TableEncoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from multilayer.tables.models.recipes import ENCODINGS, Preset, parameters_of, recipes_of

LARGEST_BATCH = 0.8  # of the training rows, some of which are held out to stop the training


@dataclass(frozen=True)
class NetworkKind:
    """A kind of networks of table models, as options of an encoder and parameters of an estimator.

    Attributes
    ----------
    name : str
        Its name.
    encoding : mapping
        Options of TableEncoder.
    parameters : mapping
        Parameters of MLPClassifier or MLPRegressor.
    """

    name: str
    encoding: Mapping[str, Any]
    parameters: Mapping[str, Any]


def network_kinds(n_rows: int, n_inputs: int, n_numbers: int, *, classifies: bool) -> dict[str, NetworkKind]:
    """Return the kinds of networks that table models train, for so many training rows.

    In a table model the networks of a fold stop by its validation rows.  A single network holds out a tenth of its
    training rows instead, and "waves" embed all inputs that have more than two values.

    Parameters
    ----------
    n_rows : int
        The number of training rows.
    n_inputs : int
        The number of columns of the encoded table, about.
    n_numbers : int
        The number of columns of numbers, about.
    classifies : bool
        Whether the target holds classes.

    Returns
    -------
    dict of str to NetworkKind
        The kinds by name.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from multilayer import MLPClassifier
    >>> from multilayer.tables import TableEncoder
    >>> kind = network_kinds(1000, 20, 5, classifies=True)["pieces"]
    >>> model = make_pipeline(TableEncoder(**kind.encoding), MLPClassifier(**kind.parameters, random_state=0))
    >>> kind.parameters["hidden_layer_sizes"], kind.encoding["piecewise"]
    ((128, 128), 'tree')
    """
    found = {}
    for preset in get_args(Preset):
        for recipe in recipes_of(preset, classifies=classifies):
            parameters = parameters_of(recipe, n_rows, n_inputs, tuple(range(n_numbers)))
            parameters["batch_size"] = max(min(parameters["batch_size"], int(LARGEST_BATCH * n_rows)), 1)
            parameters.pop("embedding", None)
            if recipe.embeds:
                parameters["embedding"] = "periodic"
            found[recipe.name] = NetworkKind(recipe.name, ENCODINGS[recipe.encoding], parameters)
    return found
