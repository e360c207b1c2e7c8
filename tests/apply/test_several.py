"""Several configs at once: one that fails does not stop the others, and there is one table."""

import json

import pytest

from tests.apply.place import Place
from tests.commands import call

DEAD = "http://127.0.0.1:9/r/{region}"


def fleet(place: Place, *names: str, dead: str = "") -> list[str]:
    """A config for each name, each with policies of its own name; one cannot be reached."""
    for name in names:
        profile = place.profile("caller")
        if name == dead:
            profile["endpoint"] = DEAD
        place.config(f"{name}.yaml", change={"name": name, "caller.profile": profile})
    return [f"{name}.yaml" for name in names]


def test_four_of_five_are_planned(place: Place) -> None:
    files = fleet(place, "a", "b", "c", "d", "e", dead="c")

    result = call("plan", *files)

    assert result.exit_code == 2
    assert [line for line in result.stdout.splitlines() if line.startswith("# ")] == [
        f"# {file}" for file in files
    ]
    assert result.stdout.count("+ create") == 9
    assert result.stdout.endswith(
        "config  create  update  delete  keep\n"
        "a.yaml       2       0       0     0\n"
        "b.yaml       2       0       0     0\n"
        "c.yaml  nothing can be planned for the caller side: ListRegionSubscriptions:…\n"
        "d.yaml       2       0       0     0\n"
        "e.yaml       2       0       0     0\n"
        "\n"
        "4 of 5 planned: 8 to create, 0 to update, 0 to delete, 0 unchanged\n"
    )


def test_those_that_can_be_planned_are_applied(place: Place) -> None:
    files = fleet(place, "a", "b", "c", dead="b")

    result = place.apply(*files)

    assert result.exit_code == 2
    assert result.stdout.endswith(
        "\n# a.yaml\n"
        "✓ created a-service in service\n"
        "✓ created a-caller in caller\n"
        "done: 2 created\n"
        "\n# c.yaml\n"
        "✓ created c-service in service\n"
        "✓ created c-caller in caller\n"
        "done: 2 created\n"
    )
    assert (place.ours("service", "a"), place.ours("service", "c")) != ([], [])
    assert (place.ours("service", "b"), place.ours("caller", "b")) == ([], [])
    fleet(place, "a", "b", "c")
    assert place.apply(*files).exit_code == 0
    assert call("plan", "--exit-code", *files).exit_code == 0


def test_a_config_with_mistakes_and_one_that_is_not_there(place: Place) -> None:
    files = fleet(place, "a")
    (place.folder / "wrong.yaml").write_text("name: wrong\nscenario: nothing\n", "utf-8")

    result = call("plan", *files, "wrong.yaml", "gone.yaml")

    assert result.exit_code == 2
    assert "wrong.yaml:1:1: error: the config has no `caller` [missing-key]\n" in result.stderr
    assert "error: gone.yaml cannot be read: No such file or directory\n" in result.stderr
    assert result.stdout.endswith(
        "config      create  update  delete  keep\n"
        "a.yaml           2       0       0     0\n"
        "wrong.yaml  has mistakes\n"
        "gone.yaml   gone.yaml cannot be read: No such file or directory\n"
        "\n"
        "1 of 3 planned: 2 to create, 0 to update, 0 to delete, 0 unchanged\n"
    )
    assert call("plan", *files, "wrong.yaml").exit_code == 1


def test_several_as_data(place: Place) -> None:
    files = fleet(place, "a", "b", dead="b")

    result = call("plan", "--format", "json", *files, "gone.yaml")

    data = json.loads(result.stdout)
    assert result.exit_code == 2
    assert data["schema"] == 1
    assert [each["config"] for each in data["plans"]] == ["a.yaml", "b.yaml", "gone.yaml"]
    assert [len(each["steps"]) for each in data["plans"]] == [2, 1, 0]
    assert data["plans"][2]["failure"] == {
        "message": "gone.yaml cannot be read: No such file or directory",
        "help": "`ocipolicy init` writes a config to start from",
    }


def test_one_that_fails_does_not_keep_the_others_from_being_applied(place: Place) -> None:
    files = fleet(place, "a", "b")
    place.fault("caller", "CreatePolicy", status=403, code="NotAllowed")

    result = place.apply(*files)

    assert result.exit_code == 1
    assert (place.ours("service", "a"), place.ours("caller", "a")) == ([], [])
    assert place.ours("caller", "b") != []


def test_the_plan_of_one_config_is_saved_and_not_of_several(place: Place) -> None:
    files = fleet(place, "a", "b", dead="b")

    several = call("plan", "-o", "plan.json", *files)
    refused = call("plan", "-o", "plan.json", "b.yaml")

    assert several.exit_code == 2
    assert "Error: -o saves the plan of one config, not of several.\n" in several.stderr
    assert refused.exit_code == 2
    assert refused.stderr == "plan.json was not written: the plan cannot be applied\n"
    assert not (place.folder / "plan.json").exists()


@pytest.mark.parametrize("said", ["0", "soon", "-3", "1e9", "nan"])
def test_a_patience_that_is_none(place: Place, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("OCIPOLICY_PATIENCE", said)
    place.config()

    result = call("plan")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"error: OCIPOLICY_PATIENCE is '{said}', which is no number of seconds from 1 to 3600\n"
        "help: leave it out for 90 seconds\n"
    )


def test_attempts_are_seen(place: Place) -> None:
    place.config()
    place.fault("service", "ListGroups", status=503, times=2)

    result = call("plan")

    assert result.exit_code == 0
    assert result.stderr == (
        "ListGroups: 503 ServiceUnavailable; again in 0 s (attempt 2 of 6)\n"
        "ListGroups: 503 ServiceUnavailable; again in 0 s (attempt 3 of 6)\n"
    )


def test_two_configs_of_one_name_in_one_tenancy(place: Place) -> None:
    """Each would take the policies of the other for its own, and the last one would stay alone."""
    place.config("a.yaml")
    place.config("b.yaml", change={"caller.instances": ["ocid1.odainstance.oc1.iad.support"]})

    result = place.apply("a.yaml", "b.yaml")

    assert result.exit_code == 1
    assert (
        "b.yaml:1:7: error: a.yaml has this name for policies of the same tenancy, and each would"
        " take those of the other for its own [shared-name]\n"
    ) in result.stderr
    assert len(place.ours("caller")) == 1
    assert "sales'" in str(place.ours("caller"))


def test_one_name_in_two_tenancies_is_two_things(place: Place) -> None:
    alone = {"service": None, "compartment": None, "endorse": None, "scenario": "same-tenancy"}
    place.config("a.yaml", change={**alone, "service.profile": ..., "service.tenancy": ...})
    there = {
        "caller.tenancy": "ocid1.tenancy.oc1..service",
        "caller.profile": place.profile("service"),
    }
    place.config("b.yaml", change={**alone, **there, "service.profile": ...})

    assert call("plan", "a.yaml", "b.yaml").exit_code == 0
