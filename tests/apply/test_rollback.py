"""The last run undone: what each kind of step left is brought back, unless somebody was there."""

import json

import pytest

from tests.apply.place import MORE, Place
from tests.commands import call, told

NOTHING = (0, "", "there is nothing to undo: no run of this config is on record here\n")


def test_nothing_to_undo(place: Place) -> None:
    place.config()

    assert told(call("rollback", "--yes")) == NOTHING


def test_back_from_a_create(place: Place) -> None:
    place.config()
    place.apply()
    place.forget()

    result = call("rollback", "--yes")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "- loses in service/ai:genai" in result.stdout
    assert result.stdout.endswith(
        "✓ deleted sales-assistant-caller in caller\n"
        "✓ deleted sales-assistant-service in service\n"
        "done: 2 deleted\n"
    )
    assert place.said() == {"service": [], "caller": []}
    assert told(call("rollback", "--yes")) == NOTHING
    assert place.lost() == 0


def test_back_from_an_update_and_then_from_the_create(place: Place) -> None:
    place.config()
    place.apply()
    before = place.said()
    place.config(change=MORE)
    place.apply()
    assert place.said() != before

    assert call("rollback", "--yes").stdout.endswith("done: 2 updated\n")
    assert place.said() == before
    assert call("rollback", "--yes").stdout.endswith("done: 2 deleted\n")
    assert place.said() == {"service": [], "caller": []}
    assert told(call("rollback", "--yes")) == NOTHING
    assert place.lost() == 0


def test_back_from_a_destroy(place: Place) -> None:
    place.config()
    place.apply()
    before = place.said()
    call("destroy", "--yes")

    result = call("rollback", "--yes")

    assert result.stdout.endswith(
        "✓ created sales-assistant-service in service\n"
        "✓ created sales-assistant-caller in caller\n"
        "done: 2 created\n"
    )
    assert place.said() == before
    assert place.verdicts() == {"allowed"}
    assert place.lost() == 0


def test_back_from_an_adoption(place: Place) -> None:
    place.config()
    place.add("service", "Allow group Scientists  to read buckets in tenancy", owner="otto")
    before = place.said()
    place.apply("--adopt")

    assert call("rollback", "--yes").exit_code == 0
    assert place.said() == before
    assert place.lost() == 0


def test_back_from_one_that_kept_a_side(place: Place) -> None:
    place.config()
    place.apply()
    place.say(
        "caller", *place.ours("caller")[:0], "endorse any-user to read objects in any-tenancy"
    )
    before = place.said()
    assert place.apply().stdout.endswith("done: 1 updated\n")

    assert call("rollback", "--yes").stdout.endswith("done: 1 updated\n")
    assert place.said() == before


def test_an_apply_behind_a_rollback_is_undone_alone(place: Place) -> None:
    place.config()
    place.apply()
    call("rollback", "--yes")
    place.apply()

    assert call("rollback", "--yes").stdout.endswith("done: 2 deleted\n")
    assert told(call("rollback", "--yes")) == NOTHING


def test_what_a_console_made_of_it_is_still_ours_to_undo(place: Place) -> None:
    place.config()
    place.apply()
    place.say("caller", *(text.upper().replace(" TO ", "  to ") for text in place.ours("caller")))

    assert call("rollback", "--yes").stdout.endswith("done: 2 deleted\n")


@pytest.mark.parametrize("by", ["a change", "a deletion"])
def test_somebody_else_was_there(place: Place, by: str) -> None:
    place.config()
    place.apply()
    place.config(change=MORE)
    place.apply()
    if by == "a change":
        theirs = "endorse any-user to read objects in any-tenancy"
        place.say("caller", *place.ours("caller"), theirs)
    else:
        live = place.live("caller")
        place.cloud("caller").delete_policy(live.ocid, live.etag)
    before = place.exactly("caller"), place.exactly("service")
    place.forget()

    result = call("rollback", "--yes")

    what = "has been changed by somebody else since" if by == "a change" else "is gone"
    assert told(result) == (
        1,
        "",
        (
            f"error: policy sales-assistant-caller {what}, so it is left as it is\n"
            "help: look at it, and bring it back by hand\n"
        ),
    )
    assert place.writes() == []
    assert (place.exactly("caller"), place.exactly("service")) == before


def test_a_rollback_that_fails_takes_itself_back(place: Place) -> None:
    place.config()
    place.apply()
    before = place.said()
    place.fault("service", "DeletePolicy", status=403, code="NotAllowed", times=None)

    failed = call("rollback", "--yes")

    assert failed.exit_code == 1
    assert failed.stdout.endswith("not done: everything is as it was before\n")
    assert place.said() == before
    place.heal()
    assert call("rollback", "--yes").stdout.endswith("done: 2 deleted\n")
    assert told(call("rollback", "--yes")) == NOTHING


def test_nobody_to_ask(place: Place) -> None:
    place.config()
    place.apply()
    place.forget()

    for command in ("rollback", "destroy"):
        result = call(command)
        assert result.exit_code == 2
        assert "There is no terminal to ask on" in result.stderr
    assert place.writes() == []


def test_a_side_that_cannot_be_read(place: Place) -> None:
    place.config()
    place.apply()
    place.fault("caller", None, status=401, times=None)

    result = call("rollback", "--yes")

    assert result.exit_code == 2
    assert "401 NotAuthenticated" in result.output


def test_a_damaged_journal(place: Place) -> None:
    place.config()
    place.apply()
    (journal,) = place.journals.folder.glob("*.jsonl")
    journal.write_text('{"schema": 1, "na\n' + journal.read_text("utf-8"), "utf-8")

    result = call("rollback", "--yes")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: the journal {journal} is damaged: JSONDecodeError " in result.stderr
    assert "help: move it away; what it speaks of is undone by hand then\n" in result.stderr
    place.config(change=MORE)
    again = place.apply()
    assert again.exit_code == 0
    assert f"warning: the journal {journal} is damaged" in again.stderr


def test_the_journal_of_a_rollback_names_what_it_undoes(place: Place) -> None:
    place.config()
    place.apply()
    (first,) = place.journals.folder.glob("*.jsonl")
    call("rollback", "--yes")

    _, second = sorted(place.journals.folder.glob("*.jsonl"))
    assert json.loads(second.read_text().splitlines()[0])["undoes"] == [first.name]
    assert [run.end for run in place.journals.runs()] == ["undone", "undone"]
