"""Files of clicks as programs write them, whole and damaged, with what stands in them.

Everything is drawn from one random generator, so a case is known by its seed.
"""

from __future__ import annotations

import gzip
import io
import pickle
import random
import re
import zipfile
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = tuple[str, str, int]
"""Session, item, second."""

TEXT = ("csv", "tsv", "semicolons", "unquoted", "gz", "zip", "atomic")
FORMS = (*TEXT, "parquet", "pickles", "recbole sessions")
DAMAGES = (*3 * ("none",), "flip", "cut", "delete", "insert", "quotes", "cell", "line", "junk")
TITLES = ("", "x", "5 inch", 'a "b" c', '5" pipe', "one, two; three", "two\nlines", "é\tü", "\\")
INSERTED = (b'"', b"\n", b"\r", b"\x00", b",", b"\xff", b"\t", b'""', b"9")
CELLS = (b"", b"nan", b"NULL", b'"', b'"x"', b"-1", b"1e99", b"007", b" 7", b"\xff", b"9" * 25)


@dataclass(frozen=True)
class Case:
    """One input to a reader.

    Attributes:
        form, damage: what it is, and what was done to it.
        rows: what stood in it before the damage; of session files, clicks without times.
        content: the bytes of the file.
    """

    form: str
    damage: str
    rows: list[Row]
    content: bytes

    @property
    def separator(self) -> str:
        """Between the values of a text."""
        return {"tsv": "\t", "atomic": "\t", "semicolons": ";"}.get(self.form, ",")

    @property
    def quoted(self) -> bool:
        """Whether values of a text may stand in quotes."""
        return self.form not in ("unquoted", "atomic")


def generate(seed: int) -> Case:
    """The case of that number."""
    draw = random.Random(seed)
    form, damage = draw.choice(FORMS), draw.choice(DAMAGES)
    numbers = form == "pickles" or draw.random() < 0.5
    rows = _rows(draw, numbers=numbers, plain=form in ("unquoted", "atomic", "recbole sessions"))
    if form in TEXT:
        content = _pack(form, _damaged(draw, damage, _text(draw, form, rows, damage=damage)))
        if form in ("gz", "zip") and draw.random() < 0.3:
            content = _damaged(draw, damage, content)
    else:
        writers = {"parquet": _parquet, "pickles": _pickles, "recbole sessions": _prefixes}
        content = _damaged(draw, damage, writers[form](draw, rows))
    return Case(form, damage, rows, content)


def sessions_of(rows: list[Row]) -> list[list[str]]:
    """Items by session, in the order of the rows, of the sessions with several."""
    sessions: dict[str, list[str]] = {}
    for session, item, _ in rows:
        sessions.setdefault(session, []).append(item)
    return [items for items in sessions.values() if len(items) > 1]


def unpacked(case: Case) -> bytes | None:
    """The text of a case; None where it is packed and damaged."""
    try:
        if case.form == "gz":
            return gzip.decompress(case.content)
        if case.form == "zip":
            with zipfile.ZipFile(io.BytesIO(case.content)) as archive:
                [name] = archive.namelist()
                return archive.read(name)
    except Exception:
        return None
    return case.content


def strictly_parsed(case: Case) -> list[list[bytes]] | None:
    """Rows of cells of a text by RFC 4180, letter by letter; None where it is not kept."""
    text = unpacked(case)
    if text is None:
        return None
    text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    separator, rows, row, place = case.separator.encode(), [], [], 0
    while place < len(text):
        if not row and text[place : place + 1] in b"\n\r":
            place += 1
            continue
        cell = b""
        if case.quoted and text[place : place + 1] == b'"':
            place += 1
            while True:
                end = text.find(b'"', place)
                if end < 0:
                    return None
                cell += text[place:end]
                place = end + 1
                if text[place : place + 1] != b'"':
                    break
                cell, place = cell + b'"', place + 1
        else:
            while place < len(text) and text[place : place + 1] not in (separator, b"\n", b"\r"):
                cell, place = cell + text[place : place + 1], place + 1
        row.append(cell)
        after = text[place : place + 1]
        if after not in (separator, b"\n", b"\r", b""):
            return None
        place += 1
        if after == separator and place == len(text):
            row.append(b"")
        if after != separator or place == len(text):
            rows.append(row)
            row = []
    return rows


def _rows(draw: random.Random, *, numbers: bool, plain: bool) -> list[Row]:
    if numbers:
        most = draw.choice((9, 10**6, 2**63 - 1) if plain else (9, 10**6, 2**63 - 1, 2**64 - 1))
        pool = [str(draw.randint(1, most)) for _ in range(6)]
    else:
        pool = ["shoes", "Größe 9", "a-1", "x", "Ω", "b b"] if not plain else list("abcdef")
        if not plain and draw.random() < 0.3:
            pool += ["a,b", 'say "hi"', "two\nlines", ";"]
    rows = []
    for session in range(1, draw.randint(2, 6)):
        name = str(session) if numbers else f"s{session}"
        for _ in range(draw.randint(1, 6)):
            rows.append((name, draw.choice(pool), draw.randint(0, 2 * 10**9)))
    return rows


def _text(draw: random.Random, form: str, rows: list[Row], *, damage: str) -> bytes:
    """A text with a column that no reader needs, in a place of its own."""
    separator = {"tsv": "\t", "atomic": "\t", "semicolons": ";"}.get(form, ",")
    plain = form in ("unquoted", "atomic") or damage == "quotes"
    names = {"session": "session", "item": "item", "time": "time"}
    if form == "atomic":
        names = {"session": "session:token", "item": "item:token", "time": "time:float"}
    titles = ["", "x", "5 inch", "é"] if plain else list(TITLES)
    place, always = draw.randint(0, 3), draw.random() < 0.3 and not plain
    end = draw.choice(("\n", "\n", "\r\n"))

    def written(cell: str) -> str:
        if plain:
            return re.sub('[\t,;"\n]', "_", cell)
        needs = any(letter in cell for letter in f'{separator}\n\r"') or always
        needs &= not (cell == '5" pipe' and not always)  # a quote inside needs no quotes
        return '"' + cell.replace('"', '""') + '"' if needs else cell

    def line(cells: list[str], extra: str) -> str:
        cells = [*cells[:place], extra, *cells[place:]]
        return separator.join(map(written, cells)) + end

    lines = [line(list(names.values()), "title:token" if form == "atomic" else "title")]
    lines += [line([s, i, str(t)], draw.choice(titles)) for s, i, t in rows]
    text = "".join(lines)
    return text.encode("utf-8-sig" if draw.random() < 0.1 else "utf-8")


def _parquet(draw: random.Random, rows: list[Row]) -> bytes:
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    if all(item.isdigit() for item in columns[1]) and draw.random() < 0.7:
        columns = [[int(v) for v in columns[0]], [int(v) for v in columns[1]], columns[2]]
    big = any(isinstance(item, int) and item >= 2**63 for item in columns[1])
    arrays = [pa.array(column, pa.uint64() if big else None) for column in columns]
    if pa.types.is_string(arrays[1].type):
        kind = draw.choice((pa.string(), pa.large_string(), pa.binary()))
        arrays[1] = arrays[1].cast(kind)
        if draw.random() < 0.3:
            arrays[1] = arrays[1].dictionary_encode()
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(arrays, names=["session", "item", "time"]),
        buffer,
        write_page_checksum=True,
        compression=draw.choice(("snappy", "none", "zstd")),
        use_dictionary=draw.random() < 0.5,
    )
    return buffer.getvalue()


def _pickles(draw: random.Random, rows: list[Row]) -> bytes:
    sessions = [[min(int(i), 2**62) for i in items] for items in sessions_of(rows)] or [[1, 2]]
    return pickle.dumps(sessions, protocol=draw.randint(0, 4))


def _prefixes(draw: random.Random, rows: list[Row]) -> bytes:
    lines = ["session_id:token\titem_id_list:token_seq\titem_id:token"]
    for number, items in enumerate(sessions_of(rows) or [["1", "2"]]):
        for length in range(len(items) - 1, 0, -1):
            lines.append(f"{number}\t{' '.join(items[:length])}\t{items[length]}")
    return ("\n".join(lines) + "\n").encode()


def _pack(form: str, text: bytes) -> bytes:
    if form == "gz":
        return gzip.compress(text, mtime=0)
    if form == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("log.csv", text)
        return buffer.getvalue()
    return text


def _damaged(draw: random.Random, damage: str, content: bytes) -> bytes:
    place = draw.randrange(len(content) or 1)
    match damage:
        case "flip":
            changed = bytearray(content)
            for _ in range(draw.choice((1, 1, 3))):
                changed[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            return bytes(changed)
        case "cut":
            return content[:place]
        case "delete":
            return content[:place] + content[place + draw.randint(1, 9) :]
        case "insert":
            return content[:place] + draw.choice(INSERTED) + content[place:]
        case "quotes":  # an even number, each where a value begins
            starts = [m.end() for m in re.finditer(rb"[\t,;\n]", content)] or [0]
            places = sorted(draw.sample(starts, min(len(starts), draw.choice((2, 2, 4)))))
            for each in reversed(places):
                content = content[:each] + b'"' + content[each:]
            return content
        case "cell":
            cells = re.split(rb"([\t,;\n])", content)
            cells[2 * draw.randrange((len(cells) + 1) // 2)] = draw.choice(CELLS)
            return b"".join(cells)
        case "line":
            lines = content.splitlines(keepends=True) or [b""]
            lines[draw.randrange(len(lines))] = draw.choice((b"", b"\n", b"x\n", lines[0]))
            return b"".join(lines)
        case "junk":
            return draw.randbytes(draw.randint(0, 200))
    return content
