"""The program as a person calls it, in one process: what it prints, and its exit code."""

from pathlib import Path

from click.testing import CliRunner, Result

from ocipolicy.cli import main


def call(*arguments: str, stdin: bytes | str = b"") -> Result:
    result = CliRunner().invoke(main, arguments, input=stdin, prog_name="ocipolicy")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


def put(name: str, text: str | bytes) -> str:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name
