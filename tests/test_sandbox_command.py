"""`ocipolicy sandbox`: started, used from a shell, looked at and stopped, in its own processes."""

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.examples import EXAMPLES
from tests.sandboxes import Running, signer
from tests.terminals import OCIPOLICY, environment

WORLD = EXAMPLES / "cross-tenancy.world.yaml"
CALLER = "ocid1.tenancy.oc1..caller"
POLICIES = f"/20160918/policies?compartmentId={CALLER}"
GENAI = "ocid1.compartment.oc1..genai"


def plain(text: bytes, place: Running) -> str:
    """What a command said, without what differs from run to run."""
    said = text.decode().replace(str(place.state), "STATE").replace(str(place.port), "PORT")
    return re.sub(r"^\d\d:\d\d:\d\d", "TIME", said, flags=re.MULTILINE)


def status(place: Running, profile: str, method: str, target: str, body: bytes = b"") -> int:
    """The status of the answer to a signed request."""
    headers = signer(place, profile).signed(method, target, body)
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
    try:
        connection.request(method, target, body or None, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def chat(place: Running, profile: str) -> int:
    content = [{"type": "TEXT", "text": "hi"}]
    body = {
        "compartmentId": GENAI,
        "servingMode": {"servingType": "ON_DEMAND", "modelId": "meta.llama-3.3-70b-instruct"},
        "chatRequest": {"apiFormat": "GENERIC", "messages": [{"role": "USER", "content": content}]},
    }
    return status(place, profile, "POST", "/20231130/actions/chat", json.dumps(body).encode())


def exported(place: Running, *options: str, before: str = "") -> dict[str, str]:
    """The variables of a shell that has evaluated what `env` prints."""
    printed = place.run("env", *options)
    assert (printed.returncode, printed.stderr) == (0, b"")
    script = f"{before}\n{printed.stdout.decode()}\nenv -0"
    done = subprocess.run(
        ["bash", "-ec", script], capture_output=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    pairs = (each.split("=", 1) for each in done.stdout.decode().split("\0") if each)
    return {name: text for name, text in pairs if name not in ("PATH", "PWD", "SHLVL", "_")}


@contextmanager
def foreground(place: Running, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A sandbox that shows what happens, from the moment when it answers."""
    words = ("sandbox", "start", "--port", str(place.port), *options)
    with subprocess.Popen(
        [*OCIPOLICY, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment({"XDG_STATE_HOME": str(place.state)}),
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not (place.folder / "pid").exists() and time.monotonic() < deadline:
                assert process.poll() is None
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def test_a_start_tells_where_it_is_and_who_is_in_it(
    running: Running, snapshot: SnapshotAssertion
) -> None:
    assert plain((running.folder / "output.log").read_bytes(), running) == snapshot


def test_everything_that_it_keeps_is_private(running: Running) -> None:
    modes = {
        str(path.relative_to(running.state)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in [running.folder, *running.folder.rglob("*")]
    }

    assert len(modes) > 20
    assert {name: mode for name, mode in modes.items() if mode not in ("0o600", "0o700")} == {}


def test_keys_are_the_same_the_next_time(running: Running) -> None:
    before = {path: path.read_bytes() for path in (running.folder / "keys").iterdir()}
    running.run("stop")
    running.run("start", "--background", "--world", str(WORLD))

    assert len(before) > 8
    assert {path: path.read_bytes() for path in before} == before


def test_env_names_files_that_are_there(running: Running) -> None:
    found = exported(running)

    assert found == {
        "NO_PROXY": "127.0.0.1,localhost",
        "OCI_CLI_CONFIG_FILE": str(running.folder / "config"),
        "OCI_CLI_ENDPOINT": running.endpoint,
        "OCI_CLI_RC_FILE": str(running.folder / "oci_cli_rc"),
        "OCI_CONFIG_FILE": str(running.folder / "config"),
        "OCI_METADATA_BASE_URL": f"{running.endpoint}/opc/v2",
        "no_proxy": "127.0.0.1,localhost",
    }
    assert [
        name for name, text in found.items() if text[0] == "/" and not Path(text).exists()
    ] == []


def test_env_makes_a_shell_an_instance_and_then_a_user(running: Running) -> None:
    direct = exported(running)
    instance = exported(running, "--as", "caller/host")
    function = exported(running, "--as", "function")
    before = running.run("env", "--as", "caller/host").stdout.decode()
    user = exported(running, "--as", "ocid1.user.oc1..alice", before=before)

    assert instance == {
        **direct,
        "OCI_CLI_AUTH": "instance_principal",
        "OCI_CLI_FEDERATION_ENDPOINT": f"{running.endpoint}/v1/x509",
        "OCI_METADATA_BASE_URL": f"{running.endpoint}/i/caller/host/opc/v2",
    }
    assert user == {**direct, "OCI_CLI_PROFILE": "caller/alice"}
    names = ("VERSION", "RPST", "PRIVATE_PEM", "REGION")
    assert {*function} - {*direct} == {
        "OCI_CLI_AUTH",
        *(f"OCI_RESOURCE_PRINCIPAL_{name}" for name in names),
    }


def test_env_through_the_proxy(running: Running) -> None:
    found = exported(running, "--proxy", before=running.run("env").stdout.decode())

    assert found["HTTPS_PROXY"] == found["https_proxy"] == running.endpoint
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        assert Path(found[name]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert "OCI_CLI_ENDPOINT" not in found
    assert "OCI_CLI_RC_FILE" not in found


def test_env_quotes_what_a_shell_would_read_otherwise(place: Running, tmp_path: Path) -> None:
    odd = replace(place, state=tmp_path / "it's $HOME `id`")
    odd.state.mkdir()
    odd.run("start", "--background")
    try:
        assert exported(odd)["OCI_CONFIG_FILE"] == str(odd.folder / "config")
    finally:
        odd.run("stop")


def test_env_of_nobody(running: Running) -> None:
    done = running.run("env", "--as", "caller/mallory")

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(
        b"error: the tenancy `caller` has no user or resource `mallory`; it has"
    )


def test_the_log_says_what_decided(running: Running, snapshot: SnapshotAssertion) -> None:
    statuses = [chat(running, "caller/sales")]
    running.run("stop")
    running.run("start", "--background", "--world", str(WORLD))
    statuses += [
        chat(running, "caller/sales"),
        chat(running, "caller/alice"),
        status(running, "caller/admin", "GET", POLICIES),
        status(running, "caller/alice", "GET", "/20160918/nothing%1b[31m"),
    ]

    done = running.run("log")

    assert statuses == [404, 200, 404, 200, 404]
    assert (done.returncode, done.stderr) == (0, b"")
    assert plain(done.stdout, running) == snapshot


def test_the_log_as_data(running: Running) -> None:
    status(running, "caller/admin", "GET", POLICIES)

    data = json.loads(running.run("log", "--format", "json").stdout)

    assert data["schema"] == 1
    (entry,) = data["entries"]
    wanted = {"principal": "caller/admin", "operation": "identity:ListPolicies", "status": 200}
    assert wanted.items() <= entry.items()


def test_the_log_can_be_followed_to_the_end(running: Running) -> None:
    words = ("sandbox", "log", "--follow", "--format", "json", "--port", str(running.port))
    status(running, "caller/admin", "GET", POLICIES)
    with subprocess.Popen(
        [*OCIPOLICY, *words],
        stdout=subprocess.PIPE,
        text=True,
        env=environment({"XDG_STATE_HOME": str(running.state)}),
    ) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        status(running, "service/admin", "GET", POLICIES)
        second = json.loads(process.stdout.readline())
        running.run("stop")
        rest = process.stdout.read()

    said = [(each["schema"], each["principal"]) for each in (first, second)]
    assert said == [(1, "caller/admin"), (1, "service/admin")]
    assert (process.returncode, rest) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_it_shows_requests_until_a_signal(
    number: signal.Signals, place: Running
) -> None:
    with foreground(place) as process:
        chat(place, "caller/sales")
        assert process.stdout
        for line in process.stdout:
            if "generative-ai:Chat" in line:
                break
        process.send_signal(number)
        rest = process.stdout.read()

    assert line.endswith(" 404 caller/sales generative-ai:Chat in service/ai:genai: denied\n")
    assert rest.splitlines()[-1] == "stopped"
    assert process.returncode == 0
    assert [(place.folder / name).exists() for name in ("pid", "control-token")] == [False, False]


def test_in_the_foreground_it_ends_when_it_is_stopped(place: Running) -> None:
    with foreground(place) as process:
        done = place.run("stop")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert process.wait(10) == 0


def test_a_second_start_at_the_port(running: Running) -> None:
    done = running.run("start")

    assert (done.returncode, done.stdout) == (2, b"")
    assert plain(done.stderr, running) == (
        "error: a sandbox is running on port PORT already\n"
        "help: `ocipolicy sandbox stop --port PORT` ends it; "
        "with --port another one runs beside it\n"
    )
    assert running.run("env").returncode == 0


@pytest.mark.parametrize("options", [(), ("--background",)], ids=["foreground", "background"])
def test_a_start_at_a_port_of_somebody_else(options: tuple[str, ...], place: Running) -> None:
    with socket.create_server(("127.0.0.1", place.port)):
        done = place.run("start", *options)

    assert (done.returncode, done.stdout) == (2, b"")
    assert plain(done.stderr, place).startswith(
        "error: cannot listen on 127.0.0.1:PORT: Address already in use\n"
    )


def test_a_start_after_one_that_was_killed(place: Running) -> None:
    place.run("start", "--background")
    os.kill(int((place.folder / "pid").read_text()), signal.SIGKILL)
    while place.run("env").returncode == 0:
        time.sleep(0.05)

    stopped, started = place.run("stop"), place.run("start", "--background")

    assert (stopped.returncode, started.returncode) == (2, 0)
    assert place.run("env").returncode == 0


@pytest.mark.parametrize("words", [("stop",), ("env",), ("log",)], ids=" ".join)
def test_where_no_sandbox_is_running(words: tuple[str, ...], place: Running) -> None:
    done = place.run(*words)

    assert (done.returncode, done.stdout) == (2, b"")
    assert plain(done.stderr, place) == (
        "error: no sandbox is running on port PORT\n"
        "help: start one with `ocipolicy sandbox start --background --port PORT`\n"
    )


def test_a_sandbox_that_is_not_ours_is_left_alone(running: Running, tmp_path: Path) -> None:
    stranger = replace(running, state=tmp_path)

    done = stranger.run("stop")

    assert done.returncode == 2
    assert plain(done.stderr, stranger) == (
        "error: the sandbox at http://127.0.0.1:PORT does not take orders from "
        "STATE/ocipolicy/sandbox/PORT\n"
        "help: another user started it, or a program\n"
    )
    assert running.run("env").returncode == 0


@pytest.mark.parametrize("options", [(), ("--background",)], ids=["foreground", "background"])
def test_a_world_with_mistakes(options: tuple[str, ...], place: Running) -> None:
    done = place.run("start", "--world", "-", *options, stdin=b"tenancys: {}\n")

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"<stdin>:1:1: error: ")
    assert done.stderr.endswith(b"error: the world has mistakes, so there is no sandbox\n")


def test_a_world_from_standard_input(place: Running) -> None:
    started = place.run("start", "--world", "-", "--background", stdin=WORLD.read_bytes())

    assert started.returncode == 0
    assert chat(place, "caller/sales") == 200


def test_a_folder_that_cannot_be_written(place: Running) -> None:
    (place.state / "ocipolicy").write_text("a file")

    done = place.run("start", "--background")

    assert (done.returncode, done.stdout) == (2, b"")
    assert plain(done.stderr, place) == (
        "error: cannot keep keys in STATE/ocipolicy/sandbox/PORT: Not a directory\n"
    )
