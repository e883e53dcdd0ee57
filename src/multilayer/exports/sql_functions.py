"""The functions of numbers and rows, and the parts of the calendar, as expressions of SQL.

They use exp, ln, sqrt, sin, cos, floor and abs, which databases have under the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from multilayer.equations.activations import LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_SCALE
from multilayer.equations.extensions.normalization import EPSILON

SHORT = 24  # the largest length of an expression that is repeated; a longer one becomes a column
GROUP = 40  # terms of a sum in parentheses; SQLite limits the depth of expressions to 1,000
LARGEST_POWER = 700.0


@dataclass(frozen=True)
class Expression:
    """An expression of columns that exist from a level on."""

    text: str
    level: int = 0


Define = Callable[[Expression], Expression]


def number(value: float) -> str:
    """Return a number as a literal of floating point, which without an exponent would be a decimal in DuckDB."""
    if value != value or value in (float("inf"), -float("inf")):
        return "NULL"
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if text.startswith("-") else text


def combined(form: str, *parts: Expression) -> Expression:
    """Return an expression of others, whose places in the form are {0}, {1}, ..."""
    return Expression(form.format(*(part.text for part in parts)), max((part.level for part in parts), default=0))


def added(terms: list[Expression]) -> Expression:
    """Return a sum of any number of terms."""
    while len(terms) > GROUP:
        terms = [added(terms[i : i + GROUP]) for i in range(0, len(terms), GROUP)]
    level = max((term.level for term in terms), default=0)
    return Expression("(" + " + ".join(term.text for term in terms) + ")" if terms else number(0.0), level)


class Functions:
    """The functions; ``define`` makes a column of an expression."""

    def __init__(self, define: Define) -> None:
        self.define = define

    def short(self, z: Expression) -> Expression:
        """Return an expression that can be repeated."""
        return z if len(z.text) <= SHORT else self.define(z)

    def of_number(self, name: str, z: Expression, reach: float = 0.0) -> Expression:
        """Return a function of one number."""
        if name == "gelu":
            return self._gelu(z)
        return combined(OF_NUMBERS[name].replace("{r}", number(reach)), self.short(z))

    def of_row(self, name: str, row: list[Expression]) -> list[Expression]:
        """Return a function of the numbers of a row."""
        row = [self.short(z) for z in row]
        if name == "softmax":
            return [self._softmax(k, row) for k in range(len(row))]
        if name == "share":
            total = self.define(added(row))
            equal = number(1 / len(row))
            return [combined(f"CASE WHEN {{1}} > 0 THEN {{0}} / {{1}} ELSE {equal} END", h, total) for h in row]
        n = number(len(row))
        mean = self.define(combined(f"({{0}} / {n})", added(row)))
        beyond = [self.define(combined("({0} - {1})", z, mean)) for z in row]
        squares = added([combined("{0} * {0}", each) for each in beyond])
        deviation = self.define(combined(f"sqrt({{0}} / {n} + {number(EPSILON)})", squares))
        return [combined("({0} / {1})", each, deviation) for each in beyond]

    def _softmax(self, k: int, row: list[Expression]) -> Expression:
        """1 / (the sum of e^(z_j - z_k)), with a limit to the power, instead of the largest z."""
        largest = number(LARGEST_POWER)
        form = f"exp(CASE WHEN {{0}} - {{1}} > {largest} THEN {largest} ELSE {{0}} - {{1}} END)"
        terms = [Expression(number(1.0)) if j == k else combined(form, z, row[k]) for j, z in enumerate(row)]
        return combined(f"({number(1.0)} / {{0}})", added(terms))

    def _gelu(self, z: Expression) -> Expression:
        """z F(z), by erfc of Press et al., Numerical Recipes, with a relative error below 1.2e-7."""
        z = self.short(z)
        x = self.define(combined(f"(abs({{0}}) * {number(0.5**0.5)})", z))
        t = self.define(combined(f"({number(1.0)} / ({number(1.0)} + {number(0.5)} * {{0}}))", x))
        series = number(0.17087277)
        for c in (-0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368):
            series = f"({number(c)} + {{0}} * {series})"
        power = combined(f"({number(-1.26551223)} + {{0}} * {series} - {{1}} * {{1}})", t, x)
        half = self.define(combined(f"({number(0.5)} * {{0}} * exp({{1}}))", t, power))
        return combined(f"({{0}} * CASE WHEN {{0}} < 0 THEN {{1}} ELSE {number(1.0)} - {{1}} END)", z, half)

    def calendar(self, seconds: Expression, part: str) -> list[Expression]:
        """Return a part of the calendar."""
        s = self.short(seconds)
        days = self.define(combined(f"floor({{0}} / {number(86_400)})", s))
        if part == "hour":
            return self._position(combined(f"(({{0}} - {{1}} * {number(86_400)}) / {number(86_400)})", s, days))
        if part == "weekday":  # 1970 began on a Thursday
            form = f"({{0}} + {number(3)} - floor(({{0}} + {number(3)}) / {number(7)}) * {number(7)})"
            day = self.define(combined(form, days))
            form = f"CASE WHEN {{0}} = %d THEN {number(1)} ELSE {number(0)} END"
            return [combined(form % each, day) for each in range(7)]
        year, month, day_of_month = self._civil(days)
        if part == "year":
            return [year]
        position = combined(f"(({{0}} - {number(1)}) / {number(31)})", day_of_month)
        if part == "month":
            position = combined(f"(({{0}} - {number(1)} + {{1}}) / {number(12)})", month, position)
        return self._position(position)

    def _position(self, p: Expression) -> list[Expression]:
        """Return sine and cosine of a position from 0 to 1 in a cycle."""
        angle = self.define(combined(f"({number(6.283185307179586)} * {{0}})", p))
        return [combined("sin({0})", angle), combined("cos({0})", angle)]

    def _civil(self, days: Expression) -> tuple[Expression, Expression, Expression]:
        """Return year, month and day of the Gregorian calendar from days since 1970 (Hinnant, civil_from_days)."""

        def f(form: str, *parts: Expression) -> Expression:
            numbers = {f"n{n}": number(n) for n in (1, 2, 3, 4, 5, 9, 12, 100, 153, 365, 400, 1460)}
            more = {f"n{n}": number(n) for n in (36524, 146096, 146097, 719468)}
            texts = [part.text for part in parts]
            level = max(part.level for part in parts)
            return self.define(Expression(form.format(*texts, **numbers, **more), level))

        z = f("({0} + {n719468})", days)
        era = f("floor({0} / {n146097})", z)
        of_era = f("({0} - {1} * {n146097})", z, era)
        years = f(
            "floor(({0} - floor({0} / {n1460}) + floor({0} / {n36524}) - floor({0} / {n146096})) / {n365})", of_era
        )
        of_year = f("({0} - ({1} * {n365} + floor({1} / {n4}) - floor({1} / {n100})))", of_era, years)
        number_of_month = f("floor(({0} * {n5} + {n2}) / {n153})", of_year)
        day = f("({0} - floor(({1} * {n153} + {n2}) / {n5}) + {n1})", of_year, number_of_month)
        month = f("CASE WHEN {0} > {n9} THEN {0} - {n9} ELSE {0} + {n3} END", number_of_month)
        year = f("({0} + {1} * {n400} + CASE WHEN {2} > {n9} THEN {n1} ELSE 0 END)", years, era, number_of_month)
        return year, month, day


_SIGMOID = "CASE WHEN {0} >= 0 THEN 1e0 / (1e0 + exp(-{0})) ELSE exp({0}) / (1e0 + exp({0})) END"
_SOFTPLUS = "(CASE WHEN {0} > 0 THEN {0} ELSE 0e0 END + ln(1e0 + exp(-abs({0}))))"
_BELOW = "(exp(CASE WHEN {0} > 0 THEN 0e0 ELSE {0} END) - 1e0)"
# tanh(log(1 + e^z)) = (u - 1) / (u + 1) with u = (1 + e^z)²; for z > 0 by e^-z.
_MISH = (
    "({0} * CASE WHEN {0} > 0 THEN (1e0 + 2e0 * exp(-{0})) / (1e0 + 2e0 * exp(-{0}) + 2e0 * exp(-2e0 * {0})) "
    "ELSE (exp({0}) * exp({0}) + 2e0 * exp({0})) / (exp({0}) * exp({0}) + 2e0 * exp({0}) + 2e0) END)"
)
_TANH = "(CASE WHEN {0} < 0 THEN -1e0 ELSE 1e0 END * (1e0 - exp(-2e0 * abs({0}))) / (1e0 + exp(-2e0 * abs({0}))))"
OF_NUMBERS = {
    "sigmoid": _SIGMOID,
    "tanh": _TANH,
    "relu": "CASE WHEN {0} > 0 THEN {0} ELSE 0e0 END",
    "identity": "{0}",
    "leaky_relu": f"CASE WHEN {{0}} > 0 THEN {{0}} ELSE {LEAKY_RELU_SLOPE}e0 * {{0}} END",
    "elu": f"CASE WHEN {{0}} > 0 THEN {{0}} ELSE {_BELOW} END",
    "selu": f"({number(SELU_SCALE)} * CASE WHEN {{0}} > 0 THEN {{0}} ELSE {number(SELU_ALPHA)} * {_BELOW} END)",
    "silu": f"({{0}} * {_SIGMOID})",
    "mish": _MISH,
    "softplus": _SOFTPLUS,
    "exp": "exp({0})",
    "log": "ln({0})",
    "cos": "cos({0})",
    "floor": "floor({0})",
    "gap": "CASE WHEN {0} IS NULL THEN 1e0 ELSE 0e0 END",
    "present": "CASE WHEN {0} IS NULL THEN 0e0 ELSE 1e0 END",
    "smooth": "CASE WHEN abs({0}) > 1e150 THEN CASE WHEN {0} > 0 THEN 3e0 ELSE -3e0 END "
    "ELSE {0} / sqrt(1e0 + {0} / 3e0 * ({0} / 3e0)) END",
    "far": "CASE WHEN abs({0}) <= {r} THEN {0} ELSE CASE WHEN {0} > 0 THEN {r} ELSE -{r} END * "
    "(2e0 - {r} / abs({0})) END",
}
