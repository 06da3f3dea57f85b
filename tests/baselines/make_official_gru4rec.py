"""Runs the authors' code of GRU4Rec and writes down what it gives: official_gru4rec.json.

    python tests/baselines/make_official_gru4rec.py GRU4Rec_PyTorch_Official

The folder is a checkout of github.com/hidasib/GRU4Rec_PyTorch_Official at ``COMMIT``. Its licence
allows research and no copies without its terms, so nothing of it is here: only numbers that it
computed for weights, sessions and gradients that this file makes up. Items are numbered from 0, as
there; what is an item's row here has the next number.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

COMMIT = "d1fc31105577665d2f105de1c8d9a38d223a9a22"
ITEMS, SIZE, ROWS, NEGATIVES = 9, 3, 4, 5

LOSSES: dict[str, dict[str, Any]] = {
    "cross-entropy": {"loss": "cross-entropy"},
    "cross-entropy with logQ": {"loss": "cross-entropy", "logq": 1.0, "sample_alpha": 0.4},
    "half of logQ": {"loss": "cross-entropy", "logq": 0.5, "sample_alpha": 1.0},
    "BPR-max": {"loss": "bpr-max", "elu_param": 0.5, "bpreg": 1.3},
    "BPR-max without ELU": {"loss": "bpr-max", "elu_param": 0.0, "bpreg": 0.7},
    "BPR-max without penalty": {"loss": "bpr-max", "elu_param": 1.0, "bpreg": 0.0},
}

EPOCHS: dict[str, dict[str, Any]] = {
    "cross-entropy": {
        "loss": "cross-entropy",
        "n_sample": NEGATIVES,
        "sample_alpha": 0.5,
        "logq": 1.0,
        "dropout_p_hidden": 0.4,
        "momentum": 0.2,
    },
    "BPR-max": {
        "loss": "bpr-max",
        "n_sample": NEGATIVES,
        "bpreg": 0.9,
        "elu_param": 1.0,
        "dropout_p_embed": 0.3,
        "dropout_p_hidden": 0.2,
        "momentum": 0.4,
    },
    "separate embedding, two layers": {
        "loss": "cross-entropy",
        "n_sample": NEGATIVES,
        "layers": [SIZE, SIZE],
        "constrained_embedding": False,
        "embedding": SIZE,
    },
    "no negatives but the batch's": {"loss": "cross-entropy", "n_sample": 0},
}


def toy_log() -> list[list[int]]:
    """Sessions whose items are new in the order of their numbers, as the authors number them."""
    generator = np.random.default_rng(3)
    drawn = [generator.integers(0, ITEMS, generator.integers(2, 7)).tolist() for _ in range(13)]
    order = list(dict.fromkeys(item for session in drawn for item in session))
    assert len(order) == ITEMS
    return [[order.index(item) for item in session] for session in drawn]


def as_frame(sessions: list[list[int]]) -> pd.DataFrame:
    rows = [
        (number, item, 100 * number + place)
        for number, session in enumerate(sessions)
        for place, item in enumerate(session)
    ]
    return pd.DataFrame(rows, columns=["SessionId", "ItemId", "Time"])


def state_of(model: torch.nn.Module) -> dict[str, Any]:
    return {name: numbers(weight) for name, weight in model.state_dict().items()}


def numbers(tensor: torch.Tensor) -> Any:
    return tensor.detach().tolist()


def made_up_weights(model: torch.nn.Module, *, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.7)


def scores(official: Any) -> dict[str, Any]:
    """Scores of all items after each click of a session."""
    model = official.GRU4RecModel(ITEMS, [SIZE], 0.3, 0.4, 0, True)
    made_up_weights(model, seed=1)
    clicks = [4, 0, 0, 8, 3, 4]
    hidden = [torch.zeros(1, SIZE)]
    with torch.no_grad():
        given = [
            numbers(model(torch.tensor([item]), hidden, None, training=False)[0]) for item in clicks
        ]
    return {"weights": state_of(model), "clicks": clicks, "scores": given}


def batches(official: Any) -> dict[str, Any]:
    """Mini-batches of the toy log, and which rows begin a session, for several sizes."""
    sessions = toy_log()
    given: dict[str, Any] = {}
    for rows in (2, ROWS, len(sessions)):
        begins = np.ones(rows, dtype=bool)
        steps = []

        def ended(valid: int, finished: np.ndarray, kept: np.ndarray) -> bool:
            nonlocal begins
            begins = finished[kept]
            return False

        iterator = official.SessionDataIterator(
            as_frame(sessions), rows, device=torch.device("cpu")
        )
        for items, targets in iterator(enable_neg_samples=False, reset_hook=ended):
            steps.append(
                {
                    "items": numbers(items),
                    "targets": numbers(targets),
                    "begins": begins.tolist(),
                }
            )
            begins = np.zeros(len(items), dtype=bool)
        given[str(rows)] = steps
    return {"sessions": sessions, "steps": given}


def losses(official: Any) -> dict[str, Any]:
    """Loss and gradients of one mini-batch in which items and negatives repeat."""
    items, targets = [3, 0, 0, 7], [1, 3, 1, 5]
    negatives = [2, 1, 2, 8, 0]
    clicks = [5, 9, 2, 7, 1, 3, 1, 4, 6]
    hidden = torch.randn(ROWS, SIZE, generator=torch.Generator().manual_seed(5))
    given = {}
    for name, parameters in LOSSES.items():
        gru = official.GRU4Rec(device=torch.device("cpu"), layers=[SIZE], **parameters)
        gru.P0 = torch.tensor(clicks, dtype=torch.float32)
        model = official.GRU4RecModel(ITEMS, [SIZE], 0.0, 0.0, 0, True)
        made_up_weights(model, seed=2)
        scored = torch.tensor(targets + negatives)
        logits = model(torch.tensor(items), [hidden.clone()], scored, training=True)
        loss = gru.loss_function(logits, scored, ROWS) / ROWS
        loss.backward()
        gradients = {
            key: numbers(weight.grad.to_dense()) for key, weight in model.named_parameters()
        }
        given[name] = {
            "parameters": parameters,
            "loss": loss.item(),
            "gradients": gradients,
        }
    return {
        "items": items,
        "targets": targets,
        "negatives": negatives,
        "clicks": clicks,
        "hidden": numbers(hidden),
        "weights": state_of(model),
        "losses": given,
    }


def optimizer(official: Any) -> dict[str, Any]:
    """Three steps of a matrix whose rows are named several times, and of a dense one."""
    rows = [[1, 1, 4, 0, 1], [4, 2, 2, 4, 1], [0, 1, 5, 5, 1]]
    generator = torch.Generator().manual_seed(8)
    of_rows = [torch.randn(len(named), 2, generator=generator) for named in rows]
    of_dense = [torch.randn(2, 2, generator=generator) for _ in rows]
    given = []
    for momentum in (0.0, 0.3):
        sparse = torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(6, 2))
        dense = torch.nn.Parameter(torch.tensor([[1.0, -2.0], [0.5, 3.0]]))
        steps = official.IndexedAdagradM([sparse, dense], lr=0.1, momentum=momentum)
        after = []
        for named, gradient, other in zip(rows, of_rows, of_dense, strict=True):
            sparse.grad = torch.sparse_coo_tensor(
                torch.tensor([named]), gradient, (6, 2), check_invariants=True
            )
            dense.grad = other.clone()
            steps.step()
            after.append({"sparse": numbers(sparse), "dense": numbers(dense)})
        given.append({"momentum": momentum, "after": after})
    return {
        "learning_rate": 0.1,
        "rows": rows,
        "of_rows": [numbers(gradient) for gradient in of_rows],
        "of_dense": [numbers(gradient) for gradient in of_dense],
        "runs": given,
    }


def epochs(official: Any) -> dict[str, Any]:
    """Loss of every step of one epoch over the toy log, with what it drew, and the weights.

    What dropout kept is written down, since other versions of torch draw it otherwise; the
    generator is seeded anew before each step. The number of rows is put right: when sessions run
    out, the authors' loop still names that of a full batch, and the first negatives get the logQ
    correction of targets.
    """
    dropout, kept = torch.nn.functional.dropout, list[Any]()

    def noted(values: torch.Tensor, p: float, training: bool, inplace: bool) -> torch.Tensor:
        mask = dropout(torch.ones_like(values), p, training, False)
        if p and training:
            kept.append(numbers((mask > 0).int()))
        return values * mask

    torch.nn.functional.dropout = noted

    def begin(model: Any) -> None:
        made_up_weights(model, seed=4)
        torch.manual_seed(0)

    official.GRU4RecModel.reset_parameters = begin
    sessions = toy_log()
    given = {}
    for name, parameters in EPOCHS.items():
        settings = {"layers": [SIZE], "batch_size": ROWS, "learning_rate": 0.15, **parameters}
        torch.manual_seed(0)
        gru = official.GRU4Rec(device=torch.device("cpu"), n_epochs=1, **settings)
        compute, steps, begun = gru.loss_function, [], {}

        def watched(
            logits: torch.Tensor,
            scored: torch.Tensor,
            _: int,
            *,
            gru: Any = gru,
            compute: Any = compute,
            steps: list[Any] = steps,
            begun: dict[str, Any] = begun,
        ) -> torch.Tensor:
            if not begun:
                begun.update(state_of(gru.model))
            rows = len(logits)
            loss: torch.Tensor = compute(logits, scored, rows)
            drawn = {"negatives": numbers(scored[rows:]), "kept": kept.copy()}
            steps.append({"loss": loss.item() / ROWS, **drawn})
            kept.clear()
            torch.manual_seed(len(steps))
            return loss

        gru.loss_function = watched
        gru.fit(as_frame(sessions), sample_cache_max_size=NEGATIVES * 200, compatibility_mode=False)
        given[name] = {
            "settings": settings,
            "before": begun,
            "steps": steps,
            "after": state_of(gru.model),
        }
    torch.nn.functional.dropout = dropout
    return {"sessions": sessions, "runs": given}


def rounded(value: Any) -> Any:
    """The same with numbers of nine digits, which give every float32 back."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value


def main(checkout: Path) -> None:
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    commit = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert commit == COMMIT, f"the checkout is at {commit}"
    sys.path.insert(0, str(checkout))
    import gru4rec_pytorch as official

    parts = (scores, batches, losses, optimizer, epochs)
    given = {part.__name__: part(official) for part in parts}
    text = json.dumps(rounded({"commit": COMMIT, **given}), separators=(",", ":"))
    Path(__file__).with_name("official_gru4rec.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
