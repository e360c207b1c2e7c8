"""From a profile to a signature: the four kinds, and each mistake in a sentence without secrets."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from ocipolicy.cloud import Cloud, NoCredentials
from ocipolicy.cloud.credentials import config_path, credentials
from ocipolicy.config import Profile
from ocipolicy.sandbox import Sandbox
from tests.cloud.sides import TENANCY, cloud, profile
from tests.examples import cases, named

SECRET = "hunter2-wrong"  # noqa: S105 - that of the cases


@pytest.fixture(scope="module")
def locked(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of the administrator, encrypted."""
    key = load_pem_private_key(sandbox.principal("acme/admin").key_file.read_bytes(), None)
    encryption = BestAvailableEncryption(b"a pass phrase")
    path = tmp_path_factory.mktemp("locked") / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return path


def words(sandbox: Sandbox, locked: Path, file: Path) -> dict[str, str]:
    """What stands for what in the cases."""
    known = sandbox.principal("acme/admin")
    return {
        "LOCKED": str(locked),
        "KEY": str(known.key_file),
        "PRINT": known.config["fingerprint"],
        "config": str(file),
    }


@pytest.mark.parametrize("case", cases("cloud/credentials.yaml"), ids=named)
def test_a_config_file_that_nothing_can_be_signed_with(
    case: dict[str, Any], sandbox: Sandbox, locked: Path, tmp_path: Path
) -> None:
    file = tmp_path / "oci"
    known = words(sandbox, locked, file)

    def filled(text: str) -> str:
        for word, value in known.items():
            text = text.replace(word, value)
        return text

    file.write_text(filled(case["config"]), encoding="utf-8")
    side = Profile(
        name=case.get("profile", "DEFAULT"),
        auth=case.get("auth", "api_key"),
        config_file=str(file),
    )
    with pytest.raises(NoCredentials) as raised:
        credentials(side)

    assert (raised.value.message, raised.value.help) == (
        filled(case["message"]),
        filled(case["help"]) if "config" not in case["help"] else case["help"],
    )
    assert SECRET not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.help}"


def test_the_config_file_is_the_one_that_is_named_then_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Path.home()
    assert config_path(Profile()) == home / ".oci" / "config"
    assert config_path(Profile(config_file="~/other")) == home / "other"
    monkeypatch.setenv("OCI_CONFIG_FILE", "~/mine")
    assert config_path(Profile()) == home / "mine"
    assert config_path(Profile(config_file="~/other")) == home / "other"


def test_a_config_file_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    with pytest.raises(NoCredentials) as raised:
        credentials(Profile(config_file=str(missing)))

    assert (raised.value.message, raised.value.help) == (
        f"there is no OCI config file {missing}",
        "`oci setup config` makes one; name another with --config-file or OCI_CONFIG_FILE",
    )


def test_a_config_file_that_is_a_folder_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(NoCredentials, match=r"cannot be read: Is a directory"):
        credentials(Profile(config_file=str(tmp_path)))
    (tmp_path / "config").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NoCredentials, match="is not text"):
        credentials(Profile(config_file=str(tmp_path / "config")))


def test_the_default_profile_gives_the_others_what_they_lack(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    known = sandbox.principal("acme/admin").config
    file = tmp_path / "config"
    shared = "".join(f"{key}={known[key]}\n" for key in ("tenancy", "region", "key_file"))
    own = f"user={known['user']}\nfingerprint={known['fingerprint']}\n"
    file.write_text(f"[DEFAULT]\n{shared}[MINE]\n{own}", encoding="utf-8")

    found = credentials(Profile(name="MINE", config_file=str(file)))

    assert (found.tenancy, found.principal, found.region) == (
        TENANCY,
        known["user"],
        "us-ashburn-1",
    )


def test_a_region_by_its_key_and_from_the_environment(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {**sandbox.principal("acme/admin").config, "region": "ORD"}
    file = tmp_path / "config"

    def write(values: dict[str, str]) -> Profile:
        lines = "".join(f"{key}={value}\n" for key, value in values.items())
        file.write_text(f"[DEFAULT]\n{lines}", encoding="utf-8")
        return Profile(config_file=str(file))

    assert credentials(write(known)).region == "us-chicago-1"
    del known["region"]
    monkeypatch.setenv("OCI_REGION", "eu-frankfurt-1")
    assert credentials(write(known)).region == "eu-frankfurt-1"


def test_an_encrypted_key_with_its_pass_phrase(
    sandbox: Sandbox, locked: Path, tmp_path: Path
) -> None:
    known = {**sandbox.principal("acme/admin").config, "key_file": str(locked)}
    lines = "".join(f"{key}={value}\n" for key, value in known.items())
    file = tmp_path / "config"
    file.write_text(f"[DEFAULT]\n{lines}pass_phrase=a pass phrase\n", encoding="utf-8")

    side = Cloud(Profile(config_file=str(file), endpoint=sandbox.endpoint))

    assert side.tenancy().name == "acme"


def test_a_session_token_signs(sandbox: Sandbox) -> None:
    side = cloud(sandbox, "acme/alice", name="session:acme/alice", auth="security_token")

    assert side.whoami().principal == "ocid1.user.oc1..alice"
    assert side.tenancy().ocid == TENANCY
    assert sandbox.log[-1].authentication == "session token"


def test_an_expired_session_token_says_when_and_how_to_get_another(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    expired = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    token = jwt.encode({"exp": expired, "sub": "x"}, "k" * 32, "HS256")
    (tmp_path / "token").write_text(token, encoding="ascii")
    known = {**sandbox.principal("acme/alice").config, "security_token_file": f"{tmp_path}/token"}
    lines = "".join(f"{key}={value}\n" for key, value in known.items())
    (tmp_path / "config").write_text(f"[SESSION]\n{lines}", encoding="utf-8")

    with pytest.raises(NoCredentials) as raised:
        credentials(
            Profile(name="SESSION", auth="security_token", config_file=f"{tmp_path}/config")
        )

    assert raised.value.message == (
        "the session token of profile SESSION expired at 2026-01-02 03:04 UTC"
    )
    assert raised.value.help == (
        "`oci session refresh --profile SESSION` prolongs it as long as OCI takes it; after that "
        "`oci session authenticate --profile-name SESSION` makes a new one"
    )
    assert token not in f"{raised.value!r}{raised.value.help}"


def test_a_token_that_is_still_good_is_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    token = jwt.encode({"exp": soon, "sub": "ocid1.user.oc1..x"}, "k" * 32, "HS256")
    (tmp_path / "token").write_text(token, encoding="ascii")
    known = {**sandbox.principal("acme/alice").config, "security_token_file": f"{tmp_path}/token"}
    lines = "".join(f"{key}={value}\n" for key, value in known.items())
    (tmp_path / "config").write_text(f"[DEFAULT]\n{lines}", encoding="utf-8")

    found = credentials(Profile(auth="security_token", config_file=f"{tmp_path}/config"))

    assert found.principal == "ocid1.user.oc1..x"
    assert token not in repr(found)


def test_a_resource_principal_signs(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.principal("acme/sales").environ.items():
        monkeypatch.setenv(name, value)

    side = cloud(sandbox, auth="resource_principal")

    assert side.whoami().principal == "ocid1.odainstance.oc1.iad.sales"
    assert side.whoami().tenancy == TENANCY
    assert side.region == "us-ashburn-1"
    assert sandbox.log[-1].principal == "acme/sales"


def test_an_instance_principal_signs(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.principal("acme/worker").environ.items():
        monkeypatch.setenv(name, value)

    side = cloud(sandbox, auth="instance_principal")

    assert side.whoami().principal == "ocid1.instance.oc1.iad.worker"
    assert len(side.groups()) == 5
    assert sandbox.log[-1].principal == "acme/worker"


def test_no_resource_principal_outside_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCI_RESOURCE_PRINCIPAL_VERSION", raising=False)
    with pytest.raises(NoCredentials) as raised:
        Cloud(Profile(auth="resource_principal")).whoami()

    assert raised.value.message == (
        "this is no resource principal: OCI_RESOURCE_PRINCIPAL_VERSION is not defined"
    )


def test_no_instance_principal_where_no_metadata_service_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OCI_METADATA_BASE_URL", "http://127.0.0.1:9/opc/v2")
    with pytest.raises(NoCredentials) as raised:
        Cloud(Profile(auth="instance_principal")).whoami()

    assert (raised.value.message, raised.value.help) == (
        "this computer is no compute instance of OCI: no metadata service answers here",
        "use another --auth, or run this on a compute instance of OCI",
    )


def test_an_address_that_the_sdk_does_not_take_is_said_before_anything_is_sent(
    sandbox: Sandbox,
) -> None:
    side = Cloud(profile(sandbox, "acme/alice", endpoint="http://[::1]:8080"))
    with pytest.raises(NoCredentials, match="takes no IPv6 address as an endpoint"):
        side.policies()
