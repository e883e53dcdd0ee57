"""The functions of an exported C header, as text: REAL is float or double, F the suffix of the functions of math.h."""

from __future__ import annotations

from multilayer.equations.activations import LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_SCALE
from multilayer.equations.extensions.normalization import EPSILON

# Of one number.
OF_NUMBERS = {
    "sigmoid": "return 1 / (1 + expF(-z));",
    "tanh": "return tanhF(z);",
    "relu": "return z > 0 ? z : 0;",
    "leaky_relu": f"return z > 0 ? z : (REAL){LEAKY_RELU_SLOPE} * z;",
    "elu": "return z > 0 ? z : expm1F(z);",
    "selu": f"return (REAL){SELU_SCALE!r} * (z > 0 ? z : (REAL){SELU_ALPHA!r} * expm1F(z));",
    "gelu": "return z * (REAL)0.5 * erfcF(-z * (REAL)0.7071067811865476);",
    "silu": "return z / (1 + expF(-z));",
    "softplus": "return (z > 0 ? z : 0) + log1pF(expF(-fabsF(z)));",
    "mish": "return z * tanhF((z > 0 ? z : 0) + log1pF(expF(-fabsF(z))));",
    "exp": "return expF(z);",
    "log": "return logF(z);",
    "cos": "return cosF(z);",
    "floor": "return floorF(z);",
    "gap": "return isnan(z) ? 1 : 0;",
    "present": "return isnan(z) ? 0 : 1;",
    "smooth": "z = z > 1e150 ? 1e150 : z < -1e150 ? -1e150 : z;\n    return z / sqrt(1 + z / 3 * (z / 3));",
}
COMMENTS = {
    "sigmoid": "(A1) 1 / (1 + e^-z)",
    "tanh": "(A2) (e^z - e^-z) / (e^z + e^-z)",
    "relu": "(A3) max(0, z)",
    "leaky_relu": "(A5) z if z > 0, else 0.01 z",
    "elu": "(A6) z if z > 0, else e^z - 1",
    "selu": "(A7) s z if z > 0, else s a (e^z - 1)",
    "gelu": "(A8) z F(z) with the normal distribution F",
    "silu": "(A9) z sigmoid(z)",
    "softplus": "(A11) log(1 + e^z)",
    "mish": "(A10) z tanh(log(1 + e^z))",
    "exp": "(C5) e^z",
    "gap": "1 at a gap, 0 elsewhere",
    "present": "0 at a gap, 1 elsewhere",
    "smooth": "(X1) z / sqrt(1 + (z / 3)^2)",
    "far": "z up to r; beyond it sign(z) r (2 - r / |z|)",
    "softmax": "(C2) e^z_k / (the sum of e^z_j)",
    "share": "each number divided by their sum; equal shares where all are 0",
    "standardized": "(M1) (z - mean) / sqrt(variance + epsilon) over the units",
}
FAR = "return fabs(z) <= r ? z : (z > 0 ? r : -r) * (2 - r / fabs(z));"
# Of the n numbers of a row, in place.
OF_ROWS = {
    "softmax": """REAL largest = z[0], total = 0;
    for (int i = 1; i < n; i++) largest = z[i] > largest ? z[i] : largest;
    for (int i = 0; i < n; i++) total += z[i] = expF(z[i] - largest);
    for (int i = 0; i < n; i++) z[i] /= total;""",
    "share": """REAL total = 0;
    for (int i = 0; i < n; i++) total += z[i];
    for (int i = 0; i < n; i++) z[i] = total > 0 ? z[i] / total : (REAL)1 / n;""",
    "standardized": f"""REAL mean = 0, variance = 0;
    for (int i = 0; i < n; i++) mean += z[i] / n;
    for (int i = 0; i < n; i++) variance += (z[i] - mean) * (z[i] - mean) / n;
    for (int i = 0; i < n; i++) z[i] = (z[i] - mean) / sqrtF(variance + (REAL){EPSILON});""",
}
FIND = """
/* The place of a text among n sorted ones, or -1. */
static inline int PREFIX_find(const char *const *sorted, int n, const char *text) {
    int low = 0, high = n - 1;
    while (low <= high) {
        const int middle = (low + high) / 2, order = strcmp(text, sorted[middle]);
        if (order == 0) return middle;
        if (order < 0) high = middle - 1; else low = middle + 1;
    }
    return -1;
}
"""
TREES = """
/* Add the leaves of trees: left in a node where x is at most the threshold. A leaf is its own child. */
static inline void PREFIX_trees(const double *x, int n, const int *starts, const int *feature, const double *threshold,
                                const int *left, const int *right, const double *value, int k, double *sums) {
    for (int tree = 0; tree < n; tree++) {
        int node = starts[tree];
        while (left[node] != node) node = x[feature[node]] <= threshold[node] ? left[node] : right[node];
        sums[tree % k] += value[node];
    }
}
"""
CIVIL = """
/* Year, month and day, from 1, of the Gregorian calendar from seconds since 1970 (Hinnant, civil_from_days). */
static inline void PREFIX_civil(double seconds, double *year, double *month, double *day) {
    const double z = floor(seconds / 86400) + 719468, era = floor(z / 146097), of_era = z - era * 146097;
    const double leap = of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096);
    const double years = floor(leap / 365), of_year = of_era - (365 * years + floor(years / 4) - floor(years / 100));
    const double number = floor((5 * of_year + 2) / 153);
    *day = of_year - floor((153 * number + 2) / 5) + 1;
    *month = number < 10 ? number + 3 : number - 9;
    *year = years + era * 400 + (number < 10 ? 0 : 1);
}

/* Sine and cosine of a position from 0 to 1 in a cycle. */
static inline void PREFIX_position(double p, double *out) {
    out[0] = sin(6.283185307179586 * p);
    out[1] = cos(6.283185307179586 * p);
}

static inline void PREFIX_year(double seconds, double *out) {
    double month, day;
    PREFIX_civil(seconds, out, &month, &day);
}

static inline void PREFIX_month(double seconds, double *out) {
    double year, month, day;
    PREFIX_civil(seconds, &year, &month, &day);
    PREFIX_position((month - 1 + (day - 1) / 31) / 12, out);
}

static inline void PREFIX_day(double seconds, double *out) {
    double year, month, day;
    PREFIX_civil(seconds, &year, &month, &day);
    PREFIX_position((day - 1) / 31, out);
}

static inline void PREFIX_weekday(double seconds, double *out) {
    const double days = floor(seconds / 86400) + 3, number = days - floor(days / 7) * 7; /* 1970 began on a Thursday */
    for (int i = 0; i < 7; i++) out[i] = number == i;
}

static inline void PREFIX_hour(double seconds, double *out) {
    PREFIX_position((seconds - floor(seconds / 86400) * 86400) / 86400, out);
}
"""


def source(name: str, real: str, prefix: str) -> str:
    """Return the text of a function of a type of floats."""
    suffix = "f" if real == "float" else ""
    comment = f"\n/* {COMMENTS[name]}. */" if name in COMMENTS else ""
    if name in OF_ROWS:
        head, body = f"void {prefix}_{name}{suffix}(REAL *z, int n)", OF_ROWS[name]
    elif name == "far":
        head, body = f"REAL {prefix}_{name}{suffix}(REAL z, REAL r)", FAR
    else:
        head, body = f"REAL {prefix}_{name}{suffix}(REAL z)", OF_NUMBERS[name]
    text = f"{comment}\nstatic inline {head} {{\n    {body}\n}}\n".replace("REAL", real)
    return text.replace("F(", f"{suffix}(") if name != "far" else text
