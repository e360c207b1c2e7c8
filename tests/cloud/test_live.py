"""What plan needs of the tenancies of a config: worlds, etags, who applies, what is not known."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ocipolicy.cloud.live import clouds, read_live
from ocipolicy.config import Config, load
from ocipolicy.plan import action, plan
from ocipolicy.render import Templates, render
from ocipolicy.sandbox import Sandbox
from tests.cloud.sides import QUICK, cloud, profile
from tests.examples import EXAMPLES, changed

STRANGE = "allow group carol to be ServiceAdministrator for integration-instances in tenancy"


@pytest.fixture(scope="module")
def pair(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The two tenancies of the example, with a statement that nobody can read in one of them."""
    world = yaml.safe_load((EXAMPLES / "cross-tenancy.world.yaml").read_text(encoding="utf-8"))
    policies = world["tenancies"]["service"]["policies"]
    policies["sales-assistant-service"]["ocid"] = "ocid1.policy.oc1..service"
    policies["legacy"] = {
        "ocid": "ocid1.policy.oc1..legacy",
        "statements": ["allow group Administrators to manage all-resources in tenancy"],
        "unread": [STRANGE],
    }
    caller = world["tenancies"]["caller"]["policies"]
    caller["sales-assistant-caller"]["ocid"] = "ocid1.policy.oc1..caller"
    file = tmp_path_factory.mktemp("pair") / "pair.world.yaml"
    file.write_text(yaml.safe_dump(world), encoding="utf-8")
    with Sandbox(file, keys=keys) as opened:
        yield opened


def config(pair: Sandbox, caller: str = "caller/admin", service: str = "service/admin") -> Config:
    """The example, with profiles of the sandbox."""
    loaded = load(changed("cross-tenancy", _profiles(pair, caller, service)))
    assert loaded.config is not None, loaded.diagnostics
    return loaded.config


def _profiles(
    pair: Sandbox, caller: str = "caller/admin", service: str = "service/admin"
) -> dict[str, Any]:
    return {
        f"{side}.profile": profile(pair, who).model_dump(exclude_none=True)
        for side, who in (("caller", caller), ("service", service))
    }


def test_both_tenancies_are_read_with_the_etags_of_what_may_be_ours(pair: Sandbox) -> None:
    wanted = config(pair)
    sides = clouds(wanted, retries=QUICK)
    live = read_live(wanted.name, sides)

    assert [*sides] == ["ocid1.tenancy.oc1..service", "ocid1.tenancy.oc1..caller"]
    assert sorted(live.world.tenancies) == ["caller", "service"]
    ours = {side: f"ocid1.policy.oc1..{side}" for side in ("caller", "service")}
    there = [sides[f"ocid1.tenancy.oc1..{side}"].policy(ocid) for side, ocid in ours.items()]
    assert dict(live.etags) == {each.ocid: each.etag for each in there if each is not None}
    assert sorted(live.etags) == sorted(ours.values())
    assert dict(live.unread) == {}
    (legacy,) = [p for p in live.world.tenancies["service"].policies if p.name == "legacy"]
    assert (len(legacy.statements), legacy.unread) == (1, (STRANGE,))
    assert {ocid: who.label for ocid, who in live.applying.items()} == {
        "ocid1.tenancy.oc1..caller": "caller/admin",
        "ocid1.tenancy.oc1..service": "service/admin",
    }


def test_a_profile_of_another_tenancy_is_told(pair: Sandbox) -> None:
    wanted = config(pair, caller="service/admin")
    live = read_live(wanted.name, clouds(wanted, retries=QUICK))

    assert dict(live.unread) == {
        "ocid1.tenancy.oc1..caller": "profile service/admin is of the tenancy "
        "ocid1.tenancy.oc1..service, and the config has ocid1.tenancy.oc1..caller"
    }
    assert [*live.world.tenancies] == ["service"]


def test_one_side_that_cannot_be_read_does_not_keep_the_other_back(pair: Sandbox) -> None:
    wanted = config(pair, caller="caller/bob")
    live = read_live(wanted.name, clouds(wanted, retries=QUICK))

    (reason,) = live.unread.values()
    assert reason == (
        "the caller may read nothing of the tenancy ocid1.tenancy.oc1..caller: every answer is 404 "
        "NotAuthorizedOrNotFound; look at the profile, or ask an administrator for "
        "`allow group <yours> to inspect all-resources in tenancy`"
    )
    assert [*live.world.tenancies] == ["service"]


def test_a_side_without_a_profile_is_not_read_and_not_missed(pair: Sandbox) -> None:
    wanted = config(pair).model_copy(deep=True)
    caller = wanted.caller.model_copy(update={"profile": None})
    sides = clouds(wanted.model_copy(update={"caller": caller}), retries=QUICK)
    live = read_live(wanted.name, sides)

    assert [*live.world.tenancies] == ["service"]
    assert dict(live.unread) == {}


def test_two_tenancies_that_call_themselves_alike(
    pair: Sandbox, keys: Path, tmp_path: Path
) -> None:
    wanted = config(pair)
    namesake = tmp_path / "w.yaml"
    ocid = "ocid1.tenancy.oc1..namesake"
    namesake.write_text(f"tenancies: {{caller: {{ocid: {ocid}}}}}", encoding="utf-8")
    with Sandbox(namesake, keys=keys) as other:
        sides = {**clouds(wanted, retries=QUICK), ocid: cloud(other, "caller/admin")}
        live = read_live(wanted.name, sides)

    names = {each.ocid: name for name, each in live.world.tenancies.items()}
    assert names == {
        "ocid1.tenancy.oc1..service": "service",
        "ocid1.tenancy.oc1..caller": "caller",
        ocid: ocid,
    }


def test_plan_goes_on_from_what_was_read(pair: Sandbox) -> None:
    loaded = load(changed("cross-tenancy", _profiles(pair)))
    bundle = render(loaded, Templates()).bundle
    assert loaded.config is not None
    assert bundle is not None
    live = read_live("sales-assistant", clouds(loaded.config, retries=QUICK))

    found = plan(loaded, bundle, live)

    assert [action(each) for each in found.steps] == ["keep", "keep"]
    assert found.access == ()


def test_a_root_whose_policies_may_not_be_read_is_told_apart(keys: Path, tmp_path: Path) -> None:
    """Our own policies are there: calls can be made without them, but nothing can be planned."""
    world = yaml.safe_load((EXAMPLES / "cross-tenancy.world.yaml").read_text(encoding="utf-8"))
    service = world["tenancies"]["service"]
    service["users"]["dora"] = {"ocid": "ocid1.user.oc1..dora"}
    service["groups"]["readers"] = {"ocid": "ocid1.group.oc1..readers", "members": ["dora"]}
    service["policies"]["readers"] = {
        "statements": [
            "allow group readers to inspect tenancies in tenancy",
            "allow group readers to inspect compartments in tenancy",
            "allow group readers to inspect policies in compartment ai",
        ]
    }
    file = tmp_path / "world.yaml"
    file.write_text(yaml.safe_dump(world), encoding="utf-8")
    with Sandbox(file, keys=keys) as opened:
        wanted = config(opened, service="service/dora")
        live = read_live(wanted.name, clouds(wanted, retries=QUICK))

    root = (
        "policies of the root compartment: 404 NotAuthorizedOrNotFound; it takes "
        "`inspect policies in tenancy`"
    )
    assert sorted(live.world.tenancies) == ["caller", "service"]
    assert dict(live.unread) == {}
    assert dict(live.rootless) == {"ocid1.tenancy.oc1..service": root}
