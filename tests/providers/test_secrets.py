"""No key is in anything that is shown, logged or written, whatever a server does with it."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ocipolicy.providers import Client, Key, ProviderError, Refused, key_of
from tests.commands import call, put
from tests.examples import changed
from tests.providers.server import Provider
from tests.providers.services import KEYS, QUICK, USUAL, entry, service
from tests.providers.states import TOKEN, closed_port, identity


def echoes(key: str) -> Mapping[str, Mapping[str, Any]]:
    """Ways in which a server may give a key back."""
    error = {"message": f"key {key}", "code": key, "type": key, "param": key}
    choice = {"index": 0, "finish_reason": "stop"}
    return {
        "in an error": {"status": 401, "body": {"error": error}},
        "in a problem": {"status": 404, "body": {"status": 404, "title": key, "detail": key}},
        "in a validation": {
            "status": 422,
            "body": {"detail": [{"loc": ["body", key], "msg": key, "type": key}]},
        },
        "in a text": {"status": 500, "text": f"Traceback: {key}"},
        "in a page": {"type": "text/html", "text": f"<title>{key}</title>"},
        "in a redirect": {"status": 302, "headers": {"Location": f"https://{key}@a.example/{key}"}},
        "in an id": {"status": 400, "headers": {"x-request-id": key}, "body": {"message": key}},
        "in an answer": {
            "body": {"model": key, "choices": [{**choice, "message": {"content": key}}]}
        },
        "in a stream": {
            "events": [{"model": key, "choices": [{**choice, "delta": {"content": key}}]}, "[DONE]"]
        },
        "in keys of JSON": {"body": {key: key}},
        "in a broken answer": {"body": {"message": key}, "cut": True},
    }


WAYS = (*echoes(""),)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_what_a_server_gives_back_is_hidden(
    way: str,
    name: str,
    form: str,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    key = KEYS[USUAL[name]["key_env"]]
    provider.reply, provider.models = echoes(key)[way], (key, f"{key}-mini")
    services = {"llm_services": [entry(provider, {"provider": name})], "caller.profile": None}
    put("c.yaml", changed("same-tenancy", services))

    shown = call("smoke", "c.yaml", "--llm-services", "--format", form)
    listed = call("smoke", "c.yaml", "--models", "--format", "text" if form == "junit" else form)
    rendered = call("render", "c.yaml", "--format", "llm-service", "-o", "out")

    said = "".join(each.stdout + each.stderr for each in (shown, listed, rendered))
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.yaml"))
    assert rendered.exit_code == 0
    assert provider.calls
    assert key not in said + written + caplog.text


@pytest.mark.parametrize("way", WAYS)
def test_no_exception_holds_a_key(way: str, provider: Provider) -> None:
    found = service(provider, {"provider": "openai"})
    key = KEYS["OPENAI_KEY"]
    provider.reply = echoes(key)[way]

    with Client(found, key_of(found), QUICK) as client:
        for ask in (client.ask, client.stream, client.models):
            try:
                said: object = ask()
            except ProviderError as error:
                said = (error.args, vars(error), error.__cause__, error.__suppress_context__)
            assert key not in repr(said)


def test_a_token_is_hidden_as_a_key_is(
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    provider.reply = echoes(TOKEN)["in an error"]
    given = entry(provider, {"provider": "azure-openai", "auth": "entra-id"})
    put("c.yaml", changed("same-tenancy", {"llm_services": [given], "caller.profile": None}))

    with identity(True, monkeypatch):
        shown = call("smoke", "c.yaml", "--llm-services")

    assert shown.exit_code == 1
    assert TOKEN not in shown.stdout + shown.stderr + caplog.text


def test_a_key_shows_nothing_of_itself() -> None:
    key = Key("sk-0123456789", "OPENAI_KEY")

    assert (repr(key), str(key), f"{key}") == ("Key(from OPENAI_KEY)",) * 3


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("key sk-0123456789 is wrong", "key ************* is wrong"),
        ("key sk-01***789 is wrong", "key *********** is wrong"),
        ("key sk-...6789 is wrong", "key ********** is wrong"),
        ("key sk-01***23***789 is wrong", "key **************** is wrong"),
        ("wait ... and see", "wait ... and see"),
        ("**bold** and gpt-4o", "**bold** and gpt-4o"),
    ],
)
def test_parts_of_a_key_are_hidden_too(said: str, hidden: str) -> None:
    assert Key("sk-0123456789", "OPENAI_KEY").hidden(said) == hidden


def test_a_very_long_word_of_a_server_is_searched_in_no_time() -> None:
    word = "A" * 1_000_000
    key = Key("sk-0123456789", "OPENAI_KEY")
    began = time.monotonic()

    assert key.hidden(word) == word
    assert time.monotonic() - began < 10


def test_a_server_on_this_computer_is_called_past_proxies(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    found = service(provider, {"provider": "openai"})

    with Client(found, key_of(found), QUICK) as client:
        client.ask()

    assert [each.path for each in provider.calls] == ["/v1/chat/completions"]


@pytest.mark.parametrize("code", ["²", "9" * 5000, "-1", None, 7])
def test_a_code_of_any_kind_in_a_stream_is_a_refusal(code: object, provider: Provider) -> None:
    found = service(provider, {"provider": "openai"})
    provider.reply = {"events": [{"error": {"code": code, "message": "no"}}]}

    with Client(found, key_of(found), QUICK) as client, pytest.raises(Refused) as caught:
        client.stream()

    assert (caught.value.status, caught.value.said) == (200, "no")
