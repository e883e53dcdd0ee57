"""The schema of a TableEncoder: the records of its encodings, its reports, and the encoder itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from multilayer.exceptions import ModelFileError
from multilayer.files.kinds import (
    COUNT,
    Kind,
    Place,
    Record,
    array,
    either,
    flag,
    integer,
    mapping,
    number,
    optional,
    pair,
    positive,
    record,
    sequence,
    text,
)
from multilayer.tables import ColumnReport, ColumnReports, TableEncoder
from multilayer.tables.calendars import DateEncoding, Part
from multilayer.tables.encodings import NumberEncoding, SignEncoding, TextEncoding
from multilayer.tables.piecewise import PiecewiseEncoding
from multilayer.tables.rules import checked_rules
from multilayer.tables.target_means import TargetMeanEncoding

MAX_EXPONENT = 1100  # of two; float64 has exponents from -1074 to 1024
NUMERIC_KINDS = ("number", "Boolean", "date", "time", "duration")
TEXTS = sequence(text(), tuple)
NOTES = "_reading_notes"  # where they are until the encoder is finished


def _check_number(encoding: NumberEncoding) -> None:
    _check(encoding.has_values or encoding.has_gaps, encoding.name, "has no output")


def _check_text(encoding: TextEncoding) -> None:
    _check(len(encoding.feature_names("")) > 0, encoding.name, "has no output")
    _check(len(set(encoding.categories)) == len(encoding.categories), encoding.name, "has a category twice")


def _check_date(encoding: DateEncoding) -> None:
    known = ("hour",) if encoding.kind == "time" else get_args(Part)
    _check(encoding.elapsed.has_values and encoding.kind in ("date", "time"), encoding.name, "is no date or time")
    _check(set(encoding.parts) <= set(known), encoding.name, "has a part that its kind does not have")
    _check(len(set(encoding.parts)) == len(encoding.parts), encoding.name, "has a part twice")


def _check_piecewise(encoding: PiecewiseEncoding) -> None:
    edges = np.array(encoding.edges)
    _check(encoding.raw.has_values and len(edges) >= 2, encoding.name, "has fewer than two edges")
    is_right = np.isfinite(edges).all() and (edges[:-1] < edges[1:]).all()
    _check(bool(is_right), encoding.name, "has edges that do not increase")


def _check(is_right: bool, name: str, wrong: str) -> None:
    if not is_right:
        raise ModelFileError(f"the encoding of the column {name[:80]!r} {wrong}")


NUMBER = Record(
    "NumberEncoding",
    NumberEncoding,
    {
        "name": text(),
        "kind": text(*NUMERIC_KINDS),
        "centre": number(),
        "scale": positive,
        "exponent": integer(-MAX_EXPONENT, MAX_EXPONENT),
        "fill": number(),
        "reach": positive,
        "has_values": flag,
        "has_gaps": flag,
        "from_text": flag,
        "clip": text("far", "smooth"),
        "is_continuous": flag,
        "gap_words": TEXTS,
        "group_mark": text("", ",", "."),
        "unit": text(),
    },
    ("name", "kind", "centre", "scale", "exponent", "fill", "reach", "has_values", "has_gaps"),
    check=_check_number,
)
TEXT = Record(
    "TextEncoding",
    TextEncoding,
    {"name": text(), "kind": text("text"), "categories": TEXTS, "has_other": flag, "has_gaps": flag},
    ("name", "kind", "categories", "has_other", "has_gaps"),
    check=_check_text,
)
SIGN = Record(
    "SignEncoding",
    SignEncoding,
    {"name": text(), "kind": text("text"), "categories": pair(text(), text())},
    ("name", "kind", "categories"),
)
DATE = Record(
    "DateEncoding",
    DateEncoding,
    {
        "elapsed": record(NUMBER),
        "parts": sequence(text(*get_args(Part)), tuple),
        "year_centre": number(),
        "year_scale": positive,
    },
    ("elapsed", "parts", "year_centre", "year_scale"),
    check=_check_date,
)


class _Piecewise(Record):
    """Edges are an array in a file; a list is longer, and the header of a file is limited."""

    def parts(self, value: PiecewiseEncoding) -> dict[str, Any]:
        return super().parts(value) | {"edges": np.array(value.edges, dtype=np.float64)}

    def built(self, parts: Mapping[str, Any]) -> Any:
        edges = parts["edges"]
        return super().built({**parts, "edges": edges if isinstance(edges, tuple) else tuple(edges.tolist())})


PIECEWISE = _Piecewise(
    "PiecewiseEncoding",
    PiecewiseEncoding,
    {"raw": record(NUMBER), "edges": either(sequence(number(), tuple), array("f", None))},
    ("raw", "edges"),
    check=_check_piecewise,
)


class _TargetMeans(Record):
    """The record of target encoding, whose counts and means of up to 100,000 categories are arrays in a file."""

    def parts(self, value: TargetMeanEncoding) -> dict[str, Any]:
        arrays = {
            "counts": np.array(value.counts, dtype=np.int64),
            "means": np.array(value.means, dtype=np.float64).reshape(len(value.labels), len(value.categories)),
        }
        return super().parts(value) | arrays

    def built(self, parts: Mapping[str, Any]) -> Any:
        rows = {"counts": tuple(parts["counts"].tolist()), "means": tuple(map(tuple, parts["means"].tolist()))}
        return super().built({**parts, **rows})


def _check_means(encoding: TargetMeanEncoding) -> None:
    _check(len(set(encoding.categories)) == len(encoding.categories), encoding.name, "has a category twice")
    _check(all(count > 0 for count in encoding.counts), encoding.name, "has a category without rows")
    _check(all(np.isfinite(means).all() for means in encoding.means), encoding.name, "has means that are not finite")


TARGET_MEANS = _TargetMeans(
    "TargetMeanEncoding",
    TargetMeanEncoding,
    {
        "name": text(),
        "kind": text("text"),
        "categories": TEXTS,
        "counts": array("i", "c"),
        "means": array("f", "o", "c"),
        "scales": sequence(positive, tuple),
        "labels": TEXTS,
        "log_centre": number(),
        "log_scale": positive,
        "has_gaps": flag,
    },
    ("name", "kind", "categories", "counts", "means", "scales", "labels", "log_centre", "log_scale", "has_gaps"),
    lengths={"c": "categories", "o": "scales"},
    check=_check_means,
)
ENCODINGS = (NUMBER, TEXT, SIGN, DATE, PIECEWISE, TARGET_MEANS)

REPORT = Record(
    "ColumnReport",
    ColumnReport,
    {
        "name": text(),
        "kind": text(*NUMERIC_KINDS, "text", "empty"),
        "encoding": text(),
        "n_gaps": integer(),
        "width": integer(),
        "is_identifier": flag,
        "bounds": optional(pair(number(infinite=True), number(infinite=True))),
    },
    ("name", "kind", "encoding", "n_gaps", "width"),
)

OF_ENCODERS: dict[str, Kind] = {
    "max_categories": integer(2),
    "identifiers": either(text("auto"), sequence(text(), list), mapping(text(), text())),
    "dtype": text("float32", "float64"),
    "numbers": text("standard", "robust"),
    "piecewise": optional(text("quantile", "tree")),
    "two_values": text("zero_one", "signs"),
    "many_categories": text("frequent", "target"),
    "min_frequency": integer(1, COUNT),
    "text": text("as_given", "typed"),
    "row_numbers": text("keep", "drop"),
    "task": text("auto", "classification", "regression"),
}


def _reports(value: Any, place: Place) -> Any:
    return ColumnReports(sequence(record(REPORT), list)(value, place))


LEARNT: dict[str, Kind] = {
    "encodings_": sequence(record(*ENCODINGS), tuple),
    "columns_": _reports,
}


def finish(encoder: TableEncoder) -> None:
    """Check an encoder that is built from a file, and set the attributes that follow from the others."""
    checked_rules(encoder)
    encoder.columns_.notes = encoder.__dict__.pop(NOTES, ())
    widths = {encoding.name: len(encoding.feature_names(encoding.name)) for encoding in encoder.encodings_}
    kinds = {encoding.name: encoding.kind for encoding in encoder.encodings_}
    reports = [(report.name, report.width) for report in encoder.columns_]
    if len({name for name, _ in reports}) < len(reports):
        raise ModelFileError("two columns of the encoder have the same name")
    if not widths or len(widths) < len(encoder.encodings_) or widths != {name: n for name, n in reports if n}:
        raise ModelFileError("the encodings of the encoder do not match the reports of its columns")
    if any(report.width and report.kind != kinds[report.name] for report in encoder.columns_):
        raise ModelFileError("the encodings of the encoder are of other kinds than its columns")
    names = [name for name, _ in reports]
    given = getattr(encoder, "feature_names_in_", None)
    if (names != [f"x{i}" for i in range(len(names))]) if given is None else (given.tolist() != names):
        raise ModelFileError("the names of the encoder's columns are not those of its reports")
    encoder.number_columns_ = np.array([flag for each in encoder.encodings_ for flag in each.are_numbers()])


def width(encoder: TableEncoder) -> int:
    """Return the number of columns of the encoded rows."""
    return len(encoder.number_columns_)


RECORDS = (*ENCODINGS, REPORT)
