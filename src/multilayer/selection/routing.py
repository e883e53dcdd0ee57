"""The requests for ``sample_weight`` in scikit-learn's metadata routing."""

from __future__ import annotations

from typing import Any

from sklearn import get_config
from sklearn.utils.metadata_routing import MetadataRouter, get_routing_for_object

SAMPLE_WEIGHT = "sample_weight"


def requested(subject: Any, method: str) -> bool | None:
    """Whether an estimator or a scorer has requested ``sample_weight`` for a method.

    True or False as set by ``set_fit_request`` or ``set_score_request``, for a pipeline by its last step.  None without
    a request, if routing is not enabled, and for objects without requests.
    """
    if not get_config()["enable_metadata_routing"]:
        return None
    while hasattr(subject, "steps"):
        subject = subject[-1]
    if not hasattr(subject, "get_metadata_routing"):
        return None
    requests = get_routing_for_object(subject)
    if isinstance(requests, MetadataRouter):
        return True if consumes(subject, method) else None
    wanted = getattr(requests, method).requests.get(SAMPLE_WEIGHT)
    return wanted if isinstance(wanted, bool) else None


def consumes(subject: Any, method: str) -> bool:
    """Whether an estimator, or anything that it holds, has requested ``sample_weight`` for a method."""
    if not get_config()["enable_metadata_routing"]:
        return False
    return bool(get_routing_for_object(subject).consumes(method, [SAMPLE_WEIGHT]))
