"""What a command trains: a table model, or a single network with the options that the user typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sklearn.model_selection import TimeSeriesSplit

from multilayer.cli.source import Source

N_FOLDS = 5  # of a table model


@dataclass(frozen=True)
class TableSettings:
    """The options of a table model."""

    preset: str  # "quick", "standard" or "best"
    with_trees: bool
    seed: int

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
    seed: int

    @classmethod
    def of(cls, default_epochs: int, *, epochs: int | None, batch_size: int | None, **options: Any) -> NetworkSettings:
        """The options as typed, and the default of the task for those that were omitted."""
        return cls(epochs=epochs or default_epochs, batch_size=batch_size or "auto", **options)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the estimator."""
        return {
            "hidden_layer_sizes": self.hidden,
            "activation": self.activation,
            "alpha": self.alpha,
            "learning_rate_init": self.step_size,
            "batch_size": self.batch_size,
            "max_iter": self.epochs,
            "random_state": self.seed,
        }

    @property
    def words(self) -> list[str]:
        """The words of the command line for what a search chooses."""
        hidden = ",".join(map(str, self.hidden))
        return [
            *["--hidden", hidden, "--step-size", f"{self.step_size:.4g}"],
            *["--alpha", f"{self.alpha:.4g}", "--epochs", str(self.epochs)],
        ]


Settings = TableSettings | NetworkSettings


def settings_of(
    default_epochs: int, *, network: dict[str, Any] | None, preset: str, with_trees: bool, seed: int
) -> Settings:
    """A table model, or a single network if options of one were given."""
    if network is None:
        return TableSettings(preset, with_trees, seed)
    return NetworkSettings.of(default_epochs, seed=seed, **network)
