"""Downloads: only what matches its checksum, and a refusal says what to fetch by hand."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from data_files import spec_of
from served_folder import served

from srgnn_bench.data import download as downloading
from srgnn_bench.data.download import download
from srgnn_bench.errors import DataError
from srgnn_bench.specs import registry
from srgnn_bench.specs.dataset import DatasetSpec, RecBoleDownload
from srgnn_bench.specs.sources.streams import ALWAYS_UNPACKED


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which it is served."""
    folder = tmp_path / "site"
    folder.mkdir()
    with served(folder) as address:
        yield folder, address


def spec_with(*downloads: dict[str, Any]) -> DatasetSpec:
    values = spec_of().model_dump()
    return DatasetSpec.model_validate({**values, "downloads": list(downloads)})


def archive(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        # a ZipInfo of its own has a fixed date, so equal texts are equal bytes
        opened.writestr(zipfile.ZipInfo("x-session/../x.train.inter"), text)
        opened.writestr(zipfile.ZipInfo("x-session/readme.md"), "none")
    return buffer.getvalue()


def test_an_archive_of_recbole_is_unpacked_and_its_checksum_noted(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    monkeypatch.setattr(downloading, "_recbole_addresses", lambda: {"x": f"{address}x.zip"})
    (folder / "x.zip").write_bytes(archive("one"))
    spec = spec_with({"kind": "recbole", "key": "x"})
    paths = download(spec, data_root=tmp_path)
    assert paths == [tmp_path / "mine" / "x.train.inter"]
    assert paths[0].read_text() == "one"
    note = (tmp_path / "mine" / "x.zip.sha256").read_text()
    assert note.split()[0] == hashlib.sha256(archive("one")).hexdigest()
    (folder / "x.zip").write_bytes(archive("another"))
    (tmp_path / "mine" / "x.zip").unlink()
    with pytest.raises(DataError, match=r"x\.zip"):
        download(spec, data_root=tmp_path)
    assert paths[0].read_text() == "one"


def test_files_that_do_not_match_their_checksum_are_refused(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    (folder / "log.csv").write_text("good")
    good = hashlib.sha256(b"good").hexdigest()
    spec = spec_with({"kind": "files", "base": "https://example.org/", "files": {"log.csv": good}})
    local = spec.downloads[0].model_copy(update={"base": address})
    spec = spec.model_copy(update={"downloads": (local,)})
    assert [path.read_text() for path in download(spec, data_root=tmp_path)] == ["good"]
    (folder / "log.csv").write_text("bad")
    (tmp_path / "mine" / "log.csv").unlink()
    with pytest.raises(DataError) as caught:
        download(spec, data_root=tmp_path)
    assert caught.value.remedy == spec.obtain
    assert not (tmp_path / "mine" / "log.csv").exists()


def test_a_file_in_a_folder_is_fetched_into_one(tmp_path: Path, site: tuple[Path, str]) -> None:
    folder, address = site
    (folder / "raw" / "new").mkdir(parents=True)
    names = ("raw/log.csv", "raw/new/log.csv")
    files = {name: hashlib.sha256(name.encode()).hexdigest() for name in names}
    for name in names:
        (folder / name).write_text(name)
    spec = spec_with({"kind": "files", "base": "https://example.org/", "files": files})
    local = spec.downloads[0].model_copy(update={"base": address})
    paths = download(spec.model_copy(update={"downloads": (local,)}), data_root=tmp_path)
    assert paths == [tmp_path / "mine" / name for name in names]
    assert [path.read_text() for path in paths] == list(names)


def test_the_next_address_is_tried_and_a_refusal_names_them_all(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    addresses = {"gone": f"{address}gone.zip", "x": f"{address}x.zip"}
    monkeypatch.setattr(downloading, "_recbole_addresses", lambda: addresses)
    spec = spec_with({"kind": "recbole", "key": "gone"}, {"kind": "recbole", "key": "x"})
    with pytest.raises(DataError) as caught:
        download(spec, data_root=tmp_path)
    assert "gone.zip" in caught.value.problem
    assert "x.zip" in caught.value.problem
    (folder / "x.zip").write_bytes(archive("one"))
    assert len(download(spec, data_root=tmp_path)) == 1


@pytest.mark.parametrize("kind", ["recbole", "files"])
def test_a_file_of_the_users_own_is_never_written_over(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    folder, address = site
    monkeypatch.setattr(downloading, "_recbole_addresses", lambda: {"x": f"{address}x.zip"})
    (folder / "x.zip").write_bytes(archive("one"))
    (folder / "x.train.inter").write_text("one")
    if kind == "recbole":
        spec = spec_with({"kind": "recbole", "key": "x"})
    else:
        sha256 = hashlib.sha256(b"one").hexdigest()
        files = {"kind": "files", "base": "https://x.org/", "files": {"x.train.inter": sha256}}
        spec = spec_with(files)
        local = spec.downloads[0].model_copy(update={"base": address})
        spec = spec.model_copy(update={"downloads": (local,)})
    own = tmp_path / "mine" / "x.train.inter"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(DataError, match=r"x\.train\.inter is there already") as caught:
        download(spec, data_root=tmp_path)
    assert caught.value.remedy
    assert own.read_text() == "mine"


def test_a_page_in_place_of_an_archive_is_no_archive_and_leaves_nothing(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    monkeypatch.setattr(downloading, "_recbole_addresses", lambda: {"x": f"{address}x.zip"})
    spec = spec_with({"kind": "recbole", "key": "x"})
    (folder / "x.zip").write_text("<html>Please log in.</html>")
    with pytest.raises(DataError, match="not a zip file"):
        download(spec, data_root=tmp_path)
    assert shown(tmp_path / "mine") == []
    (folder / "x.zip").write_bytes(archive("one"))
    assert [path.read_text() for path in download(spec, data_root=tmp_path)] == ["one"]


def shown(folder: Path) -> list[str]:
    """Names of the files in a folder, but for hidden ones."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def encrypted(content: bytes) -> bytes:
    """An archive whose members say that they need a password."""
    marked = bytearray(content)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := marked.find(signature, start + 1)) >= 0:
            marked[start + place] |= 1
    return bytes(marked)


def damaged_inside(content: bytes) -> bytes:
    """An archive one of whose letters has changed."""
    return content.replace(b"two", b"twe", 1)


def without_sessions() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("readme.md", "none")
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("x.train.inter", bytes(2 * ALWAYS_UNPACKED))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (encrypted(archive("two")), "encrypted"),
        (damaged_inside(archive("two")), "Bad CRC-32"),
        (archive("two")[:60], "not a zip file"),
        (b"", "not a zip file"),
        (without_sessions(), "no .inter file is in it"),
        (bomb(), f"unpacks to {2 * ALWAYS_UNPACKED:,} bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # bytes hold the time
)
def test_an_archive_that_is_none_is_one_line_and_nothing_of_it_is_kept(
    tmp_path: Path,
    site: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    words: str,
) -> None:
    folder, address = site
    monkeypatch.setattr(downloading, "_recbole_addresses", lambda: {"x": f"{address}x.zip"})
    spec = spec_with({"kind": "recbole", "key": "x"})
    (folder / "x.zip").write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        download(spec, data_root=tmp_path)
    assert "\n" not in str(caught.value)
    assert shown(tmp_path / "mine") == []
    (folder / "x.zip").write_bytes(archive("one"))
    assert [path.read_text() for path in download(spec, data_root=tmp_path)] == ["one"]


def test_what_a_killed_download_left_is_removed_by_the_next(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    monkeypatch.setattr(downloading, "_recbole_addresses", lambda: {"x": f"{address}x.zip"})
    (folder / "x.zip").write_bytes(archive("one"))
    spec = spec_with({"kind": "recbole", "key": "x"})

    def killed(*args: Any, **values: Any) -> None:
        (values["path"] / "tmp1234").write_bytes(b"half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(downloading.pooch, "retrieve", killed)
        patched.setattr(downloading.shutil, "rmtree", lambda *args, **values: None)
        with pytest.raises(KeyboardInterrupt):
            download(spec, data_root=tmp_path)
    assert [path.name for path in (tmp_path / "mine").rglob("tmp*")] == ["tmp1234"]
    download(spec, data_root=tmp_path)
    assert not list((tmp_path / "mine").rglob("tmp*"))
    assert shown(tmp_path / "mine") == ["x.train.inter", "x.zip", "x.zip.sha256"]


def test_an_empty_note_says_nothing_and_a_full_one_is_named(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = site
    monkeypatch.setattr(downloading, "_recbole_addresses", lambda: {"x": f"{address}x.zip"})
    spec = spec_with({"kind": "recbole", "key": "x"})
    (folder / "x.zip").write_bytes(archive("one"))
    note = tmp_path / "mine" / "x.zip.sha256"
    note.parent.mkdir()
    note.touch()
    assert len(download(spec, data_root=tmp_path)) == 1
    assert note.read_text().split()[0] == hashlib.sha256(archive("one")).hexdigest()
    (tmp_path / "mine" / "x.zip").unlink()
    (folder / "x.zip").write_bytes(archive("another"))
    with pytest.raises(DataError, match=r"x\.zip\.sha256 has noted"):
        download(spec, data_root=tmp_path)


def test_an_unknown_key_of_recbole_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no address for 'no-such-key'"):
        download(spec_with({"kind": "recbole", "key": "no-such-key"}), data_root=tmp_path)


def test_a_dataset_without_an_address_says_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no address is known") as caught:
        download(spec_of(), data_root=tmp_path)
    assert caught.value.remedy == "Write mine/log.csv."


def test_every_key_that_a_dataset_names_is_one_of_recbole() -> None:
    addresses = downloading._recbole_addresses()
    for name in registry.names("dataset"):
        for each in registry.dataset(name).downloads:
            if isinstance(each, RecBoleDownload):
                assert addresses[each.key].startswith("https://")
