"""All frames of a suite, each computed once, when it is first asked for."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from srgnn_bench.report.frames.cost import cost_frame
from srgnn_bench.report.frames.curves import curve_frame
from srgnn_bench.report.frames.differences import difference_frame
from srgnn_bench.report.frames.learning import learning_frame
from srgnn_bench.report.frames.metrics import uncertain_metrics
from srgnn_bench.report.frames.scores import Scores
from srgnn_bench.report.frames.slices import slice_frame
from srgnn_bench.report.frames.tuning import importance_frame, searched, trial_frame
from srgnn_bench.report.frames.windows import window_frame
from srgnn_bench.report.printed import PrintedNumber, printed_numbers
from srgnn_bench.report.results import SuiteResults


class Frames:
    """Frames of a suite's results.

    Args:
        results: the runs.
        fdr: whether the tables of differences print the false discovery rate beside Holm's p.
    """

    def __init__(self, results: SuiteResults, *, fdr: bool = False) -> None:
        self.results = results
        self.fdr = fdr
        self.scores = Scores(results)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Every metric of every entry with its uncertainty: ``uncertain_metrics``."""
        return uncertain_metrics(self.scores)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Recall@K and MRR@K over K: ``curve_frame``."""
        return curve_frame(self.results)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """The subject less every other entry: ``difference_frame``."""
        return difference_frame(self.scores)

    @cached_property
    def windows(self) -> pd.DataFrame:
        """Means over the windows of a log: ``window_frame``."""
        return window_frame(self.scores)

    @cached_property
    def slices(self) -> pd.DataFrame:
        """The suite's metrics on parts of the test: ``slice_frame``."""
        return slice_frame(self.scores)

    @cached_property
    def cost(self) -> pd.DataFrame:
        """What training, tuning and ranking took: ``cost_frame``."""
        return cost_frame(self.results)

    @cached_property
    def learning(self) -> pd.DataFrame:
        """Epoch by epoch, the loss and what chose the number of epochs: ``learning_frame``."""
        return learning_frame(self.results)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """Every stored trial of tuning: ``trial_frame``."""
        return trial_frame(self.results)

    @cached_property
    def searched_trials(self) -> pd.DataFrame:
        """The trials of studies with more than one: ``searched``."""
        return searched(self.trials)

    @cached_property
    def printed(self) -> list[PrintedNumber]:
        """What papers print of what the suite ran: ``printed_numbers``."""
        return printed_numbers(self.results)

    @cached_property
    def importance(self) -> pd.DataFrame:
        """What each searched parameter explains: ``importance_frame``."""
        return importance_frame(self.results, trials=self.trials)
