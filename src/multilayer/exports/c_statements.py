"""The statements of a C header that compute one row: one or a few for each operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from multilayer.exports.c_functions import CIVIL, FIND, OF_ROWS, TREES
from multilayer.exports.c_lines import CWriter, number
from multilayer.exports.operations import (
    INVALID,
    Arithmetic,
    Calendar,
    Cast,
    Dense,
    Fill,
    Function,
    Indicators,
    Input,
    Join,
    Lookup,
    Mean,
    Node,
    NumberCodes,
    Select,
    TextCodes,
    Trees,
)
from multilayer.exports.program import Program


def written(program: Program, prefix: str, weights: str) -> CWriter:
    """Return the statements of a program, with the constants and functions that they need."""
    writer = CWriter(program, prefix, weights)
    for node in program.nodes:
        writer.declare(node)
        if not isinstance(node, Input):
            writer.lines += WRITERS[type(node)](writer, node)
    return writer


def _text_codes(w: CWriter, node: TextCodes) -> list[str]:
    text, name = w.name(node.of), w.name(node)
    known = sorted(node.codes, key=lambda each: each.encode("utf-8", "surrogatepass"))
    if not known:
        return [f"const int {name} = {text} == NULL ? {node.gap} : {node.other};"]
    w.shared(FIND)
    texts = w.array(np.zeros(0), "char *const", known)
    codes = w.array(np.array([node.codes[each] for each in known]), "int")
    return [
        f"const int {name}_at = {text} == NULL ? -1 : {w.prefix}_find({texts}, {len(known)}, {text});",
        f"const int {name} = {text} == NULL ? {node.gap} : {name}_at < 0 ? {node.other} : {codes}[{name}_at];",
    ]


def _number_codes(w: CWriter, node: NumberCodes) -> list[str]:
    x, name = w.element(node.of, "0"), w.name(node)
    numbers, codes = w.array(node.numbers, "double"), w.array(node.codes, "int")
    return [
        f"int {name} = isnan({x}) ? {node.gap} : {node.other};",
        f"for (int i = 0; i < {len(node.codes)}; i++) if ({x} == {numbers}[i]) {name} = {codes}[i];",
    ]


def _indicators(w: CWriter, node: Indicators) -> list[str]:
    code = w.name(node.of)
    test = f"{code} == i" if node.width > 1 else f"{code} == 0"
    return w.each(node, f"{code} == {INVALID} ? NAN : {test}")


def _lookup(w: CWriter, node: Lookup) -> list[str]:
    place = f"{w.name(node.of)} * {node.width} + i" if node.width > 1 else w.name(node.of)
    return w.each(node, f"{w.array(node.table, 'double')}[{place}]")


def _select(w: CWriter, node: Select) -> list[str]:
    if len(node.columns) == 1:
        return [f"const {w.real(node)} {w.name(node)} = {w.element(node.of, str(node.columns[0]))};"]
    columns = np.array(node.columns)
    start = int(columns[0])
    if (np.diff(columns) == 1).all():
        return w.each(node, w.element(node.of, f"i + {start}"))
    return w.each(node, w.element(node.of, f"{w.array(columns, 'int')}[i]"))


def _fill(w: CWriter, node: Fill) -> list[str]:
    x, value = w.element(node.of), w.constant(node.row, w.real(node))
    test = f"isnan({x})" if node.missing != node.missing else f"{x} == {number(node.missing)}"
    return w.each(node, f"{test} ? {value} : {x}")


def _function(w: CWriter, node: Function) -> list[str]:
    real = w.real(node)
    if node.name == "identity":
        return w.each(node, w.element(node.of))
    function = w.call(node.name, real)
    if node.name in OF_ROWS:
        name = w.name(node)
        if node.width == 1:
            return [f"{real} {name} = {w.element(node.of, '0')};", f"{function}(&{name}, 1);"]
        return [*w.each(node, w.element(node.of)), f"{function}({name}, {node.width});"]
    reach = f", {number(node.reach)}" if node.name == "far" else ""
    return w.each(node, f"{function}({w.element(node.of)}{reach})")


def _calendar(w: CWriter, node: Calendar) -> list[str]:
    w.shared(CIVIL)
    name, seconds = w.name(node), w.element(node.of, "0")
    if node.width == 1:
        return [f"double {name};", f"{w.prefix}_{node.part}({seconds}, &{name});"]
    return [f"double {name}[{node.width}];", f"{w.prefix}_{node.part}({seconds}, {name});"]


def _arithmetic(w: CWriter, node: Arithmetic) -> list[str]:
    one = w.element(node.of)
    other = w.element(node.other) if isinstance(node.other, Node) else w.constant(node.other, w.real(node))
    if node.operator in ("min", "max"):
        sign = "<" if node.operator == "min" else ">"
        return w.each(node, f"{other} {sign} {one} ? {other} : {one}")
    return w.each(node, f"{one} {node.operator} {other}")


def _dense(w: CWriter, node: Dense) -> list[str]:
    """Write a layer, with the weights of each unit one after the other."""
    n_in, n_out = node.weights.shape
    name, kind, scale = w.name(node), "float", ""
    weights = node.weights.T.astype(np.float64)
    if w.weights == "int8":
        largest = np.abs(weights).max(axis=1)
        scales = np.where(largest > 0, largest, 1.0) / 127
        weights = np.rint(weights / scales[:, np.newaxis]).astype(int)
        kind, scale = "signed char", f" * {w.array(scales, 'float')}[j]"
    table, biases = w.array(weights, kind), w.array(node.biases, "float")
    target = f"{name}[j]" if n_out > 1 else name
    return [
        f"float {name}[{n_out}];" if n_out > 1 else f"float {name};",
        f"for (int j = 0; j < {n_out}; j++) {{ /* (P2) Z = A W + b */",
        "    float sum = 0;",
        f"    for (int i = 0; i < {n_in}; i++) sum += (float){w.element(node.of)} * {table}[j * {n_in} + i];",
        f"    {target} = sum{scale} + {biases}[j];",
        "}",
    ]


def _trees(w: CWriter, node: Trees) -> list[str]:
    w.shared(TREES)
    forest, name, n = node.forest, w.name(node), node.of.width
    rounded = "(double)(float)" if node.of.type == "float32" else ""
    whole = ("starts", "feature", "left", "right")
    starts, feature, left, right = (w.array(getattr(forest, each), "int") for each in whole)
    threshold, value = (w.array(getattr(forest, each), "double") for each in ("threshold", "value"))
    sums = f"{name}_sums"
    return [
        f"double {name}_x[{n}], {sums}[{node.width}] = {{{', '.join(map(number, forest.baseline.ravel().tolist()))}}};",
        f"for (int i = 0; i < {n}; i++) {name}_x[i] = {rounded}{w.element(node.of)};",
        f"{w.prefix}_trees({name}_x, {len(forest.starts)}, {starts}, {feature}, {threshold}, {left}, {right}, {value}, "
        f"{node.width}, {sums});",
        *w.each(node, f"{sums}[i]"),
    ]


def _join(w: CWriter, node: Join) -> list[str]:
    name, start = w.name(node), 0
    lines = [f"{w.real(node)} {name}[{node.width}];"]
    for part in node.parts:
        if part.width == 1:
            lines.append(f"{name}[{start}] = {w.element(part, '0')};")
        else:
            lines.append(f"for (int i = 0; i < {part.width}; i++) {name}[{start} + i] = {w.element(part)};")
        start += part.width
    return lines


def _mean(w: CWriter, node: Mean) -> list[str]:
    real = w.real(node)
    terms = (f"{number(p, real)} * {w.element(part)}" for part, p in zip(node.parts, node.weights, strict=True))
    return w.each(node, " + ".join(terms))


def _cast(w: CWriter, node: Cast) -> list[str]:
    return w.each(node, w.element(node.of))


WRITERS: dict[type, Callable[[CWriter, Any], list[str]]] = {
    TextCodes: _text_codes,
    NumberCodes: _number_codes,
    Indicators: _indicators,
    Lookup: _lookup,
    Cast: _cast,
    Select: _select,
    Fill: _fill,
    Function: _function,
    Calendar: _calendar,
    Arithmetic: _arithmetic,
    Dense: _dense,
    Trees: _trees,
    Join: _join,
    Mean: _mean,
}
