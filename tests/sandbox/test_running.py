"""A sandbox from Python: what it gives, what it leaves on disk, and what it refuses."""

import configparser
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ocipolicy import sandbox as room
from ocipolicy.diagnostics import CannotGoOn, Unreadable, Unwritable
from ocipolicy.sandbox import BadWorld, Sandbox
from ocipolicy.sandbox.keys import Keys, fingerprint
from ocipolicy.world import World
from tests.sandbox.clouds import world_of
from tests.sandbox.signing import LIST, SERVICE, TENANCY, WORLD, shared_keys, signer, world

FORMS = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(world(), keys=shared_keys()) as running:
        yield running


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def profiles(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path)
    return parser


def test_the_front_has_its_names() -> None:
    assert (room.Sandbox, room.BadWorld) == (Sandbox, BadWorld)
    with pytest.raises(AttributeError, match="has no attribute 'Sandcastle'"):
        _ = room.Sandcastle


def test_the_front_costs_little() -> None:
    code = "import sys, ocipolicy.sandbox; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"ocipolicy.sandbox.running", "cryptography", "werkzeug", "json"} & {*loaded} == set()


@pytest.mark.parametrize("given", [WORLD, str(WORLD)])
def test_a_world_by_its_file(given: Path | str) -> None:
    with Sandbox(given, keys=shared_keys()) as sandbox:
        assert [*sandbox.state.world.tenancies] == ["caller", "service"]


@pytest.mark.parametrize("example", sorted(FORMS.glob("*.world.yaml")), ids=lambda path: path.name)
def test_every_example_opens(example: Path) -> None:
    with Sandbox(example, keys=shared_keys()) as sandbox:
        assert sandbox.principal("caller/sales").environ
        assert sandbox.principal("caller/admin").config["user"].startswith("ocid1.user.oc0..")


def test_a_file_with_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    file.write_text("tenancies:\n  a: {ocid: nonsense}\n  b: {regions: 7}\n")

    with pytest.raises(BadWorld) as caught:
        Sandbox(file)

    assert caught.value.message.startswith(f"{file}:2:")
    assert caught.value.message.endswith("more)")
    assert len(caught.value.diagnostics) > 1
    assert isinstance(caught.value, CannotGoOn)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"cannot read .*/nothing\.yaml: No such file"):
        Sandbox(tmp_path / "nothing.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff")
    with pytest.raises(Unreadable, match="it is no text in UTF-8"):
        Sandbox(tmp_path / "bytes.yaml")


def test_a_world_without_a_tenancy() -> None:
    with pytest.raises(CannotGoOn, match="the world has none"):
        Sandbox(World(MappingProxyType({})))


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Unwritable, match="cannot keep keys in"):
        Sandbox(world(), folder=tmp_path / "file")


def test_what_the_sdk_takes_as_config(sandbox: Sandbox) -> None:
    alice = sandbox.principal("alice")

    assert alice.config == {
        "user": "ocid1.user.oc1..alice",
        "fingerprint": signer("alice").key_id.rpartition("/")[2],
        "tenancy": TENANCY,
        "region": "us-ashburn-1",
        "key_file": str(alice.key_file),
    }
    assert alice.profile == "caller/alice"
    assert sandbox.principal("ocid1.user.oc1..alice").config == alice.config
    assert sandbox.principal("zoe").config["region"] == "us-chicago-1"
    assert sandbox.principal("zoe").config["tenancy"] == SERVICE


def test_every_tenancy_has_an_administrator(sandbox: Sandbox) -> None:
    users = [sandbox.principal(f"{name}/admin").config["user"] for name in ("caller", "service")]

    assert len({*users}) == 2
    assert all(each.startswith("ocid1.user.oc0..sandbox") for each in users)
    with Sandbox(world(), keys=shared_keys()) as another:
        assert another.principal("caller/admin").config == sandbox.principal("caller/admin").config


def test_only_users_have_a_config(sandbox: Sandbox) -> None:
    with pytest.raises(CannotGoOn, match="`caller/sales` is no user") as caught:
        _ = sandbox.principal("sales").config
    assert "environ" in str(caught.value.help)
    with pytest.raises(CannotGoOn, match="no user or resource `mallory`"):
        sandbox.principal("mallory")


def test_what_is_on_disk_is_for_its_owner(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with Sandbox(world(), folder=tmp_path / "deep" / "own") as sandbox:
            for name in ("alice", "sales", "vm"):
                assert sandbox.principal(name).environ
            assert sandbox.principal("alice").security_token_file.exists()
            assert sandbox.proxy_environ
            paths = [sandbox.folder, *sandbox.folder.rglob("*")]
            found = {path: mode(path) for path in paths}
    finally:
        os.umask(old)

    assert {path for path in found if path.is_dir()} == {
        tmp_path / "deep" / "own",
        tmp_path / "deep" / "own" / "keys",
    }
    assert {found[path] for path in found if path.is_dir()} == {0o700}
    assert {found[path] for path in found if path.is_file()} == {0o600}
    assert not [path for path in found if path.name.startswith(".")]
    # What was given stays, with the keys in it.
    assert (tmp_path / "deep" / "own" / "keys").is_dir()


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    with Sandbox(world(), keys=tmp_path / "keys") as sandbox:
        path = sandbox.principal("alice").key_file
        path.chmod(0o644)
    with Sandbox(world(), keys=tmp_path / "keys") as sandbox:
        assert sandbox.principal("alice").key_file == path
    assert (mode(tmp_path / "keys"), mode(path)) == (0o700, 0o600)


def test_a_folder_of_its_own_is_gone_with_it() -> None:
    with Sandbox(world(), keys=shared_keys()) as sandbox:
        assert sandbox.config_file.exists()
    assert not sandbox.folder.exists()
    assert shared_keys().exists()


def test_a_key_is_made_once_and_ends_as_the_cli_wants(tmp_path: Path) -> None:
    first = Keys(tmp_path / "keys").of("caller/alice", "ocid1.user.oc1..alice")
    with ThreadPoolExecutor(4) as pool:
        several = [Keys(tmp_path / "keys") for _ in range(8)]
        same = [*pool.map(lambda each: each.of("caller/alice", "ocid1.user.oc1..alice"), several)]
        new = [*pool.map(lambda each: each.of("caller/bob", "ocid1.user.oc1..bob"), several)]

    assert {each.fingerprint for each in same} == {first.fingerprint}
    assert len({each.fingerprint for each in new}) == 1
    assert first.path.read_text().endswith("-----END PRIVATE KEY-----\nOCI_API_KEY\n")
    assert first.private.key_size == 2048
    assert fingerprint(first.public) == first.fingerprint
    assert len(first.fingerprint) == 47


def test_a_broken_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    path = keys.of("caller/alice", "ocid1.user.oc1..alice").path
    path.write_text("nothing")

    with pytest.raises(Unreadable, match="holds no private key") as caught:
        Keys(tmp_path).of("caller/alice", "ocid1.user.oc1..alice")
    assert caught.value.help == "delete it, and a new one is made"


def test_a_key_that_is_no_rsa(tmp_path: Path) -> None:
    path = Keys(tmp_path).of("caller/alice", "ocid1.user.oc1..alice").path
    other = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(Unreadable, match="holds no RSA key"):
        Keys(tmp_path).find("caller/alice", "ocid1.user.oc1..alice")


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    with Sandbox(world(), keys=shared_keys(), folder=tmp_path / "own") as sandbox:
        (tmp_path / "own").rename(tmp_path / "elsewhere")
        with pytest.raises(Unwritable, match=r"cannot write .*: No such file"):
            _ = sandbox.principal("alice").config_file
        keys = Keys(tmp_path / "keys")
        (tmp_path / "keys").rmdir()
        with pytest.raises(Unwritable, match=r"cannot write the key .*: No such file"):
            keys.of("caller/alice", "ocid1.user.oc1..alice")
        (tmp_path / "elsewhere").rename(tmp_path / "own")


def test_a_key_that_is_no_file(tmp_path: Path) -> None:
    path = Keys(tmp_path).of("caller/alice", "ocid1.user.oc1..alice").path
    path.unlink()
    path.mkdir()

    with pytest.raises(Unreadable, match=r"cannot read the key .*: Is a directory"):
        Keys(tmp_path).find("caller/alice", "ocid1.user.oc1..alice")


def test_every_tenancy_is_governed_like_oracles(sandbox: Sandbox) -> None:
    for tenancy in sandbox.state.world.tenancies.values():
        assert tenancy.groups["Administrators"].members == ("admin",)
        assert tenancy.policies[-1].name == "Tenant Admin Policy"
        assert tenancy.policies[-1].texts == (
            "ALLOW GROUP Administrators to manage all-resources IN TENANCY",
        )
    text = """
        tenancies:
          t:
            ocid: ocid1.tenancy.oc1..t
            users: {kim: {ocid: ocid1.user.oc1..kim}}
            groups: {Administrators: {ocid: ocid1.group.oc1..own, members: [kim]}}
            policies:
              own: {statements: [allow group administrators to manage all-resources in tenancy]}
              us: {statements: [Allow group Administrators to manage all-resources in tenancy]}
    """
    with Sandbox(world_of(text), keys=shared_keys()) as other:
        (tenancy,) = other.state.world.tenancies.values()
        assert tenancy.groups["Administrators"].ocid == "ocid1.group.oc1..own"
        assert tenancy.groups["Administrators"].members == ("kim", "admin")
        assert [each.name for each in tenancy.policies] == ["own", "us"]


def test_the_config_file_has_everybody(sandbox: Sandbox) -> None:
    parser = profiles(sandbox.config_file)

    assert parser.sections() == [
        *("caller/admin", "session:caller/admin"),
        *("caller/alice", "session:caller/alice"),
        *("caller/bob", "session:caller/bob"),
        *("caller/Partners/erin", "session:caller/Partners/erin"),
        *("caller/kim", "session:caller/kim"),
        *("caller/sales", "caller/fn", "caller/vm"),
        *("service/admin", "session:service/admin"),
        *("service/zoe", "session:service/zoe"),
    ]
    admin = sandbox.principal("caller/admin").config
    assert dict(parser["DEFAULT"]) == admin
    assert dict(parser["caller/alice"]) == sandbox.principal("alice").config
    token = Path(parser["session:caller/alice"]["security_token_file"])
    assert token.read_text().count(".") == 2
    # No resource takes the key of DEFAULT for its own.
    for name in ("sales", "fn", "vm"):
        section = parser[f"caller/{name}"]
        assert section["key_file"] != admin["key_file"]
        assert section["fingerprint"] != admin["fingerprint"]
        assert Path(section["security_token_file"]).exists()


def test_the_config_file_grows_with_whom_was_asked_for() -> None:
    with Sandbox(world(), keys=shared_keys()) as sandbox:
        path = sandbox.principal("alice").config_file
        assert profiles(path).sections() == ["caller/alice", "session:caller/alice"]
        assert sandbox.principal("sales").config_file == path
        assert profiles(path).sections()[-1] == "caller/sales"


def test_names_that_a_config_file_cannot_have() -> None:
    text = (
        "tenancies: {t: {ocid: ocid1.tenancy.oc1..t, users: {'a]b': {ocid: ocid1.user.oc1..one},"
        " 'a b': {ocid: ocid1.user.oc1..two}, 'a=b': {ocid: ocid1.user.oc1..three}}}}"
    )
    with Sandbox(world_of(text), keys=shared_keys()) as sandbox:
        parser = profiles(sandbox.config_file)
        found = [each for each in parser.sections() if not each.startswith("session:")]
        assert found == ["t/admin", "t/a_b", "t/a_b-2", "t/a_b-3"]
        assert parser["t/a_b-2"]["user"] == "ocid1.user.oc1..two"
        assert sandbox.principal("t/a b").profile == "t/a_b-2"


def test_the_environment_of_a_user(sandbox: Sandbox) -> None:
    alice = sandbox.principal("alice")

    assert alice.environ == {
        "OCI_CLI_CONFIG_FILE": str(alice.config_file),
        "OCI_CONFIG_FILE": str(alice.config_file),
        "OCI_CLI_PROFILE": "caller/alice",
        "OCI_CLI_ENDPOINT": sandbox.endpoint,
        "OCI_CLI_RC_FILE": str(sandbox.folder / "oci_cli_rc"),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    settings = profiles(sandbox.folder / "oci_cli_rc")
    assert settings["caller/alice"]["endpoint"] == sandbox.endpoint
    assert settings["session:caller/alice"]["endpoint"] == sandbox.endpoint


def test_the_environment_of_a_resource(sandbox: Sandbox) -> None:
    sales = sandbox.principal("sales")
    environ = sales.environ

    assert environ["OCI_CLI_AUTH"] == "resource_principal"
    assert environ["OCI_RESOURCE_PRINCIPAL_VERSION"] == "2.2"
    assert environ["OCI_RESOURCE_PRINCIPAL_REGION"] == "us-ashburn-1"
    assert environ["OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"] == str(sales.key_file)
    assert Path(environ["OCI_RESOURCE_PRINCIPAL_RPST"]).read_text().count(".") == 2


def test_the_environment_of_an_instance(sandbox: Sandbox) -> None:
    environ = sandbox.principal("vm").environ

    assert environ["OCI_CLI_AUTH"] == "instance_principal"
    assert environ["OCI_METADATA_BASE_URL"] == f"{sandbox.endpoint}/i/caller/vm/opc/v2"
    assert environ["OCI_CLI_FEDERATION_ENDPOINT"] == f"{sandbox.endpoint}/v1/x509"


@pytest.mark.parametrize("name", ["alice", "sales", "vm"])
def test_the_environment_of_the_proxy(sandbox: Sandbox, name: str) -> None:
    environ = sandbox.principal(name).proxy_environ

    assert environ["HTTPS_PROXY"] == environ["https_proxy"] == sandbox.endpoint
    assert environ["REQUESTS_CA_BUNDLE"] == environ["SSL_CERT_FILE"]
    assert Path(environ["SSL_CERT_FILE"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in Path(environ["SSL_CERT_FILE"]).read_text()
    assert not {"OCI_CLI_ENDPOINT", "OCI_CLI_FEDERATION_ENDPOINT"} & {*environ}


def test_the_environment_of_a_shell(sandbox: Sandbox) -> None:
    assert sandbox.environ == {
        key: value
        for key, value in sandbox.principal("alice").environ.items()
        if key != "OCI_CLI_PROFILE"
    }
    assert sandbox.proxy_environ["HTTPS_PROXY"] == sandbox.endpoint


def test_the_sandboxs_clock() -> None:
    then = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    with Sandbox(world(), keys=shared_keys(), clock=lambda: then) as sandbox:
        signed = signer("alice").signed("GET", LIST, date=then)
        assert sandbox.desk.handle("GET", LIST, signed).status == 200
        assert sandbox.desk.handle("GET", LIST, signer("alice").signed("GET", LIST)).status == 401


def test_the_world_that_was_given_is_left_alone() -> None:
    given = world_of(WORLD.read_text(encoding="utf-8"))
    with Sandbox(given, keys=shared_keys()) as sandbox:
        assert "admin" in sandbox.state.world.tenancies["caller"].users
    assert "admin" not in given.tenancies["caller"].users


PLUGGED = """
import pathlib

def test_it(ocipolicy_sandbox):
    sandbox = ocipolicy_sandbox(WORLD)
    other = ocipolicy_sandbox(WORLD)
    assert sandbox.endpoint != other.endpoint
    assert sandbox.principal("alice").key_file == other.principal("alice").key_file
    assert sandbox.log is not other.log
    pathlib.Path(FILE).write_text(str(sandbox.folder))

def test_without():
    pass
"""


def test_the_fixture_of_pytest(tmp_path: Path) -> None:
    test = tmp_path / "test_plugged.py"
    seen = tmp_path / "seen"
    test.write_text(PLUGGED.replace("WORLD", repr(str(WORLD))).replace("FILE", repr(str(seen))))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "ocipolicy.sandbox.pytest_plugin"),
            *("-W", "error", "-p", "no:cacheprovider", str(test)),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines()[-1].startswith("2 passed"), done.stdout
    assert not Path(seen.read_text()).exists()


def test_the_plugin_imports_nothing_until_it_is_used() -> None:
    code = (
        "import sys, pytest, json; before = {*sys.modules}; import ocipolicy.sandbox.pytest_plugin;"
        "print(json.dumps(sorted({*sys.modules} - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == [
        "ocipolicy",
        "ocipolicy.sandbox",
        "ocipolicy.sandbox.pytest_plugin",
    ]
