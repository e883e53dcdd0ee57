"""
Resume after a crash
====================

A training of hours should survive a crash, a full disk or a restart of the machine. This program trains a network in
another process, which is killed in the middle of the training, and completes the training from the last checkpoint.
The weights are those of a training that was never interrupted, bit for bit.

The file of a checkpoint is an ordinary model file, described in :doc:`/how-to/files`.
"""

# %%
# The training script
# -------------------
# The script reads measurements of 569 tumours, and predicts whether a tumour is benign. ``Checkpoint`` writes a file
# after every fifth epoch. If the file exists when the script starts, the script resumes; otherwise it starts from the
# beginning. So the same command can be run again after a crash.
#
# The class ``Kill`` stands for the crash: it ends the process by signal 9 in epoch 33, which no program can catch.

import subprocess
import sys
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
script = folder / "train.py"
script.write_text("""\
import os
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, resume
from multilayer.callbacks import Callback, Checkpoint


class Kill(Callback):
    def on_epoch_end(self, event):
        if event.epoch == 33:
            os.kill(os.getpid(), 9)


path, crashes = Path(sys.argv[1]), "crash" in sys.argv
X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
callbacks = [Checkpoint(path, every=5)] + ([Kill()] if crashes else [])
if path.exists():
    model = resume(path, X, y, callbacks=callbacks)
else:
    model = MLPClassifier(
        (32, 16), max_iter=60, n_iter_no_change=None, dropout=0.1, random_state=0, callbacks=callbacks
    ).fit(X, y)
print("trained to epoch", model.n_iter_)
""")


def train(path, *words):
    """Run the script in a process of its own."""
    return subprocess.run([sys.executable, script, path, *words], capture_output=True, text=True, check=False)


# %%
# The crash
# ---------
# The process ends by the signal. The checkpoint of epoch 30 is complete, because each checkpoint is written to a
# temporary file first, which then replaces the one before. It loads as a model that predicts.

from multilayer import load_model

crashed = train(folder / "run.safetensors", "crash")
print("exit status of the process:", crashed.returncode)
print("its output:", repr(crashed.stdout))
at_the_crash = load_model(folder / "run.safetensors")
print("epoch of the checkpoint:", at_the_crash.n_iter_)
print("files in the folder:", sorted(path.name for path in folder.iterdir()))

# %%
# The second start
# ----------------
# The same command, now without the crash, trains the epochs that are missing. Epochs 31 to 33 are trained for the
# second time. One more start would find a complete training, and train nothing.

print("second start:", train(folder / "run.safetensors").stdout.strip())
resumed = load_model(folder / "run.safetensors")

# %%
# Compared with an undisturbed training
# -------------------------------------
# Another run of the script, with another file, is not interrupted. Dropout draws random units in each update, batches
# are shuffled in each epoch, and Adam remembers past gradients: the checkpoint holds all of this, so that the weights
# and the cost of each epoch agree in every bit.

import numpy as np

train(folder / "undisturbed.safetensors")
undisturbed = load_model(folder / "undisturbed.safetensors")
differences = int(np.sum(resumed.parameters_ != undisturbed.parameters_))
print(f"weights that differ: {differences} of {resumed.parameters_.size:,}")
print("equal cost in each epoch:", resumed.loss_curve_ == undisturbed.loss_curve_)

# %%
# The resumed curve continues that of the checkpoint without a step.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
epochs = np.arange(1, 61)
last = at_the_crash.n_iter_
ax.plot(epochs, undisturbed.loss_curve_, color="#BDBDBD", linewidth=6, label="undisturbed")
ax.plot(epochs[:last], at_the_crash.loss_curve_, color="#0072B2", label="before the crash")
ax.plot(epochs[last:], resumed.loss_curve_[last:], "--", color="#D55E00", label="resumed")
ax.axvline(33, color="#222222", linestyle=":", label="the process is killed")
ax.set(xlabel="epoch", ylabel="cost J", yscale="log", title="A resumed training equals an undisturbed one")
_ = ax.legend(frameon=False)

# %%
# What to take away
# -----------------
# The process was killed in epoch 33, resumed from the checkpoint of epoch 30, and ended with the weights of an
# undisturbed training: none of the 1,537 weights differs. For networks with short epochs, ``Checkpoint(path,
# seconds=60)`` writes at most one file a minute. What a checkpoint does with early stopping, L-BFGS and ensembles is
# in :doc:`/how-to/files`.
