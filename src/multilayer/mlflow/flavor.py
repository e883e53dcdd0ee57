"""save_model, log_model and load_model: fitted models as models of MLflow."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from multilayer import files
from multilayer.exceptions import ModelFileError
from multilayer.mlflow.imported import imported
from multilayer.mlflow.signature import signature_of

FLAVOR = "multilayer"  # the name of the flavor, and of the package that has its loader
FILE = "model.safetensors"
# On whose versions the last bits of predictions depend.
LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy")


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Sequence[str] | str | None = None,
    extra_pip_requirements: Sequence[str] | str | None = None,
    metadata: Mapping[str, Any] | None = None,
    card: str | None = None,
    mlflow_model: Any = None,
) -> None:
    """Write a fitted model to a folder, as a model of MLflow.

    The folder holds the file of :func:`multilayer.save_model`, without pickle, and MLflow's descriptions of it.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`multilayer.save_model`.
    path : str or path
        The folder, which is empty or does not exist.
    signature : ModelSignature or False, default=None
        The types of inputs, outputs and parameters.  By default they are those of the model: the columns that it
        needs, of any type, because it converts and checks them itself; the type of its predictions; and the parameters
        of ``predict``.  A signature by ``mlflow.models.infer_signature`` makes MLflow refuse other types, such as
        integers in a column of floats.  False writes no signature.
    input_example : frame, array or another form that MLflow takes, default=None
        A few rows, which are stored in plain text.
    pip_requirements, extra_pip_requirements : list of str or str, default=None
        The packages that predictions need, or further ones, as in ``mlflow.pyfunc.save_model``.  By default they are
        this library, and the versions of NumPy, SciPy, scikit-learn, pandas and pyarrow that are installed.
    metadata : mapping, default=None
        Further values, stored with the model.
    card : str, default=None
        Text about the model, for :func:`multilayer.files.model_info`.
    mlflow_model : mlflow.models.Model, default=None
        The description to which the flavor is added.  MLflow passes it.

    Raises
    ------
    MissingExtraError
        If mlflow or pandas is not installed.
    NotFittedError, ParameterError, InputTypeError, ModelFileError
        As :func:`multilayer.save_model`, before anything is written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPRegressor
    >>> model = MLPRegressor((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], [1.0, 2.0])
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "model"
    >>> save_model(model, folder)
    >>> bool(load_model(folder).predict([[1.0]]) == model.predict([[1.0]]))
    True
    """
    models, pyfunc = (imported("multilayer.mlflow", f"mlflow.{name}") for name in ("models", "pyfunc"))
    folder = Path(path)
    is_new = not folder.exists()
    is_empty = not is_new and folder.is_dir() and not any(folder.iterdir())
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / FILE
        files.save_model(model, file, card=card)
        described = models.Model() if mlflow_model is None else mlflow_model
        described.add_flavor(FLAVOR, data=f"data/{FILE}", **_about(file))
        if pip_requirements is None:
            pip_requirements = _requirements()
            more = [extra_pip_requirements] if isinstance(extra_pip_requirements, str) else extra_pip_requirements
            pip_requirements, extra_pip_requirements = [*pip_requirements, *(more or ())], None
        try:
            with warnings.catch_warnings():
                # The signature is that of the model, and needs no example.
                warnings.filterwarnings("ignore", message=".*input example was not provided", category=UserWarning)
                pyfunc.save_model(
                    path=str(folder),
                    loader_module=__package__,
                    data_path=str(file),
                    mlflow_model=described,
                    signature=signature_of(model) if signature is None else signature,
                    input_example=input_example,
                    pip_requirements=pip_requirements,
                    extra_pip_requirements=extra_pip_requirements,
                    metadata=None if metadata is None else dict(metadata),
                )
        except BaseException:
            if is_new or is_empty:
                shutil.rmtree(folder, ignore_errors=True)
            if is_empty:
                folder.mkdir(exist_ok=True)
            raise


def log_model(
    model: Any,
    name: str = "model",
    *,
    registered_model_name: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Sequence[str] | str | None = None,
    extra_pip_requirements: Sequence[str] | str | None = None,
    metadata: Mapping[str, Any] | None = None,
    card: str | None = None,
    **options: Any,
) -> Any:
    """Log a fitted model to the active run of MLflow, or to a new one.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`multilayer.save_model`.
    name : str, default="model"
        The name of the model.
    registered_model_name : str, default=None
        The name in the registry under which it becomes a new version.
    signature, input_example, pip_requirements, extra_pip_requirements, metadata, card : optional
        As in :func:`save_model`.
    **options
        Further options of ``mlflow.models.Model.log``, such as ``params``, ``tags``, ``step`` and ``run_id``.

    Returns
    -------
    mlflow.models.model.ModelInfo
        What MLflow knows of the model; ``model_uri`` is its address for :func:`load_model`.

    Raises
    ------
    MissingExtraError
        If mlflow or pandas is not installed.
    NotFittedError, ParameterError, InputTypeError, ModelFileError
        As :func:`multilayer.save_model`.

    Examples
    --------
    >>> import mlflow  # doctest: +SKIP
    >>> with mlflow.start_run():  # doctest: +SKIP
    ...     address = log_model(model, input_example=frame[:3]).model_uri
    >>> mlflow.pyfunc.load_model(address).predict(frame)  # doctest: +SKIP
    """
    models = imported("multilayer.mlflow", "mlflow.models")
    return models.Model.log(
        artifact_path=None,
        name=name,
        flavor=sys.modules[__package__],
        registered_model_name=registered_model_name,
        model=model,
        signature=signature,
        input_example=input_example,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        metadata=metadata,
        card=card,
        **options,
    )


def load_model(model_uri: str | os.PathLike[str], dst_path: str | os.PathLike[str] | None = None) -> Any:
    """Load a model of MLflow as the estimator that was saved.

    Parameters
    ----------
    model_uri : str or path
        Its address: a folder, "models:/name/version", "runs:/run/name", or another one that MLflow takes.
    dst_path : str or path, default=None
        The folder to which a remote model is copied.

    Returns
    -------
    estimator or Pipeline
        The model, as of :func:`multilayer.load_model`.

    Raises
    ------
    MissingExtraError
        If mlflow or pandas is not installed.
    ModelFileError
        If it is not a model of this flavor, or its file is damaged.

    Examples
    --------
    >>> model = load_model("models:/churn/1")  # doctest: +SKIP
    """
    artifacts, models = (imported("multilayer.mlflow", f"mlflow.{name}") for name in ("artifacts", "models"))
    target = None if dst_path is None else str(dst_path)
    folder = artifacts.download_artifacts(artifact_uri=str(model_uri), dst_path=target)
    flavors = models.Model.load(folder).flavors
    if FLAVOR not in flavors:
        raise ModelFileError(
            f"{model_uri}: is not a model of multilayer; its flavors are {', '.join(sorted(flavors))}. Load it by the "
            "functions of one of them, such as mlflow.pyfunc.load_model."
        )
    return files.load_model(Path(folder) / flavors[FLAVOR]["data"])


def _about(file: Path) -> dict[str, Any]:
    """Return what the flavor says of a file."""
    info = files.model_info(file)
    found = {"model_class": info.kind, "format_version": info.format_version, "multilayer_version": version(FLAVOR)}
    return found if info.description is None else found | {"description": info.description}


def _requirements() -> list[str]:
    installed = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            installed[name] = version(name)
    extras = "frames,tables" if "pyarrow" in installed else "frames"
    return [f"{FLAVOR}[{extras}]=={version(FLAVOR)}", *(f"{name}=={found}" for name, found in installed.items())]
