"""The program for Node.js in docs/how-to/export.md against predict."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from multilayer import MLPClassifier
from multilayer.exports import save_onnx
from multilayer.tables import TableEncoder

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "export.md"
NODE = shutil.which("node")
pytest.importorskip("onnx")


def has_runtime() -> bool:
    if NODE is None:
        return False
    found = subprocess.run([NODE, "-e", 'require.resolve("onnxruntime-web")'], capture_output=True)
    return found.returncode == 0


def test_the_program_of_the_docs_predicts_as_predict(tmp_path: Path) -> None:
    if not has_runtime():
        pytest.skip("there is no Node.js with onnxruntime-web")
    homes = [{"rooms": 1 + i % 5, "town": ("Ulm", "Bonn", None)[i % 3], "new": i % 2 == 0} for i in range(60)]
    rents = ["high" if home["rooms"] > 3 else "low" for home in homes]
    model = make_pipeline(TableEncoder(), MLPClassifier((8,), max_iter=5, n_iter_no_change=None)).fit(homes, rents)
    save_onnx(model, tmp_path / "rents.onnx")
    rows = [*homes[:5], {"rooms": None, "town": "Rome", "new": None}]
    (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    (program,) = re.findall(r"```javascript\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    (tmp_path / "predict.js").write_text(program, encoding="utf-8")
    assert NODE is not None
    command = [NODE, "predict.js", "rents.onnx", "rows.json"]
    lines = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.splitlines()
    label, *probabilities = zip(*(line.split() for line in lines), strict=True)
    assert list(label) == model.predict(rows).tolist()
    np.testing.assert_allclose(np.array(probabilities, dtype=float).T, model.predict_proba(rows), rtol=0, atol=1e-5)
