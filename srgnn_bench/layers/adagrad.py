"""Adagrad with momentum, which leaves the rows alone that a step did not look up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.optim import Optimizer


class MomentumAdagrad(Optimizer):
    """Adagrad, whose steps are carried on by a momentum.

    With g the gradient, each weight w has two values that begin at 0: a, the sum of its squared
    gradients, and m, its last step.

        a <- a + g^2,    m <- momentum m - lr g / sqrt(a + eps),    w <- w + m

    Where a gradient is sparse, as that of ``nn.Embedding(sparse=True)``, all of this happens to the
    rows that it names alone. So a row that no click of the step named keeps its momentum for the
    step that names it next. A row that is named several times gets the sum of its gradients.

    Sources: Duchi et al., "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", JMLR 12, 2011; with momentum, and by rows, as the authors of GRU4Rec train it.
    torch's ``Adagrad`` has no momentum.

    Args:
        parameters: what to optimise.
        lr: learning rate.
        momentum: share of a weight's last step that is taken again, at least 0 and below 1.
        eps: what is added to the sum of squares.
    """

    def __init__(
        self,
        parameters: Iterable[torch.Tensor],
        *,
        lr: float,
        momentum: float = 0.0,
        eps: float = 1e-6,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Change every parameter that has a gradient.

        Args:
            closure: torch's; not supported.
        """
        assert closure is None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._change(weight, weight.grad, group)

    def _change(self, weight: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["squares"], state["step"] = torch.zeros_like(weight), torch.zeros_like(weight)
        squares, last = state["squares"], state["step"]
        if not gradient.is_sparse:
            last.copy_(_step(gradient, squares, last, group))
            weight.add_(last)
            return
        gradient = gradient.coalesce()
        [rows], gradient = gradient.indices(), gradient.values()
        its_squares, its_last = squares.index_select(0, rows), last.index_select(0, rows)
        step = _step(gradient, its_squares, its_last, group)
        squares.index_copy_(0, rows, its_squares)
        last.index_copy_(0, rows, step)
        weight.index_add_(0, rows, step)


def _step(
    gradient: torch.Tensor, squares: torch.Tensor, last: torch.Tensor, group: dict[str, Any]
) -> torch.Tensor:
    """The step that weights take; their gradients are added to their ``squares``."""
    squares.addcmul_(gradient, gradient)
    step: torch.Tensor = (squares + group["eps"]).rsqrt_().mul_(gradient).mul_(-group["lr"])
    step.add_(last, alpha=group["momentum"])
    return step
