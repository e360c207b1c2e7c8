"""Files are written all or not at all, and what was there stays as it was."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ocipolicy.diagnostics import Unwritable
from ocipolicy.outputs.files import File, replace, write

TWO = (File("a.txt", "first\n"), File("b.txt", "second\n"))


def everything(folder: Path) -> dict[str, str]:
    """All files below a folder, hidden ones too, with their texts; folders have none."""
    return {
        str(path.relative_to(folder)): "" if path.is_dir() else path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
    }


def test_writes_all_and_makes_the_folder(tmp_path: Path) -> None:
    paths = write(TWO, tmp_path / "new" / "deep")

    assert paths == (tmp_path / "new" / "deep" / "a.txt", tmp_path / "new" / "deep" / "b.txt")
    assert everything(tmp_path / "new") == {
        "deep": "",
        "deep/a.txt": "first\n",
        "deep/b.txt": "second\n",
    }


def test_writes_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old", encoding="utf-8")
    (tmp_path / "other.txt").write_text("other", encoding="utf-8")

    write(TWO, tmp_path)

    assert everything(tmp_path) == {"a.txt": "first\n", "b.txt": "second\n", "other.txt": "other"}


def test_line_ends_and_letters_are_written_as_they_are(tmp_path: Path) -> None:
    write((File("a.txt", "one\r\ntwo\nthree\rÄ\ufeff🌍"),), tmp_path)

    assert (tmp_path / "a.txt").read_bytes() == "one\r\ntwo\nthree\rÄ\ufeff🌍".encode()


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text", encoding="utf-8")

    with pytest.raises(Unwritable) as caught:
        write(TWO, tmp_path / "file" / "folder")

    assert caught.value.message == f"{tmp_path}/file/folder cannot be written: Not a directory"
    assert everything(tmp_path) == {"file": "text"}


def test_a_target_that_is_a_folder_keeps_all_from_being_written(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old", encoding="utf-8")
    (tmp_path / "b.txt").mkdir()

    with pytest.raises(Unwritable) as caught:
        write(TWO, tmp_path)

    assert caught.value.message == (
        f"{tmp_path}/b.txt is a folder, so no file can be written there"
    )
    assert everything(tmp_path) == {"a.txt": "old", "b.txt": ""}


def test_a_folder_that_was_made_goes_again_when_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(Unwritable):
        write((File("a.txt", "first"), File("x" * 300, "name too long")), tmp_path / "new" / "deep")

    assert everything(tmp_path) == {}


def test_what_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(Unwritable) as caught:
        replace(tmp_path / "pipe", "text")

    assert caught.value.message == f"{tmp_path}/pipe is no regular file"
    assert (tmp_path / "pipe").is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_stay(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old", encoding="utf-8")
    file.chmod(mode)

    replace(file, "new")
    assert (file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777) == ("new", mode)
    write((File("a.txt", "newer"),), tmp_path)
    assert (file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777) == ("newer", mode)


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write((File("a.txt", ""),), tmp_path)
    finally:
        os.umask(before)

    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_its_target_gets_the_text(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "target.txt"
    target.write_text("old", encoding="utf-8")
    link = tmp_path / "link.txt"
    link.symlink_to(target)

    replace(link, "new")
    assert (link.is_symlink(), target.read_text(encoding="utf-8")) == (True, "new")
    write((File("link.txt", "newer"),), tmp_path)
    assert (link.is_symlink(), target.read_text(encoding="utf-8")) == (True, "newer")
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["target.txt"]


def test_links_in_a_circle_are_said(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")

    with pytest.raises(Unwritable, match="cannot be written"):
        write((File("a.txt", "text"),), tmp_path / "one")


FULL_DISK = """\
    import resource, signal, sys
    from pathlib import Path
    from ocipolicy.diagnostics import Unwritable
    from ocipolicy.outputs.files import File, replace, write

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    folder = Path(sys.argv[1])
    try:
        if sys.argv[2] == "replace":
            replace(folder / "a.txt", "x" * 5000)
        else:
            write((File("a.txt", "small"), File("b.txt", "x" * 5000)), folder / "new")
    except Unwritable as error:
        print(error.message)
"""


@pytest.mark.parametrize("what", ["replace", "write"])
def test_a_full_disk_changes_nothing(tmp_path: Path, what: str) -> None:
    (tmp_path / "a.txt").write_text("old", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK), str(tmp_path), what],
        capture_output=True,
        text=True,
        check=True,
    )

    place = tmp_path / ("a.txt" if what == "replace" else "new")
    assert (done.stdout, done.stderr) == (f"{place} cannot be written: File too large\n", "")
    assert everything(tmp_path) == {"a.txt": "old"}
