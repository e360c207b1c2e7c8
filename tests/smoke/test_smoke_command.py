"""`ocipolicy smoke` from outside: what it prints, and how it exits."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from syrupy.assertion import SnapshotAssertion

from ocipolicy.sandbox import Sandbox
from tests.commands import call, told
from tests.commands import put as write
from tests.examples import changed
from tests.smoke.clients import closed_port
from tests.smoke.states import SALES, WORLD, profile, put
from tests.terminals import at_terminal, plain, run

BROKEN = {"caller": {"policies": {"sales-assistant-caller": None}}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and a state folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def place(sandbox: Sandbox, folder: Path) -> Path:
    """The folder of the sandbox where `ocipolicy sandbox start` would have it."""
    port = sandbox.endpoint.rpartition(":")[2]
    place = folder / "state" / "ocipolicy" / "sandbox" / port
    place.parent.mkdir(parents=True)
    place.symlink_to(sandbox.folder)
    return place


def config(sandbox: Sandbox, user: str = "service/admin", **changes: Any) -> str:
    """A config file whose calls go to the sandbox."""
    sides = {
        "caller.profile": profile(sandbox, "caller/admin"),
        "service.profile": profile(sandbox, user),
    }
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return write("ocipolicy.yaml", changed("cross-tenancy", {**sides, **keys}))


def steady(text: str) -> str:
    """A report without what differs from run to run."""
    text = re.sub(r"\b[0-9A-F]{32}\b", "0" * 32, text)
    return re.sub(r"\b\d+\.\d\d s\b", "0.01 s", text)


def narrow(text: str) -> list[str]:
    """The lines that are too wide for a terminal, but for statements, commands and single words."""
    words = (*("allow ", "admit ", "endorse ", "define "), "$ ")
    lines = (line for line in text.splitlines() if not line.strip().startswith(words))
    return [line for line in lines if len(line) > 80 and len(line.split()) > 1]


def test_all_is_well(sandbox: Sandbox, snapshot: SnapshotAssertion) -> None:
    put(sandbox, {})
    code, out, err = told(call("smoke", config(sandbox)))

    assert (code, err) == (0, "")
    assert narrow(out) == []
    assert steady(out) == snapshot


def test_the_instance_may_not(sandbox: Sandbox, snapshot: SnapshotAssertion) -> None:
    put(sandbox, {"world": BROKEN})
    code, out, _ = told(call("smoke", config(sandbox)))

    assert code == 1
    assert narrow(out) == []
    assert steady(out) == snapshot


def test_the_instance_itself(sandbox: Sandbox, place: Path, snapshot: SnapshotAssertion) -> None:
    put(sandbox, {"world": BROKEN})
    assert place.exists()
    code, out, _ = told(call("smoke", config(sandbox), "--as", "sales"))

    assert code == 1
    assert narrow(out) == []
    assert steady(out) == snapshot


def test_several_causes(sandbox: Sandbox, snapshot: SnapshotAssertion) -> None:
    put(sandbox, {})
    calls = ["generate-text", "generate-text-stream", "embed", "language"]
    code, out, _ = told(call("smoke", config(sandbox, "service/carol", smoke__calls=calls)))

    assert code == 1
    assert narrow(out) == []
    assert steady(out) == snapshot


def test_a_paired_instance(sandbox: Sandbox, snapshot: SnapshotAssertion) -> None:
    put(sandbox, {})
    change = {
        "service.profile": profile(sandbox, "service/admin"),
        "caller.tenancy": "ocid1.tenancy.oc1..caller",
    }
    code, out, _ = told(call("smoke", write("paired.yaml", changed("paired", change))))

    assert code == 0
    assert narrow(out) == []
    assert steady(out) == snapshot


def test_json(sandbox: Sandbox) -> None:
    put(sandbox, {"world": BROKEN})
    result = call(
        "smoke", config(sandbox, smoke__calls=["chat", "chat-stream"]), "--format", "json"
    )
    data = json.loads(result.stdout)

    assert (result.exit_code, data["schema"], data["region"]) == (1, 1, "us-chicago-1")
    chat, stream = data["calls"]
    assert {key: chat[key] for key in ("call", "as", "proof", "predicted", "observed", "ok")} == {
        "call": "chat",
        "as": "service/admin",
        "proof": "own-call",
        "predicted": "allowed",
        "observed": "allowed",
        "ok": True,
    }
    assert (chat["cause"], chat["fix"], chat["status"]) == (None, None, 200)
    assert chat["request_id"].count("/") == 2
    assert 0 <= stream["first_token_seconds"] <= stream["seconds"] < 5
    assert chat["first_token_seconds"] is None
    (access,) = data["access"]
    assert (access["as"], access["proof"], access["verdict"]) == (
        SALES,
        "instance-access",
        "denied",
    )
    assert (access["cause"], access["ok"], access["because"]) == ("missing-endorse", False, [])
    assert [each["tenancy"] for each in access["statements"]] == ["caller", "caller"]
    assert access["fix"].splitlines()[1:] == [
        *(f"caller: {each['statement']}" for each in access["statements"]),
        "ocipolicy apply ocipolicy.yaml",
    ]


def test_junit(sandbox: Sandbox) -> None:
    put(sandbox, {"world": BROKEN})
    file = config(sandbox, smoke__calls=["chat", "generate-text"])
    result = call("smoke", file, "--format", "junit")

    root = ET.fromstring(result.stdout)  # noqa: S314 - it is our own

    assert result.stdout.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites')
    suites = {each.get("name"): each for each in root}
    assert [*suites] == ["own-call", "instance-access"]
    counts = ("tests", "failures", "errors", "skipped")
    assert [suites["own-call"].get(each) for each in counts] == ["2", "1", "0", "0"]
    assert [suites["instance-access"].get(each) for each in counts] == ["2", "2", "0", "0"]
    names = [each.get("name") for each in suites["own-call"].iter("testcase")]
    model = "cohere.command-a-03-2025"
    assert names == [f"chat {model}", f"generate-text {model}"]
    (failure,) = suites["own-call"].iter("failure")
    assert failure.get("type") == "wrong-task"
    assert "predicted allowed" in (failure.text or "")


def test_junit_of_what_got_no_answer_and_what_is_not_known(sandbox: Sandbox) -> None:
    put(sandbox, {})
    gone = {**profile(sandbox, "service/admin"), "endpoint": f"http://127.0.0.1:{closed_port()}"}
    result = call("smoke", config(sandbox, service__profile=gone), "--format", "junit")

    root = ET.fromstring(result.stdout)  # noqa: S314 - it is our own

    assert result.exit_code == 2
    assert [each.get("type") for each in root.iter("error")] == ["no-answer", "no-answer"]
    assert len([*root.iter("skipped")]) == 1


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"region": None}, 1, "smoke needs `region`, where Generative AI is called"),
        ({"name": 7}, 1, "name"),
    ],
)
def test_a_config_with_a_mistake(
    sandbox: Sandbox, change: dict[str, Any], code: int, words: str
) -> None:
    result = call("smoke", config(sandbox, **change))

    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr


def test_a_side_that_nobody_can_call_on(sandbox: Sandbox) -> None:
    result = call("smoke", config(sandbox, service__profile=None))

    assert told(result)[:2] == (2, "")
    assert result.stderr == (
        "error: ocipolicy.yaml has no profile for the service side, so nobody can call\n"
        "help: add `profile:` under service, of somebody who may call the models there\n"
    )


def test_no_instance_of_a_real_cloud_is_called_as(sandbox: Sandbox) -> None:
    file = config(sandbox, service__profile="SERVICE")

    code, out, err = told(call("smoke", file, "--as", "sales"))

    assert (code, out) == (2, "")
    assert err == (
        "error: --as needs a sandbox, and the config's calls go to a real cloud: there the key of"
        " an instance never leaves it\n"
        "help: without --as the access of the instances is read off the live policies; a sandbox is"
        " named by `profile: {endpoint: http://127.0.0.1:18080/r/{region}}`\n"
    )


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("salse", "did you mean `sales`?"),
        ("service/carol", "service/carol is no principal with a resource principal of its own"),
    ],
)
def test_somebody_who_is_no_instance(sandbox: Sandbox, place: Path, who: str, words: str) -> None:
    put(sandbox, {})
    assert place.exists()
    code, out, err = told(call("smoke", config(sandbox), "--as", who))

    assert (code, out) == (2, "")
    assert words in err


def test_a_sandbox_that_is_not_ours(sandbox: Sandbox) -> None:
    put(sandbox, {})
    code, _, err = told(call("smoke", config(sandbox), "--as", "sales"))

    assert code == 2
    assert "does not take orders from" in err


@pytest.fixture
def background(folder: Path) -> Iterator[int]:
    """A sandbox as `ocipolicy sandbox start` starts it, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    state = str(folder / "state")
    options = ("--world", str(WORLD), "--port", str(port))
    started = run("sandbox", "start", *options, "--background", XDG_STATE_HOME=state)
    assert started.returncode == 0, started.stderr
    yield port
    assert run("sandbox", "stop", "--port", str(port), XDG_STATE_HOME=state).returncode == 0


def test_the_instance_of_a_sandbox_in_another_process(background: int, folder: Path) -> None:
    place = folder / "state" / "ocipolicy" / "sandbox" / str(background)
    endpoint = f"http://127.0.0.1:{background}/r/{{region}}"
    side = {"config_file": str(place / "config"), "endpoint": endpoint}
    change = {
        "caller.profile": {**side, "name": "caller/admin"},
        "service.profile": {**side, "name": "service/admin"},
    }
    file = write("ocipolicy.yaml", changed("cross-tenancy", change))

    code, screen = at_terminal(
        "smoke", file, "--as", "caller/sales", XDG_STATE_HOME=str(folder / "state")
    )

    assert code == 0, screen
    assert f"calls by the instance itself, {SALES}" in plain(screen)
    assert "smoke: 2 of 2 of the instance's own calls answered" in plain(screen)


def test_at_a_terminal_the_seconds_are_counted_down(sandbox: Sandbox) -> None:
    put(sandbox, {"fault": {"operation": "Chat", "status": 404, "times": 2}})
    file = config(sandbox, "service/carol", smoke__calls=["chat"])

    code, screen = at_terminal("smoke", file, "--wait", "20")

    shown = plain(screen)
    assert code == 0, shown
    assert re.search(
        r"chat: 404 NotAuthorizedOrNotFound; policies take a moment, 1\d s left", shown
    )
    assert re.search(r"observed allowed in \d\.\d\d s, tried for \d s", shown)
