"""No text of a specification is ever run as Python, whatever RecBole does with strings."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from srgnn_bench.data.sessions import Sessions, Stage, stage_of
from srgnn_bench.errors import ModelError, SpecError
from srgnn_bench.recbole_bridge.config import LOSS_TYPES, recbole_config, recbole_parameters
from srgnn_bench.recbole_bridge.recbole_models import PACKAGE
from srgnn_bench.specs import registry
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.specs.suite import ModelEntry, SuiteSpec
from srgnn_bench.training.build import build
from srgnn_bench.training.configuration import Candidate, candidates

FLAG = "SRGNN_BENCH_TEXT_WAS_RUN"
CALL = f"__import__('os').environ.__setitem__('{FLAG}', 'yes')"
EVIL = st.builds(
    str.format,
    st.sampled_from(
        ["{}", "{} or 'CE'", " {}", "[{}]", "{{'a': {}}}", "'BPR' if {} else 'CE'", "({}, 'CE')[1]"]
    ),
    st.just(CALL),
)

UNTIMED = settings(max_examples=5, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def nothing_was_run() -> Iterator[None]:
    os.environ.pop(FLAG, None)
    yield
    assert os.environ.pop(FLAG, None) is None, "the text was run as Python"


@pytest.fixture(scope="module")
def stage() -> Stage:
    sessions = [[(3 * s + i) % 20 + 1 for i in range(2 + s % 7)] for s in range(40)]
    return stage_of("test", Sessions.from_lists(sessions), Sessions.from_lists(sessions[:9]))


def recboles() -> list[type[Any]]:
    """Every sequential class of RecBole, those that cannot run on sessions too."""
    found = []
    for module in pkgutil.iter_modules(importlib.import_module(PACKAGE[:-1]).__path__):
        classes = vars(importlib.import_module(PACKAGE + module.name)).values()
        found += [c for c in classes if inspect.isclass(c) and c.__name__.lower() == module.name]
    return found


def resolved(name: str) -> Candidate:
    [found] = candidates(resolve("quick", models=[name]))
    return found


def test_the_call_would_be_seen() -> None:
    eval(CALL)
    assert os.environ.pop(FLAG) == "yes"


@pytest.mark.parametrize("kind", recboles(), ids=lambda kind: kind.__name__)
@UNTIMED
@given(text=EVIL)
def test_recbole_keeps_text_as_it_is(kind: type[Any], text: str) -> None:
    names = {"a_name_of_ours", *(recbole_parameters(kind) or ()), *TrainingSpec.model_fields}
    given_values = dict.fromkeys(names - {"loss_type", "MAX_ITEM_LIST_LENGTH"}, text)
    config = recbole_config(kind, given_values, longest_prefix=5)
    assert {name: config[name] for name in given_values} == given_values
    with pytest.raises(ModelError, match="loss_type is"):
        recbole_config(kind, {"loss_type": text}, longest_prefix=5)


@pytest.mark.parametrize("name", registry.names("model"))
@UNTIMED
@given(data=st.data(), text=EVIL)
def test_no_parameter_of_a_model_runs_its_text(
    name: str, data: st.DataObject, text: str, stage: Stage
) -> None:
    """Neither where it is checked, nor where the model is built from it all the same."""
    found = resolved(name)
    parameter = data.draw(st.sampled_from(sorted({"loss_type", *found.defaults})))
    entry = ModelEntry(model=name, name=name, parameters={parameter: text})
    with contextlib.suppress(SpecError):
        candidates(resolve("quick", models=[entry]))
    # RecBole's own code may fail over such a value in any way of its own.
    with contextlib.suppress(Exception):
        build(found.model_class, {**found.defaults, parameter: text}, stage, seed=1)


MODEL = "title: T\ncitation: c\nclass: {}\n"
ROUTES = ("parameters", "space", "training", "entry", "--set")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", ["STAMP", "NARM", "SRGNN", "GRU4Rec", "LightSANs"])
def test_the_loss_is_one_of_a_closed_set(route: str, kind: str, tmp_path: Path) -> None:
    text = f"{CALL} or 'CE'"
    content = MODEL.format(f"{PACKAGE}{kind.lower()}:{kind}")
    if route == "parameters":
        content += f'parameters: {{loss_type: "{text}"}}\n'
    if route == "space":
        content += f'space: {{loss_type: {{type: choice, values: [CE, "{text}"]}}}}\n'
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    values = {"loss_type": text}
    suite = SuiteSpec(
        name="s",
        title="S",
        datasets=("ml-100k",),
        models=(
            ModelEntry(model=str(path), name="mine", parameters=values if route == "entry" else {}),
        ),
        training=values if route == "training" else {},
    )
    settings = [f'models.mine.loss_type="{text}"'] if route == "--set" else []
    with pytest.raises(SpecError, match="loss_type is") as caught:
        candidates(resolve(suite, settings=settings))
    assert " or ".join(LOSS_TYPES) in caught.value.remedy
