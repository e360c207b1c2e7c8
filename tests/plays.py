"""What is played for the transcripts: for each command good cases, typical mistakes, its help."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.faults import Fault
from ocipolicy.sandbox.founding import founded, governed
from ocipolicy.sandbox.state import State
from ocipolicy.world import load_world
from tests.examples import EXAMPLES, ROOT, changed
from tests.sandboxes import Running
from tests.terminals import run
from tests.test_sandbox_command import chat

WORLD = (EXAMPLES / "cross-tenancy.world.yaml").read_text(encoding="utf-8")
BEGUN = ROOT / "templates" / "cross-tenancy" / "world.yaml"
CONFIG = (EXAMPLES / "cross-tenancy.yaml").read_text(encoding="utf-8")
PORT = "18090"  # stands for the one that was free


@dataclass(frozen=True)
class Desk:
    """Where commands run: a folder, Oracle's cloud behind its own hosts, and a port for another."""

    folder: Path
    sandbox: Sandbox
    place: Running
    environ: Mapping[str, str]


Step = Callable[[Desk], None]


@dataclass(frozen=True)
class Scene:
    """A command line behind `ocipolicy`, how it exits, what is done before it, and the answers."""

    line: str
    code: int = 0
    before: Step = field(default=lambda _: None)
    talk: tuple[tuple[str, str], ...] = ()


def has(name: str, text: str) -> Step:
    """A file is there."""

    def put(desk: Desk) -> None:
        (desk.folder / name).write_text(text, encoding="utf-8")

    return put


def config(name: str, example: str = "cross-tenancy", **changes: object) -> Step:
    """A config is there, an example with other keys."""
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return has(name, changed(example, keys))


def live(text: str) -> Step:
    """The tenancies are as a world says."""

    def put(desk: Desk) -> None:
        world = load_world(text).world
        assert world is not None
        keys = desk.sandbox.state.keys
        desk.sandbox.desk.state = State(governed(founded(world)))
        desk.sandbox.state.keys = keys

    return put


def nothing_yet(desk: Desk) -> None:
    """Nothing of the example is applied."""
    desk.sandbox.reset()


def lengthened(text: str) -> str:
    """A config or a world with OCIDs as long as Oracle's."""
    return re.sub(r"(?<=ocid1\.)[\w.-]+\.\w+", lambda ocid: ocid[0].ljust(84, "a"), text)


def apply(desk: Desk) -> None:
    """The example is applied by the command."""
    nothing_yet(desk)
    words = ("apply", "--yes", "--no-smoke")
    done = run(*words, stdin=b"", folder=desk.folder, **desk.environ)
    assert done.returncode == 0, done.stderr


def one_too_many(desk: Desk) -> None:
    """Nothing is applied, and one more policy is too many."""
    nothing_yet(desk)
    said = "The limit of policies in this tenancy is exceeded."
    fault = Fault("CreatePolicy", status=400, code="LimitExceeded", message=said)
    desk.sandbox.faults.add(fault)


def chats(desk: Desk) -> None:
    """An instance that may, and one that may not, have called."""
    assert [chat(desk.place, f"caller/{who}") for who in ("sales", "support")] == [200, 404]


LOOSE = (
    "ALLOW any-user TO use generative-ai-family IN TENANCY"
    " where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'\n"
)
BROKEN = (
    "allow grup Admins to use generative-ai-family in compartment ai:genai\n"
    "define tenancy digital-assistant-tenancy as ocid1.tenancy.oc1..caller\n"
    "admit any-user of tenancy digital-assistant-tenancy to use generative-ai-family"
    " in compartment ai:genai where request.principal.type = odainstance\n"
)
APPLIED = live(WORLD)
BY_HAND = live(WORLD.replace("use ai-service-language-family", "manage ai-service-language-family"))
MISTAKEN = has(
    "broken.yaml", CONFIG.replace("region:", "regoin:").replace("- language", "- langage")
)
WRONG_KIND = changed("cross-tenancy", {"service.tenancy": "ocid1.compartment.oc1..service"})
REGION = has(
    "region.yaml",
    re.sub(r"(?<=genai where )(.*)", r"all {request.region = 'ORD', \1}", WORLD),
)
SERVICES = config(
    "services.yaml",
    llm_services=[
        {
            "name": "genai_chat",
            "provider": "oci",
            "model": "cohere.command-a-03-2025",
            "compartment": "ocid1.compartment.oc1..genai",
        },
        {"name": "gpt", "provider": "openai", "model": "gpt-4o", "key_env": "NO_KEY_OF_OPENAI"},
    ],
)
ASKED = "--do Chat --in service/ai:genai"
YES, NO = (("[y/N]: ", "y"),), (("[y/N]: ", "n"),)

# At 80 columns, with OCIDs as long as Oracle's.
LONG = (
    Scene("render"),
    Scene("render wrong.yaml", 1, has("wrong.yaml", lengthened(WRONG_KIND))),
    Scene(f"explain --world world.yaml --who support {ASKED}", 1),
    Scene("plan"),
    Scene("destroy", 0, talk=YES),
    Scene("smoke", 1),
    Scene("plan"),
)

PLAYS: Mapping[str, tuple[Scene, ...]] = {
    "ocipolicy": (
        Scene("--help"),
        Scene("--version"),
        Scene("rendre", 2),
    ),
    "demo": (
        Scene("demo --fast"),
        Scene("demo cross", 2),
        Scene("demo --help"),
    ),
    "init": (
        Scene(
            "init cross-tenancy -o helpdesk.yaml",
            talk=(
                ("[sales-assistant]: ", "helpdesk"),
                ("[ocid1.tenancy.oc1..caller]: ", ""),
                ("[ocid1.odainstance.oc1.iad.sales]: ", "sales"),
                ("[ocid1.odainstance.oc1.iad.sales]: ", ""),
                ("[ocid1.tenancy.oc1..service]: ", ""),
                ("[ai:genai]: ", ""),
                ("[us-chicago-1]: ", ""),
                ("[generative-ai language]: ", ""),
                ("[CALLER]: ", ""),
                ("[SERVICE]: ", ""),
            ),
        ),
        Scene("init cross-tenancy", 2),
        Scene("init cross-tenant", 2),
        Scene("init --help"),
    ),
    "render": (
        Scene("render"),
        Scene("render broken.yaml", 1, MISTAKEN),
        Scene("render paired.yaml", 0, config("paired.yaml", "paired", caller__tenancy=None)),
        Scene("render --format oci-cli -o policies"),
        Scene("render sales.yaml", 2),
        Scene("render --format yaml", 2),
        Scene("render --help"),
    ),
    "check": (
        Scene("check ocipolicy.yaml world.yaml"),
        Scene("check broken.policy", 1, has("broken.policy", BROKEN)),
        Scene("check policies", 2),
        Scene("check --help"),
    ),
    "parse": (
        Scene("parse loose.policy", 0, has("loose.policy", LOOSE)),
        Scene("parse broken.policy", 1, has("broken.policy", BROKEN)),
        Scene("parse --help"),
    ),
    "fmt": (
        Scene("fmt --check loose.policy", 1, has("loose.policy", LOOSE)),
        Scene("fmt loose.policy"),
        Scene("fmt broken.policy", 1, has("broken.policy", BROKEN)),
        Scene("fmt --help"),
    ),
    "explain": (
        Scene(f"explain --world world.yaml --who sales {ASKED}"),
        Scene(f"explain --world world.yaml --who support {ASKED}", 1),
        Scene(f"explain --world region.yaml --who sales {ASKED}", 2, REGION),
        Scene(f"explain --world world.yaml --who sale {ASKED}", 2),
        Scene("explain --help"),
    ),
    "who-can": (
        Scene("who-can Chat --in service/ai:genai --world world.yaml"),
        Scene("who-can Chatt --in service/ai:genai --world world.yaml", 2),
        Scene("who-can --help"),
    ),
    "what-can": (
        Scene("what-can sales --world world.yaml"),
        Scene("what-can sales", 2),
        Scene("what-can --help"),
    ),
    "plan": (
        Scene("plan"),
        Scene("plan", 0, APPLIED),
        Scene("plan", 0, BY_HAND),
        Scene("plan broken.yaml", 1, MISTAKEN),
        Scene("plan ocipolicy.yaml helpdesk.yaml", 2),
        Scene("plan --help"),
    ),
    "apply": (
        Scene("apply", 1, talk=NO),
        Scene("apply", 0, talk=YES),
        Scene("apply"),
        Scene("apply", 1, one_too_many, talk=YES),
        Scene("apply --help"),
    ),
    "rollback": (
        Scene("rollback"),
        Scene("rollback", 0, apply, talk=YES),
        Scene("rollback --help"),
    ),
    "destroy": (
        Scene("destroy", 0, APPLIED, talk=YES),
        Scene("destroy"),
        Scene("destroy --help"),
    ),
    "smoke": (
        Scene("smoke", 0, APPLIED),
        Scene("smoke", 1, nothing_yet),
        Scene("smoke other.yaml", 1, config("other.yaml", smoke__calls=["generate-text", "embed"])),
        Scene("smoke services.yaml --llm-services", 2, SERVICES),
        Scene("smoke --help"),
    ),
    "snapshot": (
        Scene("snapshot --profile CALLER -o caller.world.yaml", 0, APPLIED),
        Scene("snapshot --profile CALER", 2),
        Scene("snapshot --help"),
    ),
    "sandbox": (
        Scene("sandbox --help"),
        Scene(f"sandbox start --world world.yaml --background --port {PORT}"),
        Scene(f"sandbox env --as caller/sales --port {PORT}"),
        Scene(f"sandbox log --port {PORT}", 0, chats),
        Scene(f"sandbox stop --port {PORT}"),
        Scene(f"sandbox log --port {PORT}", 2),
        *(Scene(f"sandbox {each} --help") for each in ("start", "env", "log", "stop")),
    ),
    "reference": (
        Scene("reference"),
        Scene("reference operation Chat"),
        Scene("reference limit"),
        Scene("reference target.model.id"),
        Scene("reference operation Chatt", 1),
        Scene("reference --help"),
    ),
    "schema": (Scene("schema --help"),),
}
