"""What a command trains: a table model, or a single network with the options that the user typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sklearn.model_selection import TimeSeriesSplit

from multilayer.cli.source import Source
from multilayer.tables.models import NetworkKind

N_FOLDS = 5  # of a table model
# The options of a single network with the parameters of the estimator, and the defaults without a kind.
_DEFAULTS: dict[str, tuple[str, Any]] = {
    "hidden": ("hidden_layer_sizes", (64, 64)),
    "activation": ("activation", "relu"),
    "epochs": ("max_iter", None),
    "alpha": ("alpha", 0.3),
    "step_size": ("learning_rate_init", 0.001),
    "batch_size": ("batch_size", "auto"),
    "weight_decay": ("weight_decay", 0.0),
    "dropout": ("dropout", 0.0),
}


@dataclass(frozen=True)
class TableSettings:
    """The options of a table model."""

    preset: str  # "quick", "standard" or "best"
    with_trees: bool
    seed: int

    @property
    def name(self) -> str:
        """What tables and sentences call the model."""
        return "model" if self.with_trees else "network"

    def parameters(self, source: Source) -> dict[str, Any]:
        """The parameters of TableClassifier and TableRegressor that are not their defaults."""
        splitter = {} if source.time_column is None else {"cv": TimeSeriesSplit(N_FOLDS)}
        trees = {"with_trees": True} if self.with_trees else {}
        return {"preset": self.preset} | trees | splitter | {"random_state": self.seed}

    @property
    def words(self) -> list[str]:
        """The words of the command line."""
        return ["--preset", self.preset, *["--with-trees"] * self.with_trees]


@dataclass(frozen=True)
class NetworkSettings:
    """The options of a single network and its training."""

    hidden: tuple[int, ...]
    activation: str | tuple[str, ...]
    epochs: int
    alpha: float
    step_size: float
    batch_size: int | Literal["auto"]
    weight_decay: float
    dropout: float
    seed: int
    kind: NetworkKind | None = None  # the recipe of table models of which this network is a variation
    name: ClassVar[str] = "network"

    @classmethod
    def of(cls, given: dict[str, Any], kind: NetworkKind | None, default_epochs: int, seed: int) -> NetworkSettings:
        """The options as typed, and for those that were omitted the values of the kind, or the defaults."""
        of_kind = {} if kind is None else kind.parameters
        values: dict[str, Any] = {
            name: given.get(name) if given.get(name) is not None else of_kind.get(parameter, default)
            for name, (parameter, default) in _DEFAULTS.items()
        }
        values["epochs"] = values["epochs"] or default_epochs
        return cls(**values, seed=seed, kind=kind)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the estimator."""
        own = {parameter: getattr(self, name) for name, (parameter, _) in _DEFAULTS.items()}
        of_kind = {} if self.kind is None else self.kind.parameters
        return {**of_kind, **own, "random_state": self.seed}

    @property
    def encoding(self) -> Mapping[str, Any]:
        """The options of TableEncoder."""
        return {} if self.kind is None else self.kind.encoding

    @property
    def words(self) -> list[str]:
        """The words of the command line for what a search chooses."""
        kind = [] if self.kind is None else ["--kind", self.kind.name]
        hidden = ",".join(map(str, self.hidden))
        return [
            *[*kind, "--hidden", hidden, "--step-size", f"{self.step_size:.4g}"],
            *["--weight-decay", f"{self.weight_decay:.4g}", "--dropout", f"{self.dropout:g}"],
            *["--epochs", str(self.epochs)],
        ]


Settings = TableSettings | NetworkSettings


def settings_of(
    kinds: Callable[[], Mapping[str, NetworkKind]],
    default_epochs: int,
    *,
    network: dict[str, Any] | None,
    preset: str,
    with_trees: bool,
    seed: int,
) -> Settings:
    """A table model, or a single network if options of one were given; ``kinds`` returns those to choose from."""
    if network is None:
        return TableSettings(preset, with_trees, seed)
    name = network.pop("kind")
    return NetworkSettings.of(network, None if name is None else kinds()[name], default_epochs, seed)
