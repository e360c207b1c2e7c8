"""At a terminal: the question, and what is done for each answer."""

import pytest

from tests.apply.place import Place
from tests.terminals import at_terminal, plain


@pytest.mark.parametrize("answer", ["n", ""])
def test_declined(place: Place, answer: str) -> None:
    place.config()

    code, screen = at_terminal("apply", talk=[("Apply this? [y/N]: ", answer)])

    assert code == 1
    assert plain(screen).endswith(f"Apply this? [y/N]: {answer}\nnothing was changed\n")
    assert place.writes() == []


def test_confirmed(place: Place) -> None:
    place.config()

    code, screen = at_terminal("apply", "--no-smoke", talk=[("Apply this? [y/N]: ", "y")])

    assert code == 0
    assert plain(screen).endswith(
        "plan: 2 to create, 0 to update, 0 to delete, 0 unchanged\n"
        "\n"
        "Apply this? [y/N]: y\n"
        "✓ created sales-assistant-service in service\n"
        "✓ created sales-assistant-caller in caller\n"
        "done: 2 created\n"
    )
    assert "\x1b[32m+ create sales-assistant-service" in screen
    assert place.verdicts() == {"allowed"}


def test_the_way_back_is_asked_about(place: Place) -> None:
    place.config()
    place.apply()

    code, screen = at_terminal("destroy", talk=[("Remove this? [y/N]: ", "no")])
    assert (code, plain(screen).splitlines()[-1]) == (1, "nothing was changed")
    code, screen = at_terminal("rollback", talk=[("Bring this back? [y/N]: ", "y")])
    assert (code, plain(screen).splitlines()[-1]) == (0, "done: 2 deleted")
    assert place.verdicts() == {"denied"}
