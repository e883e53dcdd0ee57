"""Model files: a trained estimator in one file of numbers and plain JSON, without code.

FORMAT.md describes the format for other programs.
"""

from multilayer.files.about import ModelInfo, model_info
from multilayer.files.models import load_model, save_model
from multilayer.files.resuming import resume

__all__ = ["ModelInfo", "load_model", "model_info", "resume", "save_model"]
