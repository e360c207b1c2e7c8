"""The journal: what is written comes back, and a line that was cut off harms no other."""

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from ocipolicy.apply import Entry, Journals, Run, Stored
from ocipolicy.apply.rollback import last, unfinished
from ocipolicy.diagnostics import CannotGoOn, Unwritable
from ocipolicy.plan import Target

TARGET = Target("ocid1.tenancy.oc1..a", "caller", "x-caller")
BEFORE = Stored(("ALLOW any-user  to use x in tenancy",), "Größe", {"a": ("1",), "n.k": ("2", "3")})
ENTRY = Entry(TARGET, BEFORE, None, "token", "ocid1.policy.oc1..p")


def journals(folder: Path) -> Journals:
    return Journals(folder, "x", ["ocid1.tenancy.oc1..a"])


def only(found: Journals) -> Run:
    (run,) = found.runs()
    return run


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    found = journals(tmp_path)
    with found.open("x.yaml") as journal:
        journal.intend(0, ENTRY)
        assert only(found).entries == (ENTRY,)
        assert only(found).is_open
        journal.took(0, ENTRY.ocid, "etag")
        journal.intend(1, replace(ENTRY, before=None, after=BEFORE, ocid=None))
        journal.undid(1)
        journal.close("applied")

    run = only(found)
    assert (run.name, run.origin, run.end, run.undoes) == ("x", "x.yaml", "applied", ())
    assert run.standing == (replace(ENTRY, etag="etag", taken=True),)
    assert not run.is_open


def test_a_rollback_ends_what_it_undoes(tmp_path: Path) -> None:
    found = journals(tmp_path)
    with found.open("x.yaml") as journal:
        journal.intend(0, ENTRY)
        journal.close("applied")
    with found.open("x.yaml", last(found.runs())) as journal:
        journal.intend(0, ENTRY)
        assert [run.end for run in found.runs()] == [None, "applied"]
        assert last(found.runs()) == found.runs()
        journal.close("applied")

    assert [run.end for run in found.runs()] == ["undone", "undone"]
    assert last(found.runs()) == ()


@pytest.mark.parametrize("ends", [("applied",), ("undone",), (None,), ("left",), ()])
def test_runs_that_did_not_end_belong_to_the_next(
    tmp_path: Path, ends: tuple[str | None, ...]
) -> None:
    found = journals(tmp_path)
    every = ("applied", None, "left", *ends)
    for end in every:
        with found.open("x.yaml") as journal:
            journal.intend(0, ENTRY)
            if end is not None:
                journal.close(end)  # type: ignore[arg-type]

    open_ = {(): 2, ("applied",): 0, ("undone",): 2, (None,): 3, ("left",): 3}[ends]
    assert len(unfinished(found.runs())) == open_
    assert len(last(found.runs())) == (3 if ends == ("applied",) else open_)


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    found = journals(tmp_path)
    with found.open("x.yaml") as journal:
        journal.intend(0, ENTRY)
    path = only(found).path
    path.write_bytes(path.read_bytes() + b'{"took": 0, "oc')

    assert [each.taken for each in only(found).standing] == [False]
    found.close(found.runs(), "undone")
    assert only(found).end == "undone"
    assert b'"oc{' not in path.read_bytes()


def test_a_journal_without_a_whole_line_is_none(tmp_path: Path) -> None:
    found = journals(tmp_path)
    with found.open("x.yaml"):
        pass
    only(found).path.write_bytes(b'{"schema": 1, "na')

    assert found.runs() == ()


def test_a_line_that_does_not_fit_harms_no_other(tmp_path: Path) -> None:
    found = journals(tmp_path)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    with found.open("x.yaml") as journal:
        journal.intend(0, ENTRY)
        size = journal.path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, usual[1]))
        try:
            with pytest.raises(Unwritable, match="cannot be written: File too large"):
                journal.took(0, "x" * 100, None)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        journal.undid(0)
        journal.close("undone")

    assert only(found).end == "undone"


def test_one_run_at_a_time(tmp_path: Path) -> None:
    found = journals(tmp_path)
    with found.alone():
        with pytest.raises(CannotGoOn, match="another run for x is going on"), found.alone():
            pass
        assert found.runs() == ()
    with found.alone():
        pass
