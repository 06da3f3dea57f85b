"""Names, files and classes: what is found, and what is said where it is not."""

from __future__ import annotations

import importlib
import linecache
import sys
import types
from pathlib import Path

import pytest
import yaml
from recbole.model.abstract_recommender import SequentialRecommender

from srgnn_bench.errors import BenchError, ModelError, SpecError
from srgnn_bench.recbole_bridge.classes import foreign_code
from srgnn_bench.specs import registry
from srgnn_bench.specs.resolving import resolve
from srgnn_bench.training.configuration import candidates


@pytest.mark.parametrize("kind", ["suite", "dataset", "model"])
def test_every_shipped_specification_is_valid(kind: registry.Kind) -> None:
    assert registry.names(kind)
    for name in registry.names(kind):
        assert getattr(registry, kind)(name).name == name


@pytest.mark.parametrize("name", registry.names("suite"))
def test_every_shipped_suite_resolves(name: str) -> None:
    suite = resolve(name)
    assert len(candidates(suite)) == len(suite.models) == len(suite.spec.models)
    assert len(suite.datasets) == len(suite.spec.datasets)


def test_the_suite_of_all_models_names_every_one() -> None:
    named = [entry.model for entry in registry.suite("everything").models]
    shipped = {path.stem for path in (registry.properties_folder() / "model").glob("*.yaml")}
    assert len(named) == len(set(named))
    assert set(named) == shipped


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(SpecError, match="Did you mean 'srgnn'"):
        registry.model("sr-gnn")


def test_a_name_that_is_near_to_none_is_not_answered_with_another() -> None:
    with pytest.raises(SpecError, match="no model named 'nope'") as caught:
        registry.model("nope")
    assert "Did you mean" not in str(caught.value)


MODEL = "title: T\nclass: {}\ncitation: c\n"
SASREC = "recbole.model.sequential_recommender.sasrec:SASRec"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MODEL.format("no.such.module:Class"), "cannot be imported"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGN"), "Did you mean 'FastSRGNN'"),
        (MODEL.format("collections:OrderedDict"), "not a RecBole SequentialRecommender"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGNN") + "parameters: {stepp: 2}",
         "Did you mean 'step'"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGNN") + "parameters: {step: -1}", "step"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGNN") + "parameters: {stopping_step: many}",
         "stopping_step"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGNN")
         + "space: {step: {type: int, low: 2, high: 3}}", "outside its search space"),
        (MODEL.format(SASREC) + "space: {layer_norm_eps: {type: int, low: 0, high: 1}}",
         "outside its search space"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGNN")
         + "space: {step: {type: int, low: 3, high: 2}}", "low must not exceed high"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGNN")
         + "parameters: {step: 4}\nspace: {step: {type: int, low: 1, high: 5, step: 2}}",
         "outside its search space"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGNN") + "parameters: {embedding_size: true}",
         "embedding_size is True. Give it a number"),
        (MODEL.format("srgnn_bench.models.srgnn:FastSRGNN")
         + "space: {stepp: {type: int, low: 1, high: 2}}", "Did you mean 'step'"),
        (MODEL.format(SASREC) + "parameters: {n_layer: 2}", "Did you mean 'n_layers'"),
        (MODEL.format(SASREC) + "parameters: {n_layers: 1, n_layers: 2}",
         "the key 'n_layers' stands twice"),
        (MODEL.format(SASREC) + "title: U\n", "the key 'title' stands twice"),
        (MODEL.format(SASREC) + "parameters: {layer_norm_eps: .inf}", "no finite number"),
        (MODEL.format(SASREC) + "parameters: {n_layers: 2014-02-30}", "n_layers is '2014-02-30'"),
        (MODEL.format(SASREC) + "parameters: {n_layers: two}", "RecBole's default is 2"),
        (MODEL.format(SASREC) + "space: {heads: {type: int, low: 1, high: 2}}", "'n_heads'"),
        (MODEL.format("recbole.model.sequential_recommender.sasrec:SASRek"),
         "Did you mean 'SASRec'"),
        (MODEL.format("recbole.model.sequential_recommender.din:DIN"), "cannot run on sessions"),
        (MODEL.format("recbole.model.general_recommender.bpr:BPR"),
         "not a RecBole SequentialRecommender"),
        (MODEL.format("recbole.model.abstract_recommender:SequentialRecommender"),
         "has no full_sort_predict"),
        (MODEL.format("not a class path"), "class"),
        ("title: T\nclas: a:B\ncitation: c\n", "unknown key 'clas'. Did you mean 'class'"),
        ("title: [", "cannot be read"),
        ("? [a, b]\n: c\n", "cannot be read"),
        ("- a\n- b\n", "holds no keys"),
        ("", "holds no keys"),
    ],
)  # fmt: skip
def test_a_wrong_model_file_gets_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises((SpecError, ModelError)) as caught:
        candidates(resolve("quick", models=[str(path)]), trust=True)
    assert message in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "message"),
    [("def f(:\n", "broken_module.py, line 1"), ("x = 1\ny = no\n", "broken_module.py, line 2")],
)
def test_a_module_that_fails_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_module.py").write_text(text)
    path = tmp_path / "mine.yaml"
    path.write_text(MODEL.format("broken_module:Any"))
    with pytest.raises(ModelError, match=message):
        candidates(resolve("quick", models=[str(path)]), trust=True)


CODE = """
from base_module import Base
class SASRec(Base):
    def full_sort_predict(self, interaction):
        return {}
"""
DERIVED = """
from recbole.model.abstract_recommender import SequentialRecommender
class Base(SequentialRecommender): {}
"""


def test_another_text_of_the_users_own_class_is_another_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(MODEL.format("own_module:SASRec"))

    def identity(code: str, base: str) -> str:
        for name, text in (("own_module", code), ("base_module", base)):
            (tmp_path / f"{name}.py").write_text(text)
            sys.modules.pop(name, None)
            importlib.invalidate_caches()
        [found] = candidates(resolve("quick", models=[str(path)]), trust=True)
        assert "n_heads" not in found.defaults  # RecBole's class of that name is another
        return found.implementation

    one = identity(CODE.format(1), DERIVED.format("a = 1"))
    assert one.startswith("SASRec@")
    assert identity(CODE.format(1), DERIVED.format("a = 1")) == one
    assert identity(CODE.format(2222), DERIVED.format("a = 1")) != one
    assert identity(CODE.format(1), DERIVED.format("a = 2222")) != one


def test_a_class_without_a_module_of_its_own_counts_by_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = "class Own(SequentialRecommender):\n    def answer(self):\n        return {}\n"

    def code(number: int, *, kept: bool = True) -> str | None:
        """As a notebook does: the text of a cell is kept, and its module has no file."""
        name, text = f"<cell {number} {kept}>", cell.format(number)
        module = types.ModuleType("notebook")
        monkeypatch.setitem(sys.modules, "notebook", module)
        vars(module)["SequentialRecommender"] = SequentialRecommender
        if kept:
            monkeypatch.setitem(
                linecache.cache, name, (len(text), None, text.splitlines(keepends=True), name)
            )
        exec(compile(text, name, "exec"), vars(module))
        return foreign_code(vars(module)["Own"])

    assert code(1) == code(1) != code(2)
    with pytest.raises(ModelError, match="The code of Own cannot be read") as caught:
        code(3, kept=False)
    assert "a file of its own" in caught.value.remedy


def implementation(model: str) -> str:
    [found] = candidates(resolve("quick", models=[model]))
    return found.implementation


def test_every_shipped_model_names_its_implementation_and_none_names_anothers() -> None:
    specs = [registry.model(name) for name in registry.names("model")]
    words = [spec.implementation for spec in specs]
    assert None not in words
    assert len(set(words)) == len({spec.class_path for spec in specs}) == len(specs)
    for name in ("srgnn", "bert4rec", "popularity"):
        assert implementation(name) == registry.model(name).implementation


def test_every_shipped_model_says_its_family_and_what_it_is_known_for() -> None:
    specs = [registry.model(name) for name in registry.names("model")]
    assert [spec.name for spec in specs if spec.family is None or spec.known_for is None] == []


def test_a_file_of_ones_own_cannot_call_a_shipped_class_by_another_word(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MODEL.format(SASREC))
    assert implementation(str(path)) == "recbole-sasrec/1"  # RecBole's own, which no file names
    text = MODEL.format("srgnn_bench.models.srgnn:FastSRGNN")
    path.write_text(text)
    assert implementation(str(path)) == "srgnn/1"
    path.write_text(f"{text}implementation: mine/1")
    with pytest.raises(SpecError, match="is srgnn/1, not mine/1"):
        implementation(str(path))
    path.write_text(f"{text}implementation: ../1")
    with pytest.raises(SpecError, match="implementation: String should match pattern"):
        implementation(str(path))


def test_a_number_may_be_written_in_any_way(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MODEL.format(SASREC) + "parameters: {layer_norm_eps: 1e-5}")
    [found] = candidates(resolve("quick", models=[str(path)]))
    assert found.defaults["layer_norm_eps"] == 0.00001


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["training.epochs"], "KEY=VALUE"),
        (["trainin.epochs=3"], "Did you mean 'training'"),
        (["protocol.validation_fractoin=0.2"], "Did you mean 'validation_fraction'"),
        (["protocol.validation_fraction=2"], "less than 1"),
        (["models.nobody.step=2"], "no such model"),
        (["tuning.trails=5"], "Did you mean 'trials'"),
        (["seeds.x=1"], "Write seeds=VALUE"),
        (["training.learning_rate=.inf"], "finite"),
        (["training.epochs=2020-13-45"], "valid integer"),
        (["seeds=0"], "seeds"),
        (["seeds=: :"], "Write a YAML value"),
        (["training={epochs: 1, epochs: 2}"], "stands twice"),
    ],
)
def test_a_wrong_setting_gets_one_clear_error(settings: list[str], message: str) -> None:
    def first_model() -> None:
        suite = resolve("quick", settings=settings)
        candidates(suite)

    with pytest.raises(BenchError) as caught:
        first_model()
    assert message in str(caught.value)


def test_a_setting_within_what_is_null_makes_it() -> None:
    suite = resolve("published", settings=["tuning.trials=5"])
    assert suite.spec.tuning is not None
    assert suite.spec.tuning.trials == 5


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("suite", "models: [{model: srgnn, name: s, titel: big}]", "Did you mean 'title'"),
        ("suite", "models: [srgnn]\nprotocol: {kynd: published}", "Did you mean 'kind'"),
        ("model", "space: {step: {type: int, low: 1, high: 3, logg: true}}", "Did you mean 'log'"),
        ("model", "space: {step: {type: float, low: 1, high: 3, stepp: 1}}", "Known keys: when"),
        ("dataset", "sources: [{name: s, kind: table, file: x.csv}]", "Did you mean 'files'"),
    ],
)
def test_a_misspelt_key_is_answered_with_the_keys_of_its_place(
    tmp_path: Path, kind: registry.Kind, text: str, message: str
) -> None:
    heads = {
        "suite": "title: T\ndatasets: [ml-100k]\n",
        "model": MODEL.format("srgnn_bench.models.srgnn:FastSRGNN"),
        "dataset": "title: T\ncitation: c\nlicence: l\nobtain: o\n",
    }
    path = tmp_path / "mine.yaml"
    path.write_text(heads[kind] + text)
    with pytest.raises(SpecError, match="unknown key") as caught:
        getattr(registry, kind)(str(path))
    assert message in caught.value.remedy


def test_an_entry_that_is_a_file_has_the_name_of_its_model(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MODEL.format("srgnn_bench.models.srgnn:FastSRGNN"))
    path = tmp_path / "suite.yaml"
    path.write_text(f"title: T\ndatasets: [ml-100k]\nmodels: [{tmp_path / 'mine.yaml'}]\n")
    [entry] = registry.suite(str(path)).models
    assert entry.name == "mine"


def test_a_strangers_module_is_not_imported_unless_trusted(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MODEL.format("antigravity:Class"))
    with pytest.raises(ModelError, match="--trust"):
        candidates(resolve("quick", models=[str(path)]))
    assert "antigravity" not in sys.modules


SRGNN = MODEL.format("srgnn_bench.models.srgnn:FastSRGNN")


@pytest.mark.parametrize(
    ("when", "message"),
    [("{readuot: hybrid}", "Did you mean 'readout'"), ("{step: 1}", "Put 'step' before")],
)
def test_a_condition_must_name_what_is_decided_before(
    tmp_path: Path, when: str, message: str
) -> None:
    path = tmp_path / "mine.yaml"
    space = (
        f"space:\n  weight_decay: {{type: float, low: 0, high: 1, when: {when}}}\n"
        "  step: {type: int, low: 1, high: 3}\n"
    )
    path.write_text(SRGNN + space)
    with pytest.raises(SpecError) as caught:
        candidates(resolve("quick", models=[str(path)]))
    assert message in str(caught.value)


def test_settings_reach_their_place() -> None:
    suite = resolve(
        "quick",
        datasets=["tmall"],
        models=["srgnn"],
        trials=3,
        seeds=4,
        settings=["training.epochs=7", "models.srgnn.step=2"],
    )
    assert (suite.spec.datasets, suite.spec.seeds) == (("tmall",), 4)
    [chosen] = candidates(suite)
    assert chosen.defaults["epochs"] == 7
    assert chosen.defaults["step"] == 2
    assert "step" not in chosen.space


def test_the_temporal_protocol_needs_tuning() -> None:
    with pytest.raises(SpecError, match="at least one tuning trial"):
        resolve("quick", trials=0)


def test_files_that_a_suite_names_are_looked_for_beside_it_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, here = tmp_path / "far", tmp_path / "here"
    for folder in (far, here):
        (folder / "own").mkdir(parents=True)
    monkeypatch.chdir(here)
    source = {"name": "p", "kind": "srgnn_pickles"}
    content = {"title": "x", "citation": "x", "licence": "x", "obtain": "x", "sources": [source]}
    (far / "own" / "shop.yaml").write_text(yaml.safe_dump(content))
    shipped = (registry.properties_folder() / "model" / "srgnn.yaml").read_text(encoding="utf-8")
    (far / "mine.yaml").write_text(shipped, encoding="utf-8")
    suite = {"title": "S", "datasets": ["own/shop.yaml", "diginetica"], "models": ["mine.yaml"]}
    (far / "suite.yaml").write_text(yaml.safe_dump(suite))
    read = registry.suite("../far/suite.yaml")
    assert read.datasets == ("../far/own/shop.yaml", "diginetica")
    assert [(e.model, e.name) for e in read.models] == [("../far/mine.yaml", "mine")]
    assert registry.dataset(read.datasets[0]).name == "shop"
    (here / "own" / "shop.yaml").write_text(yaml.safe_dump(content))
    assert registry.suite("../far/suite.yaml").datasets[0] == "own/shop.yaml"
