"""Makes the page of the tutorial from the script, when the documentation is built."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add ``tutorial.md``."""
    script = (Path(config.docs_dir) / "tutorial.py").read_text(encoding="utf-8")
    files.append(File.generated(config, "tutorial.md", content=page(script)))
    return files


def page(script: str) -> str:
    """The cells of a script as Markdown: text as it is, code in fences."""
    parts = []
    for cell in re.split(r"^# %%", script, flags=re.MULTILINE)[1:]:
        heading, _, body = cell.partition("\n")
        if heading.strip() == "[markdown]":
            parts.append("\n".join(line.removeprefix("#")[1:] for line in body.splitlines()))
        else:
            parts.append(f"```python\n{body.strip()}\n```")
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"
