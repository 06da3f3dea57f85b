"""What a model's YAML may say: its class, its values, and where tuning may move them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, model_validator

from srgnn_bench.specs.fields import Name, Scalar, Spec, Text, Title, Values

Precision = Literal["float32", "bfloat16"]
"""Of the products of training."""


class TrainingSpec(Spec):
    """Training settings that every trained model shares, by RecBole's names where it has one."""

    epochs: int = Field(20, ge=1, le=1_000_000)
    """Most epochs of one training, those that it takes back included."""

    train_batch_size: int = Field(512, ge=1, le=10_000_000)
    """Prefixes per step."""

    learning_rate: float = Field(0.001, gt=0)
    """Step size of the optimizer: Adam, unless a model brings its own."""

    weight_decay: float = Field(0.0, ge=0)
    """L2 penalty, added to the gradient as in the SR-GNN authors' code."""

    lr_schedule: Literal["plateau", "step"] = "plateau"
    """``plateau``: where validation no longer improves, training goes back to its best epoch, the
    first time to one of the two before where that turns out better, and on with the learning rate
    cut; after the second cut it ends. ``step``: cut every ``lr_decay_step`` epochs, as the papers
    do; the default of the ``published`` protocol."""

    lr_decay_step: int | None = Field(None, ge=1)
    """Epochs between two cuts of the schedule ``step``; None: no cut."""

    lr_decay_gamma: float = Field(0.1, gt=0, le=1)
    """Factor of a cut of the learning rate."""

    stopping_step: int = Field(1, ge=1)
    """Epochs in a row without a better validation result before the learning rate is cut
    (``plateau``) or training ends."""

    clip_grad_norm: float | None = Field(None, gt=0)
    """Largest L2 norm of the gradient; None: no clipping."""

    precision: Precision = "float32"
    """Of the matrix products of training: those of the loss, on a GPU those of the encoder as well.
    Weights, sums, the optimizer and all ranking are in float32 either way. ``bfloat16`` needs a
    processor with AMX or AVX512-BF16, or a GPU that has it."""


class _Dimension(Spec):
    """What every dimension of a search space may say."""

    when: dict[str, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)
    """Searched only where these other parameters have these values (or one of them); otherwise
    it keeps its default. A parameter that is searched itself must stand before this one."""


class FloatDimension(_Dimension):
    """A real hyper-parameter."""

    type: Literal["float"]
    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> FloatDimension:
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError("low must not exceed high, and must be positive on a log scale")
        return self


class IntDimension(_Dimension):
    """A whole-numbered hyper-parameter."""

    type: Literal["int"]
    low: int
    high: int
    step: int = Field(1, ge=1)
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> IntDimension:
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError("low must not exceed high, and must be positive on a log scale")
        if self.log and self.step != 1:
            raise ValueError("a log scale has no step")
        return self


class ChoiceDimension(_Dimension):
    """A hyper-parameter that takes one of a few values."""

    type: Literal["choice"]
    values: tuple[Scalar | None, ...] = Field(min_length=1)


Dimension = Annotated[FloatDimension | IntDimension | ChoiceDimension, Field(discriminator="type")]


class SpaceSpec(Spec):
    """A part of the search space that several models share."""

    name: Name
    """Short name, as models' files use it."""

    dimensions: dict[str, Dimension]
    """Its dimensions, by the names of the parameters."""


Family = Literal["neural", "factors", "neighbours", "rules", "popularity"]
"""Kinds of models that a report tells apart. ``neural``: layers trained by gradients; ``factors``:
trained vectors and their products alone; ``neighbours``: sessions or items that are alike;
``rules``: counts of what goes with or follows what; ``popularity``: counts of clicks alone."""


class ModelSpec(Spec):
    """A model: its class, its fixed values and its search space."""

    name: Name
    """Short name, as the command line, folders of results and the tables' keys use it."""

    title: Title
    """Name as printed in tables and figures."""

    family: Family | None = None
    """Its kind, by which reports group models; a model of the user's own may leave it out."""

    class_path: str = Field(alias="class", pattern=r"^[\w.]+:\w+$")
    """Where the class is, as ``module:Class``."""

    implementation: str | None = Field(None, pattern=r"^[a-z0-9-]+/[1-9][0-9]*$")
    """What the keys of runs call its code, wherever that lies: a word and a version, ``srgnn/1``.
    The version rises with a change of the model that moves its numbers. Every model of this package
    has one; a class of the user's own is known by the text of its modules besides."""

    citation: Text
    """The paper, and whose implementation this is."""

    known_for: Text | None = None
    """What it does unlike others, or showed, in a sentence."""

    parameters: Values = Field(default_factory=dict)
    """Fixed values: the model's own parameters and training settings."""

    common_space: str | None = None
    """Name of a part of the search space that several models share. Its dimensions stand before the
    model's own, which take the place of those of the same name."""

    called: dict[str, str] = Field(default_factory=dict)
    """What the model calls a parameter of the common part, where it has another name for it."""

    space: dict[str, Dimension] = Field(default_factory=dict)
    """Search space. Each name must also be a parameter of the model or a training setting. Trials
    ask for the dimensions in this order, which is no part of a study's key: in another order, the
    study is the same and its suggestions are others."""

    _folder: Path | None = PrivateAttr(None)

    @property
    def folder(self) -> Path | None:
        """Where its file is, beside which a user's class may be; None where it has no file."""
        return self._folder

    def read_in(self, folder: Path) -> ModelSpec:
        """The same model, whose file is in a folder."""
        copy = self.model_copy()
        copy._folder = folder.resolve()
        return copy
