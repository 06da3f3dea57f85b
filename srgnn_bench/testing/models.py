"""What the harness relies on in every model, as tests to inherit."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar
from unittest import SkipTest

import torch
from recbole.data.interaction import Interaction

from srgnn_bench.data.sessions import Sessions, Stage, stage_of
from srgnn_bench.evaluation.metrics import Metric
from srgnn_bench.models import FittedRecommender
from srgnn_bench.recbole_bridge.batch_form import form_of
from srgnn_bench.recbole_bridge.config import ITEM_FIELD, LENGTH_FIELD, LIST_SUFFIX
from srgnn_bench.recbole_bridge.dataset import PrefixBatches
from srgnn_bench.recbole_bridge.recbole_models import learns_order
from srgnn_bench.specs.model import TrainingSpec
from srgnn_bench.store.record import Schedule
from srgnn_bench.testing.planted import planted_sessions
from srgnn_bench.training.build import build
from srgnn_bench.training.fit import train
from srgnn_bench.training.ranking import rank_prefixes
from srgnn_bench.training.stopping import Repeat

ITEMS = 36
"""Items of the sessions. A weight with as many rows or columns, padding counted, and one of one
more, which BERT4Rec's mask has, are taken to be of items."""

TRAINING_SESSIONS = 320


class ModelContract:
    """Tests of one model; a subclass names the model and is collected by pytest.

    A class that cannot tell what follows what, such as popularity, says ``learns_order = False``
    and is excused from the planted pattern.

    Attributes:
        model_class: the model.
        configuration: its parameters; small ones keep the tests quick.
        training: settings with which it learns the planted pattern.
        tolerance: largest difference between scores that ought to be equal, relative to the
            largest score.
    """

    model_class: ClassVar[type[Any]]
    configuration: ClassVar[dict[str, Any]] = {}
    training: ClassVar[TrainingSpec] = TrainingSpec(
        epochs=25, train_batch_size=64, learning_rate=0.01
    )
    tolerance: ClassVar[float] = 1e-5

    def test_scores_are_finite_one_per_item_and_one_for_padding(self) -> None:
        """``full_sort_predict`` gives shape (batch, items + 1) and nothing that is not a number."""
        model = self._model()
        batch = self._batch(model)
        scores = self._scores(model, batch)
        assert scores.shape == (len(batch), ITEMS + 1)
        assert torch.isfinite(scores[:, 1:]).all()

    def test_padding_does_not_change_scores(self) -> None:
        """The width of a batch is an accident of its longest prefix.

        Models of RecBole that read padding get batches of one width; then it is enough that they
        do.
        """
        model, items = self._model(), ITEM_FIELD + LIST_SUFFIX
        batch = self._batch(model)
        if form_of(model).fixed_width:
            assert {b[items].shape[1] for b in self._batches(model, 1)} == {batch[items].shape[1]}
            return
        short = batch[LENGTH_FIELD] < batch[LENGTH_FIELD].max()
        narrow = Interaction({k: v[short] for k, v in batch.interaction.items()})
        width = int(narrow[LENGTH_FIELD].max())
        narrow.interaction[items] = narrow[items][:, :width]
        wide = Interaction(dict(narrow.interaction))
        padding = (0, model.max_seq_length - width)
        wide.interaction[items] = torch.nn.functional.pad(narrow[items], padding)
        self._assert_equal(self._scores(model, narrow), self._scores(model, wide))

    def test_a_prefix_is_scored_by_itself(self) -> None:
        """Neither the other prefixes of the batch nor the target may be looked at."""
        model = self._model()
        batch = self._batch(model)
        together = self._scores(model, batch)
        for row in range(0, len(batch), 7):
            alone = Interaction({k: v[row : row + 1] for k, v in batch.interaction.items()})
            alone.interaction[ITEM_FIELD] = torch.ones_like(alone[ITEM_FIELD])
            items = ITEM_FIELD + LIST_SUFFIX
            if not form_of(model).fixed_width:
                alone.interaction[items] = alone[items][:, : int(alone[LENGTH_FIELD])]
            self._assert_equal(self._scores(model, alone), together[row : row + 1])

    def test_a_prefix_longer_than_any_in_training_is_scored(self) -> None:
        """What is judged has no part in a model, its longest prefix included.

        A model with a table as long as the longest prefix of training must not say ``any_length``.
        """
        longer = _stage(long=True)
        model, other = self._model(), self._model(longer)
        batch = self._batch(model)
        assert torch.equal(self._scores(model, batch), self._scores(other, batch))
        rank_prefixes(other, longer.judged, n_items=ITEMS)

    def test_a_state_dict_carries_the_whole_model(self) -> None:
        """A model with another's state dict gives the other's scores.

        The two differ by their seeds, fitted ones by the sessions that they are fitted to.
        """
        model = self._model()
        stage = _stage(renumbered=isinstance(model, FittedRecommender))
        other = build(self.model_class, self.configuration, stage, seed=2).eval()
        other.load_state_dict(model.state_dict())
        batch = self._batch(model)
        self._assert_equal(self._scores(model, batch), self._scores(other, batch))

    def test_the_same_seed_gives_the_same_model(self) -> None:
        """Building and training depend on seeds alone."""
        one, other = (self._trained(epochs=2) for _ in range(2))
        batch = self._batch(one)
        assert torch.equal(self._scores(one, batch), self._scores(other, batch))

    def test_it_learns_a_planted_pattern(self) -> None:
        """Nine clicks in ten follow a rule, so most targets can be among the first two."""
        if not learns_order(self.model_class):
            raise SkipTest("it does not learn what follows what")
        stage = _stage()
        model = self._trained(epochs=self.training.epochs)
        ranks = rank_prefixes(model, stage.judged, n_items=stage.n_items).ranks
        assert Metric("recall", 2).mean(ranks) > 0.7

    def test_the_numbers_of_items_change_nothing(self) -> None:
        """Where item i is numbered N + 1 - i, every item keeps its score, every target its rank.

        The weights of a trained model are renumbered, a fitted one learns again.
        """
        renumbered = _stage(renumbered=True)
        model, other = self._model(), self._model(renumbered)
        kept = torch.arange(ITEMS + 2)
        kept[1:-1] = torch.arange(ITEMS, 0, -1)
        if not isinstance(model, FittedRecommender):
            state = {name: _renumbered(w, kept) for name, w in model.state_dict().items()}
            other.load_state_dict(state)
        scores = self._scores(other, self._batch(other, renumbered))
        self._assert_equal(self._scores(model, self._batch(model)), scores[:, kept[:-1]])
        self._assert_ranks_alike(model, _stage(), other, renumbered)

    def test_the_order_of_sessions_of_equal_time_changes_nothing(self) -> None:
        """What a model takes from the training sessions themselves, it takes by their times."""
        one, turned = _stage(per_time=8), _stage(per_time=8, turned=True)
        model, other = self._model(one), self._model(turned)
        if not isinstance(model, FittedRecommender):
            other.load_state_dict(model.state_dict())
        batch = self._batch(model, one)
        self._assert_equal(self._scores(model, batch), self._scores(other, batch))
        self._assert_ranks_alike(model, one, other, turned)

    def _batches(self, model: Any, batch_size: int, stage: Stage | None = None) -> PrefixBatches:
        return PrefixBatches(
            (stage or _stage()).judged,
            batch_size=batch_size,
            device=torch.device("cpu"),
            form=form_of(model),
        )

    def _batch(self, model: Any, stage: Stage | None = None) -> Interaction:
        return next(iter(self._batches(model, 64, stage)))

    def _model(self, stage: Stage | None = None) -> Any:
        return build(self.model_class, self.configuration, stage or _stage(), seed=1).eval()

    def _trained(self, *, epochs: int) -> Any:
        model = self._model()
        if not isinstance(model, FittedRecommender):
            rule = Repeat(Schedule(epochs=epochs))
            train(model, _stage(), self.training, rule, seed=1)
        return model.eval()

    @staticmethod
    @torch.no_grad()
    def _scores(model: Any, batch: Interaction) -> torch.Tensor:
        scores: torch.Tensor = model.full_sort_predict(batch)
        return scores.reshape(len(batch), -1)

    @staticmethod
    def _assert_ranks_alike(model: Any, stage: Stage, other: Any, its_stage: Stage) -> None:
        """All ranks of a fitted model are equal; a trained one's scores are only nearly so."""
        one = rank_prefixes(model, stage.judged, n_items=ITEMS).ranks
        two = rank_prefixes(other, its_stage.judged, n_items=ITEMS).ranks
        different = int((one != two).sum())
        allowed = 0 if isinstance(model, FittedRecommender) else len(one) // 50
        assert different <= allowed, f"{different} of {len(one)} ranks differ"

    def _assert_equal(self, one: torch.Tensor, other: torch.Tensor) -> None:
        largest = float(one[:, 1:].abs().max())
        torch.testing.assert_close(
            one[:, 1:], other[:, 1:], rtol=self.tolerance, atol=self.tolerance * largest
        )


@cache
def _stage(
    *, renumbered: bool = False, per_time: int = 1, turned: bool = False, long: bool = False
) -> Stage:
    """Sessions with the planted pattern.

    Args:
        renumbered: whether item i is numbered ``ITEMS`` + 1 - i.
        per_time: training sessions that have the same time.
        turned: whether those of the same time stand in the opposite order.
        long: whether a session is judged besides that is longer than any in training.
    """
    sessions = planted_sessions(count=400, items=ITEMS, seed=1)
    if renumbered:
        sessions = [[ITEMS + 1 - item for item in session] for session in sessions]
    shown, judged = sessions[:TRAINING_SESSIONS], sessions[TRAINING_SESSIONS:]
    if long:
        judged.append(list(range(1, ITEMS + 1)))
    times = [number // per_time for number in range(TRAINING_SESSIONS)]
    if turned:
        order = sorted(range(TRAINING_SESSIONS), key=lambda number: (times[number], -number))
        shown = [shown[number] for number in order]
    return stage_of("test", Sessions.from_lists(shown, times=times), Sessions.from_lists(judged))


def _renumbered(weight: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """A weight whose rows or columns of items stand in another order.

    Args:
        weight: any weight.
        kept: old number at each new one, padding and the mask included, shape (``ITEMS`` + 2,).
    """
    for dimension, size in enumerate(weight.shape):
        if size in (len(kept) - 1, len(kept)):
            weight = weight.index_select(dimension, kept[:size])
    return weight
