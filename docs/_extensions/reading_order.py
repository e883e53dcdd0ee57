"""The order of the programs in the gallery: first what most readers need."""

from __future__ import annotations

# By topic: a first table, classes, amounts, validation, several networks, training, own parts, use.
ORDER = """
table_to_report worth_it how_fast
class_imbalance calibrated_probabilities
prediction_intervals quantiles_of_skewed_amounts counts several_outputs
groups_and_time curves search_with_a_budget ensembles_and_spread
explain_a_row diagnose_a_training step_size_finder
callbacks resume_after_a_crash warm_start_on_a_stream
custom_cost_and_activation sparse_text pipeline_with_scikit_learn reproduce_scikit_learn export_to_onnx_and_c
notebook seven_bugs
""".split()


class ReadingOrder:
    """The sort key of sphinx-gallery; a program that is not in ORDER is an error, so that none is forgotten."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> int:
        """Return the place of the program of this file name."""
        return ORDER.index(name.removesuffix(".py"))
