"""`ocipolicy snapshot` as its users run it."""

import re
import time
from pathlib import Path

from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.faults import Fault
from ocipolicy.world import load_world
from tests.cloud.sides import WORLD
from tests.examples import EXAMPLES
from tests.terminals import at_terminal, plain, run


def arguments(sandbox: Sandbox, who: str = "acme/admin") -> tuple[str, ...]:
    known = sandbox.principal(who)
    file = str(known.config_file)
    return (
        *("snapshot", "--profile", known.profile),
        *("--config-file", file, "--endpoint", f"{sandbox.endpoint}/r/{{region}}"),
    )


def test_the_world_goes_to_standard_output_and_nothing_else_is_said(sandbox: Sandbox) -> None:
    done = run(*arguments(sandbox))

    assert (done.returncode, done.stderr.decode()) == (0, "")
    found = load_world(done.stdout.decode())
    assert found.world is not None
    assert [*found.world.tenancies] == ["acme"]
    live = load_world(WORLD.read_text(encoding="utf-8")).world
    assert live is not None
    policies = {each.ocid: each for each in live.tenancies["acme"].policies}
    assert {each.ocid: each for each in found.world.tenancies["acme"].policies} == policies


def test_a_file_is_written_whole_and_the_rest_is_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    done = run(*arguments(sandbox), "-o", str(file))

    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode() == (
        f"wrote {file}\nacme: 5 compartments, 7 users, 5 groups, 1 dynamic group, 5 policies\n"
    )
    assert load_world(file.read_text(encoding="utf-8")).diagnostics == ()


def test_explain_answers_from_a_snapshot(sandbox: Sandbox, tmp_path: Path) -> None:
    file = str(tmp_path / "acme.yaml")
    run(*arguments(sandbox), "-o", file)

    asked = ("--do", "Chat", "--in", "acme/ai:labs")
    assert run("explain", "--world", file, "--who", "bob@example.com", *asked).returncode == 0
    assert run("explain", "--world", file, "--who", "half", *asked).returncode == 1


def test_what_may_not_be_read_is_told(sandbox: Sandbox) -> None:
    done = run(*arguments(sandbox, "acme/half"))

    assert done.returncode == 0
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 7
    assert (
        "left out: users: 404 NotAuthorizedOrNotFound; it takes `inspect users in tenancy`" in lines
    )
    assert load_world(done.stdout.decode()).diagnostics == ()


def test_progress_is_for_terminals(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    code, screen = at_terminal(*arguments(sandbox), "-o", str(file))

    assert code == 0
    shown = plain(screen)
    assert "17/17" in shown
    assert shown.splitlines()[-1].endswith(" 5 policies")


def test_attempts_are_told(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("ListUsers", status=503))
    done = run(*arguments(sandbox))

    assert done.returncode == 0
    assert re.fullmatch(
        r"ListUsers: 503 ServiceUnavailable; again in 1 s \(attempt 2 of 6\)\n",
        done.stderr.decode(),
    )


def failure(*arguments: str) -> str:
    """What a run says that could not go on."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    said = done.stderr.decode()
    assert "Traceback" not in said
    return said


def test_a_profile_that_is_not_there(sandbox: Sandbox) -> None:
    words = ["acme/admn" if each == "acme/admin" else each for each in arguments(sandbox)]
    assert failure(*words) == (
        f"error: there is no profile acme/admn in {sandbox.principal('acme/admin').config_file}\n"
        "help: did you mean acme/admin?\n"
    )


def test_a_reader_without_any_right(sandbox: Sandbox) -> None:
    assert failure(*arguments(sandbox, "acme/nobody")) == (
        "error: the caller may read nothing of the tenancy ocid1.tenancy.oc1..acme: every answer "
        "is 404 NotAuthorizedOrNotFound\n"
        "help: look at the profile, or ask an administrator for "
        "`allow group <yours> to inspect all-resources in tenancy`\n"
    )


def test_a_closed_port_ends_it_at_once(sandbox: Sandbox) -> None:
    words = [*arguments(sandbox)[:-1], "http://127.0.0.1:9"]
    started = time.monotonic()
    said = failure(*words)

    assert time.monotonic() - started < 10  # of which the start of Python and the SDK is most
    assert said == (
        "error: ListRegionSubscriptions: 127.0.0.1:9 cannot be reached: Connection refused\n"
        "help: start the sandbox, `ocipolicy sandbox start`, or look at the port in the endpoint\n"
    )


def test_an_endpoint_that_is_none() -> None:
    assert failure("snapshot", "--endpoint", "127.0.0.1:80") == (
        "error: --endpoint must be the URL of a server, and `127.0.0.1:80` is not\n"
        "help: write it like http://127.0.0.1:8080; `{region}` is all that braces may hold\n"
    )


def test_the_name_of_a_profile_that_is_none() -> None:
    assert failure("snapshot", "--profile", " x ") == (
        "error: --profile has blanks at its edge\nhelp: take them away\n"
    )


def test_a_file_that_cannot_be_written(sandbox: Sandbox, tmp_path: Path) -> None:
    said = failure(*arguments(sandbox), "-o", str(tmp_path / "nowhere" / "w.yaml"))

    assert said.startswith(f"error: {tmp_path}/nowhere/w.yaml cannot be written: ")


def test_two_tenancies_in_one_file_answer_across_them(tmp_path: Path) -> None:
    file = str(tmp_path / "both.yaml")
    with Sandbox(EXAMPLES / "cross-tenancy.world.yaml") as sandbox:
        other = sandbox.principal("service/admin").profile
        done = run(*arguments(sandbox, "caller/admin"), "--profile", other, "-o", file)

    assert done.returncode == 0, done.stderr
    found = load_world(Path(file).read_text(encoding="utf-8"))
    assert found.world is not None
    assert [*found.world.tenancies] == ["caller", "service"]
    assert [line for line in done.stderr.decode().splitlines() if ", " in line] == [
        "caller: 1 compartment, 3 users, 2 groups, 0 dynamic groups, 2 policies",
        "service: 2 compartments, 2 users, 1 group, 0 dynamic groups, 2 policies",
    ]


def test_two_profiles_of_one_tenancy(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    other = sandbox.principal("acme/half").profile
    done = run(*arguments(sandbox), "--profile", other, "-o", str(file))

    assert done.returncode == 2
    assert "the profiles acme/admin and acme/half are of one tenancy" in done.stderr.decode()
    assert not file.exists()
