"""The peak memory of a fit on a table that is ten times larger than the memory beyond Python and the libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FREE = 95 * 10**6

# Ten columns of text of 180 characters: little time for many bytes.
WRITER = """
import sys
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

rng, written, writer = np.random.default_rng(0), 0, None
words = pa.array([f"{word} " * 60 for word in ("aa", "bb", "cc")])
while written < 10 * int(sys.argv[2]):
    codes = rng.integers(0, 3, size=(10, 50_000))
    y = np.where(codes[0] + codes[1] + rng.normal(size=50_000) > 2, "yes", "no")
    columns = {f"x{j}": pa.DictionaryArray.from_arrays(codes[j], words).cast(pa.string()) for j in range(10)}
    table = pa.table(columns | {"y": y})
    writer = writer or pq.ParquetWriter(sys.argv[1], table.schema)
    writer.write_table(table)
    written += table.nbytes
writer.close()
"""

FITTER = """
import pathlib, sys
from multilayer.engines.warmup import warmup
from multilayer.tables.models import TableClassifier, recipes
from multilayer.tables.models.memory import resident_memory
from multilayer.tables.models.streamed import networks
import pyarrow.parquet

warmup(("dense", "embedded"), ("float32",))
networks.MOST_UPDATES = 1  # one pass
base = next(n for n in (300, 400, 550) if resident_memory() <= n * 10**6)
memory = base * 10**6 + int(sys.argv[2])
model = TableClassifier("quick", memory=memory, random_state=0).fit(sys.argv[1], "y")
# ru_maxrss would include the memory of the process that started this one.
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
peak = next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
print(memory, peak, sum(model._n_training_rows), model.oof_score_)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is that of Linux")
def test_the_peak_memory_is_within_the_limit(tmp_path: Path) -> None:
    path = str(tmp_path / "table.parquet")
    subprocess.run([sys.executable, "-c", WRITER, path, str(FREE)], check=True, timeout=300)
    found = subprocess.run(
        [sys.executable, "-c", FITTER, path, str(FREE)], capture_output=True, text=True, timeout=300, check=False
    )
    assert found.returncode == 0, found.stderr
    memory, peak, n_rows, score = map(float, found.stdout.split())
    assert n_rows > 400_000
    assert score < 0.6
    assert peak < memory
