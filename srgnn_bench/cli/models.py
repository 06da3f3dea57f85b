"""``srgnn-bench models``."""

from __future__ import annotations

from typing import Any

from srgnn_bench.cli.options import JsonOption
from srgnn_bench.cli.screen import console, print_json, table_of
from srgnn_bench.errors import BenchError


def models(as_json: JsonOption = False) -> None:
    """List the models, whether each can run, and RecBole's that cannot; --json tells more."""
    from srgnn_bench.recbole_bridge.classes import loss_of, model_class
    from srgnn_bench.recbole_bridge.recbole_models import UNFIT, UNTRIED
    from srgnn_bench.specs import registry

    rows = []
    for name in registry.names("model"):
        spec = registry.model(name)
        row: dict[str, Any] = {
            "name": name,
            "title": spec.title,
            "loss": "",
            "can run": "yes",
            "class": spec.class_path,
            "searched": list(spec.space),
        }
        try:
            row["loss"] = loss_of(model_class(spec), spec.parameters)
        except BenchError as error:
            row["can run"] = str(error)
        rows.append(row)
    if as_json:
        print_json(rows)
        return
    screen = console(soft_wrap=False)
    headings = ("name", "title", "loss", "can run")
    table = table_of(headings)
    for row in rows:
        table.add_row(*(row[heading] for heading in headings))
    screen.print(table)
    screen.print("RecBole's other sequential models:")
    for name, reason in UNFIT.items():
        screen.print(f"  {name} cannot run on sessions: {reason}.")
    screen.print(f"  {', '.join(UNTRIED)}: not tried; a file of yours can name them.")
