"""Search spaces: every suggestion lies inside, and conditions are kept."""

from __future__ import annotations

import optuna

from srgnn_bench.specs.model import ChoiceDimension, FloatDimension, IntDimension
from srgnn_bench.tuning.space import suggest

SPACE = {
    "readout": ChoiceDimension(type="choice", values=("hybrid", "local", "average")),
    "rate": FloatDimension(type="float", low=1e-4, high=1e-2, log=True),
    "step": IntDimension(type="int", low=1, high=5, step=2, when={"readout": ("hybrid", "local")}),
}
DEFAULTS = {"readout": "hybrid", "rate": 1e-3, "step": 1, "fixed": 7}


def test_suggestions_lie_in_the_space_and_leave_the_rest_alone() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    seen = [suggest(study.ask(), SPACE, defaults=DEFAULTS) for _ in range(60)]
    assert {values["readout"] for values in seen} == {"hybrid", "local", "average"}
    assert all(1e-4 <= values["rate"] <= 1e-2 for values in seen)
    assert {values["step"] for values in seen} == {1, 3, 5}
    assert all(values["step"] == 1 for values in seen if values["readout"] == "average")
    assert all(values["fixed"] == 7 for values in seen)
