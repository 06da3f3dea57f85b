"""Who is told of a benchmark's events: its progress on a screen, and trackers of experiments."""

from srgnn_bench.listeners.trackers import mlflow, tensorboard, wandb

__all__ = ["mlflow", "tensorboard", "wandb"]
