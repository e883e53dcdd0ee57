"""The functions of an exported Python file, as text; a file contains those that it uses."""

from __future__ import annotations

from multilayer.equations.activations import LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_SCALE
from multilayer.equations.extensions.normalization import EPSILON
from multilayer.exports.operations import INVALID, NOTHING

FUNCTIONS = {
    "trees": '''
def trees(x, depth, starts, feature, threshold, left, right, value, baseline):
    """The sum of the leaves that each row reaches: left in a node where its number is at most the threshold.

    A leaf is its own child; the trees of several outputs take turns.
    """
    rows, node = np.arange(len(x))[:, np.newaxis], np.tile(starts, (len(x), 1))
    feature, threshold, left, right, value, baseline = map(
        np.atleast_1d, (feature, threshold, left, right, value, baseline)
    )
    for _ in range(int(depth)):
        node = np.where(x[rows, feature[node]] <= threshold[node], left[node], right[node])
    return baseline + value[node].reshape(len(x), -1, len(baseline)).sum(axis=1)
''',
    "sigmoid": '''
def sigmoid(z):
    """(A1) 1 / (1 + e^-z), from e^-|z|, which does not overflow."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)
''',
    "tanh": '''
def tanh(z):
    """(A2) (e^z - e^-z) / (e^z + e^-z)."""
    return np.tanh(z)
''',
    "relu": '''
def relu(z):
    """(A3) max(0, z)."""
    return np.maximum(z, 0)
''',
    "leaky_relu": f'''
def leaky_relu(z):
    """(A5) z if z > 0 else {LEAKY_RELU_SLOPE} z."""
    return np.where(z > 0, z, {LEAKY_RELU_SLOPE} * z)
''',
    "elu": '''
def elu(z):
    """(A6) z if z > 0 else e^z - 1."""
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
''',
    "selu": f'''
def selu(z):
    """(A7) s z if z > 0 else s a (e^z - 1)."""
    return {SELU_SCALE!r} * np.where(z > 0, z, {SELU_ALPHA!r} * np.expm1(np.minimum(z, 0)))
''',
    "gelu": '''
def gelu(z):
    """(A8) z F(z) with the normal distribution F(z) = erfc(-z / sqrt(2)) / 2.

    erfc is that of Press et al., Numerical Recipes, with a relative error below 1.2e-7.
    """
    x = np.minimum(np.abs(z) * 0.7071067811865476, 30.0)
    t = 1.0 / (1.0 + 0.5 * x)
    p = 0.17087277
    for c in (-0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368):
        p = c + t * p
    half = 0.5 * t * np.exp(-x * x - 1.26551223 + t * p)
    return z * np.where(z < 0, half, 1.0 - half)
''',
    "silu": '''
def silu(z):
    """(A9) z sigmoid(z)."""
    return z * sigmoid(z)
''',
    "mish": '''
def mish(z):
    """(A10) z tanh(log(1 + e^z))."""
    return z * np.tanh(softplus(z))
''',
    "softplus": '''
def softplus(z):
    """(A11) log(1 + e^z)."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
''',
    "exp": '''
def exp(z):
    """(C5) e^z."""
    return np.exp(z)
''',
    "softmax": '''
def softmax(z):
    """(C2) e^z_k / (the sum of e^z_j), less the largest z, so that nothing overflows."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
''',
    "share": '''
def share(h):
    """Each number divided by the sum of its row; equal shares where all are 0."""
    total = h.sum(axis=-1, keepdims=True)
    return np.where(total > 0, h / np.where(total > 0, total, 1), 1 / h.shape[-1])
''',
    "standardized": f'''
def standardized(z):
    """(M1) (z - mean) / sqrt(variance + {EPSILON}) over the units of each row."""
    beyond = z - z.mean(axis=-1, keepdims=True)
    return beyond / np.sqrt((beyond * beyond).mean(axis=-1, keepdims=True) + {EPSILON})
''',
    "log": '''
def log(p):
    """The natural logarithm."""
    return np.log(p)
''',
    "cos": '''
def cos(x):
    """The cosine."""
    return np.cos(x)
''',
    "floor": '''
def floor(x):
    """The largest whole number up to x."""
    return np.floor(x)
''',
    "gap": '''
def gap(x):
    """1 at a gap, 0 elsewhere."""
    return np.isnan(x).astype(float)
''',
    "present": '''
def present(x):
    """0 at a gap, 1 elsewhere."""
    return 1.0 - np.isnan(x)
''',
    "smooth": '''
def smooth(z):
    """(X1) z / sqrt(1 + (z / 3)^2), which is between -3 and 3."""
    z = np.clip(z, -1e300, 1e300)
    return z / np.hypot(1.0, z / 3.0)
''',
    "far": '''
def far(z, r):
    """z up to r; beyond it sign(z) r (2 - r / |z|)."""
    size = np.maximum(np.abs(z), r)
    return np.where(np.abs(z) <= r, z, np.sign(z) * r * (2 - r / size))
''',
    "fill": '''
def fill(x, value):
    """x, with another number in place of NaN."""
    return np.where(np.isnan(x), value, x)
''',
    "one_hot": f'''
def one_hot(codes, n):
    """1 at the place of the code, 0 elsewhere; all 0 for {NOTHING}, all NaN for {INVALID}."""
    found = (codes == np.arange(n)).astype(float)
    return np.where(codes == {INVALID}, np.nan, found)
''',
    "indicators": f'''
def indicators(code, n):
    """The same for one row, as a list."""
    found = [{{{INVALID}: np.nan}}.get(code, 0.0)] * n
    if code >= 0:
        found[code] = 1.0
    return found
''',
    "number_codes": '''
def number_codes(x, numbers, codes, gap, other):
    """The code of each number."""
    return np.array([[gap if v != v else dict(zip(numbers, codes)).get(v, other)] for v in x[:, 0].tolist()])
''',
    "date": '''
def date(seconds):
    """Whole seconds since 1970 as a date."""
    return seconds.astype("datetime64[s]")
''',
    "position": '''
def position(p):
    """Sine and cosine of a position from 0 to 1 in a cycle."""
    return np.concatenate([np.sin(2 * np.pi * p), np.cos(2 * np.pi * p)], axis=-1)
''',
    "year": '''
def year(seconds):
    """The year."""
    return date(seconds).astype("datetime64[Y]").astype(float) + 1970
''',
    "day": '''
def days(seconds):
    """The days since the start of the month, over 31."""
    start = date(seconds).astype("datetime64[M]")
    return (date(seconds).astype("datetime64[D]") - start.astype("datetime64[D]")).astype(float) / 31


def day(seconds):
    """The position in the month."""
    return position(days(seconds))
''',
    "month": '''
def month(seconds):
    """The position in the year."""
    return position((date(seconds).astype("datetime64[M]").astype(np.int64) % 12 + days(seconds)) / 12)
''',
    "weekday": '''
def weekday(seconds):
    """1 for the weekday, from Monday, and 0 for the others; 1970 began on a Thursday."""
    return ((seconds // 86400 + 3) % 7 == np.arange(7)).astype(float)
''',
    "hour": '''
def hour(seconds):
    """The position in the day."""
    return position(seconds % 86400 / 86400)
''',
    "number": '''
def number(value):
    """A cell as a number, NaN for a gap."""
    return np.nan if value is None else float(value)
''',
    "numbers": '''
def numbers(column):
    """A column of numbers or Booleans as an array, NaN at gaps."""
    values = np.asarray(column)
    if values.dtype.kind == "O":
        values = np.array([np.nan if value is None else value for value in values.ravel()])
    return values.astype(float).reshape(-1, 1)
''',
    "spelled": '''
def spelled(column):
    """A column of numbers, also as text, as an array; NaN at gaps and for other words."""
    found = []
    for value in column:
        try:
            found.append(float(value))
        except (TypeError, ValueError):
            found.append(np.nan)
    return np.array(found).reshape(-1, 1)
''',
    "seconds": '''
def seconds(column):
    """A column of dates or durations, or of their seconds since 1970, as seconds."""
    values = np.asarray(column)
    if values.dtype.kind in "OU":
        values = np.array([None if value != value else value for value in values.ravel()])
        is_number = all(value is None or isinstance(value, (int, float)) for value in values.tolist())
        values = values.astype(float if is_number else "datetime64[us]")
    if values.dtype.kind in "mM":
        ticks = values.astype(f"{values.dtype.kind}8[us]")
        values = np.where(np.isnat(ticks), np.nan, ticks.astype(np.int64) / 1e6)
    return values.astype(float).reshape(-1, 1)
''',
    "times": '''
def times(column):
    """A column of times of day, or of their seconds, as seconds since midnight."""
    units = (("hour", 3600), ("minute", 60), ("second", 1), ("microsecond", 1e-6))
    return numbers([sum(getattr(at, name) * n for name, n in units) if hasattr(at, "hour") else at for at in column])
''',
    "texts": '''
def texts(column):
    """A column as text, None at gaps; numbers and Booleans as 1, 2.5, true."""
    found = [None if value is None or value != value else value for value in column]
    found = [int(value) if isinstance(value, float) and value.is_integer() else value for value in found]
    found = [str(value).lower() if isinstance(value, (bool, np.bool_)) else value for value in found]
    return [None if value is None else str(value) for value in found]
''',
}
NEEDS = {
    "silu": ["sigmoid"],
    "mish": ["softplus"],
    "year": ["date"],
    "day": ["date", "position"],
    "month": ["date", "position", "day"],
    "hour": ["position"],
    "times": ["numbers"],
}


def sources(names: set[str]) -> str:
    """Return the text of functions and of those that they call."""
    every, todo = set(), [name for name in names if name in FUNCTIONS]
    while todo:
        name = todo.pop()
        if name not in every:
            every.add(name)
            todo += NEEDS.get(name, [])
    return "\n".join(text for name, text in FUNCTIONS.items() if name in every)
