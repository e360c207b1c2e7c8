"""A live tenancy as a world: whole, with less rights, and with what nobody here can read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from ocipolicy.cloud import CloudError, Refused
from ocipolicy.cloud.snapshot import LeftOut, Snapshot, as_policy, snapshot, text_of, world_of
from ocipolicy.evaluate import PermissionNeed, Place, Request, Who, evaluate
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.faults import Fault
from ocipolicy.world import Tenancy, World, dump_world, load_world
from tests.cloud.sides import TENANCY, WORLD, cloud

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


def loaded(text: str) -> World:
    found = load_world(text)
    assert found.world is not None, found.diagnostics
    return found.world


def taken_by(sandbox: Sandbox, who: str) -> Snapshot:
    return snapshot(cloud(sandbox, who), now=NOW)


@pytest.fixture
def faulty(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, whose faults end with the test."""
    yield sandbox
    sandbox.faults.clear()


def plain(tenancy: Tenancy) -> Tenancy:
    """A tenancy without what a snapshot does not have: the order, and resources."""
    return replace(
        tenancy,
        users=MappingProxyType(dict(sorted(tenancy.users.items()))),
        groups=MappingProxyType(
            {
                name: replace(each, members=tuple(sorted(each.members)))
                for name, each in sorted(tenancy.groups.items())
            }
        ),
        compartments=MappingProxyType(dict(sorted(tenancy.compartments.items()))),
        resources=MappingProxyType({}),
        policies=tuple(sorted(tenancy.policies, key=lambda each: each.ocid or "")),
    )


def test_a_snapshot_is_the_world_that_was_live(sandbox: Sandbox) -> None:
    live = sandbox.state.world.tenancies["acme"]
    taken = taken_by(sandbox, "acme/admin")

    assert taken.left_out == ()
    found = plain(taken.tenancy)
    assert found.users == plain(live).users
    assert found.groups == plain(live).groups
    assert found.dynamic_groups == live.dynamic_groups
    assert found.compartments == plain(live).compartments
    assert found.policies == plain(live).policies
    assert (found.name, found.ocid, found.home_region) == ("acme", TENANCY, "us-ashburn-1")
    assert found.regions == ("us-ashburn-1", "eu-frankfurt-1", "us-chicago-1")


def test_a_snapshot_loads_back_equal(sandbox: Sandbox) -> None:
    taken = taken_by(sandbox, "acme/admin")

    assert loaded(text_of(taken)) == world_of(taken)
    assert load_world(text_of(taken)).diagnostics == ()
    assert text_of(taken).startswith(
        f"# Tenancy acme as of 2026-11-21 12:30 UTC, read by {taken.reader}.\ntenancies:\n"
    )


def test_two_snapshots_of_the_same_tenancy_are_the_same_text(sandbox: Sandbox) -> None:
    assert text_of(taken_by(sandbox, "acme/admin")) == text_of(taken_by(sandbox, "acme/admin"))


def test_a_snapshot_can_be_a_sandbox_and_a_snapshot_again(sandbox: Sandbox, keys: Path) -> None:
    taken = taken_by(sandbox, "acme/admin")
    with Sandbox(world_of(taken), keys=keys) as copy:
        again = taken_by(copy, "acme/admin")

    assert plain(again.tenancy) == plain(taken.tenancy)


def test_an_auditor_reads_as_much_as_the_administrator(sandbox: Sandbox) -> None:
    taken = taken_by(sandbox, "acme/auditor")

    assert taken.left_out == ()
    assert world_of(taken) == world_of(taken_by(sandbox, "acme/admin"))


def test_what_may_not_be_read_is_left_out_and_named(sandbox: Sandbox) -> None:
    taken = taken_by(sandbox, "acme/half")

    denied = "404 NotAuthorizedOrNotFound"
    unseen = "compartments that the caller may not inspect"
    assert [*map(str, taken.left_out)] == [
        f"{unseen}: {denied}; it takes `inspect compartments in tenancy`",
        f"dynamic groups: {denied}; it takes `inspect dynamic-groups in tenancy`",
        f"groups: {denied}; it takes `inspect groups in tenancy`",
        f"its name and tags: {denied}; it takes `inspect tenancies in tenancy`",
        f"its regions: {denied}; it takes `inspect tenancies in tenancy`",
        f"policies of the root compartment: {denied}; it takes `inspect policies in tenancy`",
        f"users: {denied}; it takes `inspect users in tenancy`",
    ]
    found = taken.tenancy
    assert (found.name, found.home_region, found.regions) == ("tenancy", None, ())
    assert sorted(found.compartments) == [
        (),
        ("ai",),
        ("ai", "genai"),
        ("ai", "labs"),
        ("ai", "labs", "one"),
    ]
    assert [(each.name, each.compartment) for each in found.policies] == [
        ("own", ("ai",)),
        ("own", ("ai", "labs")),
    ]
    text = text_of(taken)
    assert f"# Not in it: users: {denied}; it takes `inspect users in tenancy`\n" in text
    assert loaded(text) == world_of(taken)


def test_whoever_may_read_nothing_gets_no_snapshot(sandbox: Sandbox) -> None:
    with pytest.raises(CloudError) as raised:
        taken_by(sandbox, "acme/nobody")

    assert raised.value.message == (
        f"the caller may read nothing of the tenancy {TENANCY}: every answer is 404 "
        "NotAuthorizedOrNotFound"
    )
    assert raised.value.help == (
        "look at the profile, or ask an administrator for "
        "`allow group <yours> to inspect all-resources in tenancy`"
    )


def test_a_signature_that_is_not_taken_is_no_missing_right(faulty: Sandbox) -> None:
    faulty.faults.add(Fault("ListGroups", status=401))
    with pytest.raises(Refused, match="ListGroups: 401 NotAuthenticated"):
        taken_by(faulty, "acme/admin")


def test_a_fault_that_stays_ends_the_snapshot_since_half_of_it_would_mislead(
    faulty: Sandbox,
) -> None:
    faulty.faults.add(Fault("ListPolicies", times=None, status=500))
    with pytest.raises(Refused, match="ListPolicies: 500 InternalServerError"):
        taken_by(faulty, "acme/admin")


def test_faults_that_pass_leave_no_trace(faulty: Sandbox) -> None:
    before = text_of(taken_by(faulty, "acme/admin"))
    for name in ("ListPolicies", "ListUsers", "ListUserGroupMemberships"):
        faulty.faults.add(Fault(name, times=2, status=503))
        faulty.faults.add(Fault(name, drop="after"))

    assert text_of(taken_by(faulty, "acme/admin")) == before


def test_progress_begins_at_nothing_never_goes_back_and_ends_with_all(sandbox: Sandbox) -> None:
    seen: list[tuple[int, int]] = []
    snapshot(cloud(sandbox), on_progress=lambda done, known: seen.append((done, known)))

    assert seen[0] == (0, 6)
    assert seen[-1] == (17, 17)  # 6 lists, 6 compartments, 5 groups
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_statement_that_nobody_can_read_is_kept_apart(sandbox: Sandbox) -> None:
    side = cloud(sandbox)
    (readers,) = [each for each in side.policies() if each.name == "readers"]
    strange = "allow group x to be ServiceAdministrator for integration-instances in compartment ai"
    stored = replace(readers, statements=(readers.statements[0], strange, readers.statements[1]))

    policy = as_policy(stored, ())

    assert policy.texts == readers.statements[:2]
    assert policy.unread == (strange,)
    tenancy = replace(taken_by(sandbox, "acme/admin").tenancy, policies=(policy,))
    taken = Snapshot(tenancy, (), NOW)
    found = load_world(text_of(taken))
    assert found.world == world_of(taken)
    (warning,) = found.diagnostics
    assert (warning.rule, warning.message) == (
        "unread-statement",
        "this statement could not be read, so no answer knows of it",
    )
    assert strange in warning.span.text


def test_the_comments_of_a_snapshot_stay_comments(sandbox: Sandbox) -> None:
    taken = taken_by(sandbox, "acme/admin")
    notes = (LeftOut("dynamic group x", "its rule cannot be read: a\nb: c\x85d\u2028- e\x00"),)
    text = text_of(Snapshot(taken.tenancy, notes, NOW))

    assert (
        text.splitlines()[1]
        == "# Not in it: dynamic group x: its rule cannot be read: a b: c d - e"
    )
    assert loaded(text) == world_of(taken)


def test_a_snapshot_answers_as_the_tenancy_does(sandbox: Sandbox) -> None:
    """The labs' policy, read back from the file, lets the bot admins in and nobody else."""
    world = loaded(text_of(taken_by(sandbox, "acme/admin")))
    place = Place(*world.place("acme/ai:labs"))
    needs = (PermissionNeed("GENERATIVE_AI_CHAT"),)

    def verdict(who: str) -> str:
        return evaluate(Request(Who(*world.principal(who)), place, needs), world).verdict

    assert (verdict("bob@example.com"), verdict("auditor")) == ("allowed", "denied")


def test_the_world_of_these_tests_is_tidy() -> None:
    found = load_world(WORLD.read_text(encoding="utf-8"))
    assert found.diagnostics == ()
    assert found.world is not None
    assert loaded(dump_world(found.world)) == found.world
