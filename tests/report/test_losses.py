"""The report says which models did not share the full softmax."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from srgnn_bench.report.captions import describe_losses

RECBOLE = "recbole.model.sequential_recommender."


@pytest.mark.parametrize(
    ("class_path", "configuration", "named"),
    [
        (RECBOLE + "gcsan:GCSAN", {"loss_type": "CE"}, True),
        (RECBOLE + "sasrec:SASRec", {"loss_type": "CE"}, False),
        (RECBOLE + "sasrec:SASRec", {"loss_type": "BPR"}, True),
        ("srgnn_bench.models.srgnn:FastSRGNN", {}, False),
        ("srgnn_bench.baselines.gru4rec_original:OriginalGRU4Rec", {"n_sample": 0}, True),
    ],
)
def test_a_loss_of_its_own_is_named(
    class_path: str, configuration: dict[str, Any], named: bool
) -> None:
    identity = SimpleNamespace(configuration=configuration)
    record = SimpleNamespace(title="The model", class_path=class_path, identity=identity)
    sentence = describe_losses(SimpleNamespace(all_records=lambda: [record]))
    assert ("The model" in (sentence or "")) == named
