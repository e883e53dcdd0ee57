"""
Export to ONNX and C
====================

A model that was trained here can predict in other programs: by a runtime of ONNX in most languages, or as a C header on
a machine without Python or any library. This program exports one model in both forms, predicts the same rows with each,
and compares the answers with those of the model itself.

The forms are described in :doc:`/how-to/export`.
"""

# %%
# A model of pumps
# ----------------
# Each row is a reading of a pump: two numbers with gaps, the maker, and whether the pump needs service.
# ``TableEncoder`` is a step of the model, so that the exported model takes raw values, too.

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from multilayer import MLPClassifier
from multilayer.tables import TableEncoder

random = np.random.RandomState(0)
n = 600
pumps = pd.DataFrame(
    {
        "pressure": random.normal(4.0, 0.8, n).round(2),
        "hours": random.gamma(2, 1500, n).round(),
        "maker": random.choice(["Arno", "Belt", "Crane"], n),
    }
)
wear = pumps["hours"] / 3000 - 0.9 * (pumps["pressure"] - 4) + 0.6 * (pumps["maker"] == "Belt")
service = np.where(wear + random.logistic(0, 0.3, n) > 1.6, "service", "fine")
pumps.loc[random.choice(n, 40, replace=False), "pressure"] = np.nan
train, test = slice(0, 400), slice(400, None)

network = MLPClassifier((16, 8), max_iter=150, n_iter_no_change=None, learning_rate_init=0.005, random_state=0)
model = make_pipeline(TableEncoder(), network).fit(pumps[train], service[train])
print(f"accuracy on {len(pumps[test])} other readings: {model.score(pumps[test], service[test]):.3f}")
print(pumps[test].head(3).to_string(index=False))

# %%
# ONNX
# ----
# The graph has one input for each column. Numbers are NaN where there is a gap.

import tempfile
from pathlib import Path

import onnx

from multilayer.exports import save_onnx, to_c

folder = Path(tempfile.mkdtemp())
save_onnx(model, folder / "pumps.onnx")
graph = onnx.load(folder / "pumps.onnx").graph
print("inputs: ", [each.name for each in graph.input])
print("outputs:", [each.name for each in graph.output])
print("size:   ", round((folder / "pumps.onnx").stat().st_size / 1000), "kB")

# %%
# ONNX Runtime predicts it. Where ONNX Runtime is not installed, the slower evaluator of the package ``onnx`` does.

inputs = {
    "pressure": pumps[["pressure"]][test].to_numpy(),
    "hours": pumps[["hours"]][test].to_numpy(),
    "maker": pumps[["maker"]][test].to_numpy(dtype=object),
}
try:
    from onnxruntime import InferenceSession
except ImportError:
    from onnx.reference import ReferenceEvaluator

    session = ReferenceEvaluator(str(folder / "pumps.onnx"))
else:
    session = InferenceSession(folder / "pumps.onnx", providers=["CPUExecutionProvider"])
labels, from_onnx = session.run(None, inputs)
expected = model.predict_proba(pumps[test])
print(f"predicted by {type(session).__name__}")
print("labels that differ:", int(np.sum(labels != model.predict(pumps[test]))))
print(f"largest difference of a probability: {np.abs(from_onnx - expected).max():.0e}")

# %%
# C
# -
# ``to_c`` returns one header, which needs ``math.h`` and ``string.h`` and allocates no memory. These are its first
# lines.

header = to_c(model, name="pumps")
print("\n".join(header.splitlines()[:20]))
print(f"... {len(header.splitlines())} lines, {len(header) / 1000:.0f} kB")

# %%
# A program of C predicts the same rows. It is compiled here if there is a compiler.

import shutil
import subprocess


def c_literal(row):
    """Write a row as an initializer of C."""
    pressure = "NAN" if np.isnan(row.pressure) else repr(row.pressure)
    return f'{{.pressure = {pressure}, .hours = {row.hours!r}, .maker = "{row.maker}"}}'


rows = ",\n    ".join(c_literal(row) for row in pumps[test].itertuples())
program = f"""\
#include <stdio.h>
#include "pumps.h"

static const pumps_row rows[] = {{
    {rows}
}};

int main(void) {{
    double probabilities[2];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {{
        pumps_values(&rows[i], probabilities);
        printf("%.17g %.17g\\n", probabilities[0], probabilities[1]);
    }}
    return 0;
}}
"""
(folder / "pumps.h").write_text(header)
(folder / "main.c").write_text(program)
compiler = shutil.which("cc")
from_c = None
if compiler is None:
    print("There is no C compiler on this machine, so that the header is not compiled.")
else:
    subprocess.run([compiler, "-std=c99", "-O2", "-o", folder / "pumps", folder / "main.c", "-lm"], check=True)
    output = subprocess.run([folder / "pumps"], capture_output=True, text=True, check=True).stdout
    from_c = np.array([line.split() for line in output.splitlines()], dtype=float)
    print("rows:", len(from_c))
    print("labels that differ:", int(np.sum(model.classes_[from_c.argmax(axis=1)] != model.predict(pumps[test]))))
    print(f"largest difference of a probability: {np.abs(from_c - expected).max():.0e}")

# %%
# The graph of ONNX computes in float64, as the network does. The header computes layers in float32, which has seven
# digits, because small machines are faster with it. A difference of 0 is drawn at 1e-18.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
answers = {"C header": (from_c, "^", "#D55E00"), "ONNX": (from_onnx, "o", "#0072B2")}
for name, (probabilities, marker, color) in answers.items():
    if probabilities is not None:
        difference = np.abs(probabilities - expected)[:, 1]
        ax.plot(expected[:, 1], difference.clip(1e-18), marker, color=color, markersize=5, label=name)
ax.set(yscale="log", xlabel="probability of service", ylabel="difference from predict_proba")
ax.set_title("Exported models give the same probabilities")
_ = ax.legend(frameon=False)

# %%
# What to take away
# -----------------
# On 200 rows with gaps, no label differs. Probabilities differ by at most 3e-16 in ONNX and 4e-07 in C. The header has
# 8 kB. :doc:`/how-to/export` also describes a Python file that needs NumPy only, a query of SQL, and weights of eight
# bits.
