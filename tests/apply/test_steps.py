"""The walk over the steps, where somebody or something comes in between two of them."""

import signal
import threading
import time

import pytest

from ocipolicy.apply import Journals, Outcome, apply
from ocipolicy.cloud.live import clouds, read_live
from ocipolicy.plan import Plan, plan, versions
from ocipolicy.render import Templates, render
from tests.apply.children import started
from tests.apply.place import NAME, Place
from tests.commands import call


def plan_of(place: Place) -> Plan:
    loaded = place.loaded()
    bundle = render(loaded, Templates()).bundle
    assert bundle is not None
    return plan(loaded, bundle, read_live(NAME, clouds(place.parsed())))


def told(outcomes: list[Outcome]) -> list[str]:
    return [f"{each.result} {each.step.target.name}" for each in outcomes]


def test_what_somebody_makes_at_that_moment_is_not_taken_for_ours(place: Place) -> None:
    """Not even where it says the very same: it was not made by us, so it is not undone by us."""
    place.config()
    place.apply()
    live = place.live("caller")
    place.cloud("caller").delete_policy(live.ocid, live.etag)
    made = plan_of(place)
    walk = apply(made, clouds(place.parsed()), place.journals)

    assert told([next(walk)]) == ["kept sales-assistant-service"]
    (step,) = made.changes
    after = versions(step)[1]
    assert after is not None
    place.cloud("caller").create_policy(
        live.compartment, live.name, after.texts, after.description, after.tags, "theirs"
    )
    before = place.exactly("caller")
    (failed,) = walk

    assert told([failed]) == ["failed sales-assistant-caller"]
    assert failed.why is not None
    assert failed.why.message.startswith("CreatePolicy: 409 PolicyAlreadyExists: ")
    assert place.exactly("caller") == before
    assert call("rollback", "--yes").stdout.endswith("done: 2 deleted\n")  # of the run before


def test_what_somebody_changes_at_that_moment_is_left_to_him(place: Place) -> None:
    place.config()
    made = plan_of(place)
    place.fault("caller", "ListPolicies", delay=0.001)
    place.fault("caller", "ListPolicies", delay=0.8)  # the first reading back

    def change() -> None:
        while not place.ours("caller"):
            time.sleep(0.01)
        place.say("caller", "endorse any-user to read objects in any-tenancy")

    somebody = threading.Thread(target=change)
    somebody.start()
    outcomes = list(apply(made, clouds(place.parsed()), place.journals))
    somebody.join()

    assert told(outcomes) == ["done sales-assistant-service", *told(outcomes)[1:]]
    assert told(outcomes)[1:] == ["left sales-assistant-caller", "undone sales-assistant-service"]
    assert outcomes[1].why is not None
    assert outcomes[1].why.message == (
        "policy sales-assistant-caller does not say what was written; and then policy"
        " sales-assistant-caller has been changed by somebody else since, so it is left as it is"
    )
    assert place.ours("caller") == ["endorse any-user to read objects in any-tenancy"]
    assert place.ours("service") == []


def test_what_is_done_late_can_be_taken_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCIPOLICY_PATIENCE", "1")
    place.config()
    place.fault("caller", "CreatePolicy", delay=1.6)
    assert place.apply().exit_code == 1
    while not place.ours("caller"):
        time.sleep(0.02)

    assert call("rollback", "--yes").stdout.endswith("done: 1 deleted\n")
    assert place.ours("caller") == []
    assert place.lost() == 0


def test_a_walk_that_is_not_gone_to_its_end(place: Place) -> None:
    place.config()
    walk = apply(plan_of(place), clouds(place.parsed()), place.journals)
    next(walk)
    walk.close()  # type: ignore[attr-defined]

    (run,) = place.journals.runs()
    assert (run.is_open, run.end, [each.taken for each in run.standing]) == (True, None, [True])
    assert call("rollback", "--yes").stdout.endswith("done: 1 deleted\n")


def test_interrupted_by_a_key(place: Place) -> None:
    place.config()
    place.fault("caller", "CreatePolicy", delay=60.0, drop="before")

    with started("apply", "--yes", "--no-smoke") as child:
        child.wait_for(lambda: any(line.get("step") == 1 for line in place.lines()))
        time.sleep(0.1)
        child.process.send_signal(signal.SIGINT)
        code, out, _ = child.ended()

    assert code == 1
    assert out.endswith(
        "✓ created sales-assistant-service in service\n"
        "✗ did not create sales-assistant-caller in caller\n"
        "    because it was interrupted\n"
        "↺ took back the create of sales-assistant-service in service\n"
        "not done: everything is as it was before, unless the service does late what it\n"
        "did not answer; run this again in a minute\n"
    )
    assert (place.ours("service"), place.ours("caller")) == ([], [])


def test_that_nobody_reads_on_stops_nothing_half_way(place: Place) -> None:
    place.config()
    place.fault("service", "CreatePolicy", delay=0.8)

    with started("apply", "--yes", "--no-smoke") as child:
        stdout = child.process.stdout
        assert stdout is not None
        while not stdout.readline().startswith(b"plan: 2 to create"):
            pass
        assert stdout.readline() == b"\n"  # all that is said before the first step
        stdout.close()
        child.process.stdout = None
        child.process.wait(60)

    assert place.verdicts() == {"allowed"}
    assert [run.end for run in place.journals.runs()] == ["applied"]


@pytest.mark.parametrize("what", ["folder", "lock"])
def test_a_state_folder_that_cannot_be_written(
    place: Place, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    place.config()
    if what == "folder":
        (place.folder / "file").write_text("", "utf-8")
        monkeypatch.setenv("XDG_STATE_HOME", str(place.folder / "file"))
        said = f"the folder {place.journals.folder} cannot be written: Not a directory"
    else:
        (place.journals.folder / "lock").mkdir(parents=True)
        said = f"the file {place.journals.folder / 'lock'} cannot be written: Is a directory"

    result = place.apply()

    assert result.exit_code == 2
    assert result.stderr.endswith(
        f"error: {said}\nhelp: set XDG_STATE_HOME to a folder that can be written\n"
    )
    assert place.writes() == []


def test_two_names_have_two_journals(place: Place) -> None:
    one = Journals(place.state, "one", ["ocid1.tenancy.oc1..a", "ocid1.tenancy.oc1..b"])
    same = Journals(place.state, "one", ["ocid1.tenancy.oc1..b", "ocid1.tenancy.oc1..a"])
    other = Journals(place.state, "one", ["ocid1.tenancy.oc1..a"])

    assert one.folder == same.folder
    assert one.folder != other.folder
