"""Model files: a trained estimator in one file of numbers and plain JSON, from which no code is ever run.

FORMAT.md describes the format, for those who read it without this library.
"""

from multilayer.files.models import load_model, save_model
from multilayer.files.resuming import resume

__all__ = ["load_model", "resume", "save_model"]
