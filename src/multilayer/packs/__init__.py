"""Many members trained at once: the pack, on threads or by joblib."""
