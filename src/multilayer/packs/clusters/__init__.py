"""Packs on other processes and machines, by executors that joblib's ``parallel_config`` names."""

from multilayer.packs.clusters.choice import executor_of
from multilayer.packs.clusters.pack import ClusterPack

__all__ = ["ClusterPack", "executor_of"]
