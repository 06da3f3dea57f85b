"""Tables, figures and a page, drawn from stored records alone: no torch, no RecBole."""

from srgnn_bench.report.build import build_report, build_reports

__all__ = ["build_report", "build_reports"]
