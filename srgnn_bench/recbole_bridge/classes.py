"""From a model's specification to its class, imported only when it is needed."""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import linecache
import sys
import traceback
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from recbole.model.abstract_recommender import AbstractRecommender, SequentialRecommender

from srgnn_bench.errors import ModelError
from srgnn_bench.models import FittedRecommender, FullSoftmax, ModelParameters
from srgnn_bench.recbole_bridge.compat import anomaly_detection_kept
from srgnn_bench.recbole_bridge.config import recbole_parameters
from srgnn_bench.recbole_bridge.recbole_models import UNFIT, has_own_loss, is_recboles
from srgnn_bench.specs.model import ModelSpec
from srgnn_bench.specs.reading import did_you_mean
from srgnn_bench.specs.registry import providers

_VERSIONED = {"srgnn_bench", "recbole", "torch", "abc", "builtins", "typing"}
"""Where classes come from whose code has a version that stands in every record."""

TRUSTED = ("srgnn_bench.models", "srgnn_bench.baselines", "recbole.model")
"""Packages that models may come from unless the user trusts others. Installed packages that declare
models are added by the name that they declare."""


def model_class(spec: ModelSpec, *, trust: bool = False) -> type[Any]:
    """Import a model's class.

    A specification names the code that is run, and may come from a stranger. So modules are refused
    that are not in ``TRUSTED`` or in an installed package that declares models.

    A module that is trusted by the user may also lie beside the model's file. That folder then
    stands at the end of ``sys.path``, for what the module imports later and for worker processes.

    Args:
        spec: the model.
        trust: whether to import any module that the specification names.

    Raises:
        ModelError: the module is not trusted, the module or the class does not exist, another
            module of that name hides the one beside the file, or the class is no RecBole
            sequential model, cannot rank, or is known not to run on sessions.
    """
    module_name, class_name = spec.class_path.split(":")
    is_known = any(
        f"{module_name}.".startswith(f"{package}.") for package in (*TRUSTED, *providers())
    )
    beside = None if is_known else spec.folder
    if not is_known and not trust:
        raise ModelError(
            f"Model '{spec.name}' would import {module_name}, which is in none of the packages of "
            f"models that come with srgnn_bench, RecBole or an installed package that declares "
            "them.",
            remedy="If you trust that code, allow it with --trust (in Python: trust=True).",
        )
    if beside is not None and str(beside) not in sys.path:
        sys.path.append(str(beside))
        importlib.invalidate_caches()  # the module may be a moment old
    try:
        with anomaly_detection_kept():
            module = importlib.import_module(module_name)
    except ImportError as error:
        places = "in PYTHONPATH and among the installed packages"
        if beside is not None:
            places = f"beside its YAML, in {beside}, {places}"
        raise ModelError(
            f"Model '{spec.name}': module {module_name} cannot be imported ({error}).",
            remedy=f"Python looked {places}. Correct `class`, or install what it needs.",
        ) from error
    except Exception as error:  # the module is the user's own, and may do anything
        raise ModelError(
            f"Model '{spec.name}': module {module_name} cannot be imported "
            f"({type(error).__name__}: {error}{_place(error)}).",
            remedy="Fix the module.",
        ) from error
    if beside is not None:
        _refuse_hidden(spec, module_name.split(".")[0], beside=beside)
    found = vars(module).get(class_name)
    if not isinstance(found, type):
        classes = [name for name, value in vars(module).items() if isinstance(value, type)]
        raise ModelError(
            f"Model '{spec.name}': {module_name} has no class {class_name}.",
            remedy=did_you_mean(class_name, classes) or "Correct `class` in its YAML.",
        )
    if not issubclass(found, SequentialRecommender):
        raise ModelError(
            f"Model '{spec.name}': {class_name} is not a RecBole SequentialRecommender.",
            remedy="Derive it from recbole.model.abstract_recommender.SequentialRecommender.",
        )
    if is_recboles(found) and class_name in UNFIT:
        raise ModelError(
            f"Model '{spec.name}': RecBole's {class_name} cannot run on sessions: "
            f"{UNFIT[class_name]}.",
            remedy="`srgnn-bench models` lists those that can.",
        )
    if vars(AbstractRecommender)["full_sort_predict"] is getattr(found, "full_sort_predict", None):
        raise ModelError(
            f"Model '{spec.name}': {class_name} has no full_sort_predict.",
            remedy="Give it one that returns a score per item, or derive it from FullSoftmax.",
        )
    return found


def _refuse_hidden(spec: ModelSpec, name: str, *, beside: Path) -> None:
    """Refuse a module of another place where one of that name lies beside the model's file."""
    meant = PathFinder.find_spec(name, [str(beside)])
    taken = getattr(sys.modules[name], "__file__", None)
    if meant is None or meant.origin is None or taken is None:
        return
    if Path(taken).resolve() != Path(meant.origin).resolve():
        raise ModelError(
            f"Model '{spec.name}': {meant.origin} lies beside its YAML, but module {name} is "
            f"{taken} here.",
            remedy="Rename one of them and correct `class`, or put the YAML into another folder.",
        )


def _place(error: Exception) -> str:
    """The file and line where an error arose, for a sentence; a syntax error says so itself."""
    if isinstance(error, SyntaxError):
        return ""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f" in {last.filename}, line {last.lineno}"


@functools.cache
def foreign_code(model_class: type[Any]) -> str | None:
    """What tells one version of a user's own class from another.

    What its modules import from elsewhere is not looked at. The text is read once, as the class
    is first met: an edit later in the same process does not change the class either. Where the
    module is a notebook, the cells count in which the methods of the class and its bases stand.

    Args:
        model_class: any model.

    Returns:
        The first 12 hex digits of a sha256 of the modules that the class and its bases come
        from; None where all of them are of this package, RecBole or torch.

    Raises:
        ModelError: the text of the class cannot be had.
    """
    foreign = [
        base for base in model_class.__mro__ if base.__module__.split(".")[0] not in _VERSIONED
    ]
    texts = dict.fromkeys(_text_of(base) for base in foreign)
    return hashlib.sha256(b"".join(texts)).hexdigest()[:12] if foreign else None


def _text_of(base: type[Any]) -> bytes:
    """The module that a class comes from; without such a file, the cells of its methods."""
    file = Path(getattr(sys.modules[base.__module__], "__file__", None) or "")
    if file.is_file():
        return file.read_bytes()
    parts = [getattr(part, "__func__", getattr(part, "fget", part)) for part in vars(base).values()]
    cells = dict.fromkeys(part.__code__.co_filename for part in parts if inspect.isfunction(part))
    texts = ["".join(linecache.getlines(cell)) for cell in cells]
    if not texts or not all(texts):
        raise ModelError(
            f"The code of {base.__qualname__} cannot be read, so no change of it would be seen.",
            remedy="Put the class into a module, a file of its own.",
        )
    return "".join(texts).encode()


def with_full_softmax(model_class: type[Any], *, loss: str) -> type[Any]:
    """The class with the shared exact full-softmax loss, where its own loss is the same.

    That is so for the classes of RecBole in ``PLAIN_SOFTMAX``. They differ in the padding item
    alone, which RecBole lets compete with the items.

    Args:
        model_class: any model.
        loss: its ``loss_type``.

    Returns:
        A class derived from it, or the class itself where its loss is another.
    """
    path = f"{model_class.__module__}:{model_class.__name__}"
    if not is_recboles(model_class) or has_own_loss(path, loss=loss):
        return model_class
    return type(model_class.__name__, (FullSoftmax, model_class), {"Parameters": ModelParameters})


def loss_of(model_class: type[Any], parameters: dict[str, Any]) -> str:
    """How a model learns, in a few words.

    Args:
        model_class: its class.
        parameters: the values that its file fixes.
    """
    if issubclass(model_class, FittedRecommender):
        return "none: fitted"
    defaults = recbole_parameters(model_class) or {}
    loss = {"loss_type": "CE", **defaults, **parameters}["loss_type"]
    if issubclass(with_full_softmax(model_class, loss=loss), FullSoftmax):
        return "full softmax"
    return "RecBole's own" if is_recboles(model_class) else "its own"
