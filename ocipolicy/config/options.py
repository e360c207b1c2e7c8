"""A profile as the options of a command say it, held to the same rules as one in a file."""

from pydantic import ValidationError

from ocipolicy.config.model import Auth, Profile
from ocipolicy.diagnostics import CannotGoOn


def profile(
    name: str, auth: Auth = "api_key", config_file: str | None = None, endpoint: str | None = None
) -> Profile:
    """The profile of `--profile`, `--auth`, `--config-file` and `--endpoint`. Raises CannotGoOn."""
    try:
        return Profile(name=name, auth=auth, config_file=config_file, endpoint=endpoint)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        option = "profile" if key == "name" else key.replace("_", "-")
        raise CannotGoOn(f"--{option} {first['msg']}", first.get("ctx", {}).get("help")) from None
