"""The ten exercises, one module for each topic."""
