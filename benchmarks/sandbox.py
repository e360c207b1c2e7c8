"""What the sandbox does in a second, beside moto's server for an equal call.

    python -m benchmarks.sandbox [SECONDS]

Both run in processes of their own, as their commands start them. The call is that for one policy by
its name: GetPolicy, by a user whom a policy allows it. Ours verifies the signature and asks the
policies each time; moto does neither unless it is told to (INITIAL_NO_AUTH_ACTION_COUNT), and is
measured both ways. Requests are signed before, since a client's signing is not what is measured.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.sandboxes import Running, signer

SIZES = (50, 500)
CLIENTS = (1, 16)
STREAMS = 200
TENANCY = "ocid1.tenancy.oc1..caller"
POLICY = f"/20160918/policies/{'ocid1.policy.oc1..p0'}"
ACCOUNT = "123456789012"
BIN = Path(sys.executable).parent
PATIENCE = 60.0


@dataclass(frozen=True)
class Request:
    """A request that is ready to be sent, as often as one likes."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Server:
    """A server in a process of its own, and how long it took to its first answer."""

    port: int
    process: int
    first: float

    @property
    def memory(self) -> float:
        """What it holds, in MiB."""
        status = Path(f"/proc/{self.process}/status").read_text(encoding="ascii")
        (line,) = (each for each in status.splitlines() if each.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


def world(count: int) -> str:
    """A tenancy with so many statements, as one for each of many teams makes them."""
    teams = [f"team-{number}" for number in range(count)]
    policies: dict[str, dict[str, Any]] = {
        f"p{at // 50}": {
            "ocid": f"ocid1.policy.oc1..p{at // 50}",
            "statements": [
                f"allow group {team} to use generative-ai-family in compartment apps"
                for team in teams[at : at + 50]
            ],
        }
        for at in range(0, count, 50)
    }
    policies["p0"]["statements"][:2] = [
        "allow group readers to inspect policies in tenancy",
        "allow group readers to use generative-ai-chat in tenancy",
    ]
    tenancy = {
        "ocid": TENANCY,
        "home_region": "us-ashburn-1",
        "regions": ["us-ashburn-1", "us-chicago-1"],
        "compartments": {"apps": {"ocid": "ocid1.compartment.oc1..apps"}},
        "users": {"alice": {"ocid": "ocid1.user.oc1..alice"}},
        "groups": {
            "readers": {"ocid": "ocid1.group.oc1..readers", "members": ["alice"]},
            **{team: {"ocid": f"ocid1.group.oc1..{team}"} for team in teams},
        },
        "policies": policies,
    }
    text: str = yaml.safe_dump({"tenancies": {"caller": tenancy}})
    return text


@contextmanager
def ours(count: int, state: Path) -> Iterator[tuple[Server, Running]]:
    """Our sandbox, as `sandbox start` runs it."""
    place = Running(free_port(), state)
    file = state / f"{count}.yaml"
    file.write_text(world(count), encoding="utf-8")
    words = ("sandbox", "start", "--world", str(file), "--port", str(place.port))
    environ = {**os.environ, "XDG_STATE_HOME": str(state)}
    with serving(
        [str(BIN / "ocipolicy"), *words], environ, place.port, "/_sandbox/health"
    ) as server:
        while not (place.folder / "pid").exists():
            time.sleep(0.01)
        yield server, place


@contextmanager
def moto(*, enforced: bool) -> Iterator[tuple[Server, Request]]:
    """Moto's server with a policy in it, and the request for it."""
    port = free_port()
    environ = {**os.environ}
    if enforced:
        environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"  # those below
    words = ("-H", "127.0.0.1", "-p", str(port))
    with serving([str(BIN / "moto_server"), *words], environ, port, "/moto-api/") as server:
        keys = Credentials("setup", "setup")
        iam = boto3.client(
            "iam",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
        )
        iam.create_user(UserName="alice")
        statement = {"Effect": "Allow", "Action": "iam:GetPolicy", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        arn = iam.create_policy(PolicyName="p0", PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_user_policy(UserName="alice", PolicyArn=arn)
        made = iam.create_access_key(UserName="alice")["AccessKey"]
        alice = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        yield (
            server,
            signed_for_aws(
                port,
                alice,
                urlencode({"Action": "GetPolicy", "Version": "2010-05-08", "PolicyArn": arn}),
            ),
        )


def signed_for_aws(port: int, credentials: Credentials, body: str) -> Request:
    """A request of AWS's Query protocol."""
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = AWSRequest("POST", f"http://127.0.0.1:{port}/", headers=kind, data=body)
    SigV4Auth(credentials, "iam", "us-east-1").add_auth(request)
    return Request("POST", "/", dict(request.headers), body.encode())


@contextmanager
def serving(
    command: list[str], environ: Mapping[str, str], port: int, health: str
) -> Iterator[Server]:
    """A server, from its first answer on."""
    begin = time.perf_counter()
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            ask = Request("GET", health, {})
            while time.perf_counter() < begin + PATIENCE:
                try:
                    send(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE), ask)
                    break
                except OSError:
                    time.sleep(0.005)
            yield Server(port, process.pid, time.perf_counter() - begin)
        finally:
            process.terminate()


def send(connection: http.client.HTTPConnection, request: Request) -> bytes:
    """The body of the answer. Raises OSError for any status but 200."""
    connection.request(request.method, request.target, request.body or None, dict(request.headers))
    response = connection.getresponse()
    body = response.read()
    if response.status != http.HTTPStatus.OK:
        raise OSError(f"{response.status} {body.decode()}")
    return body


def rate(port: int, request: Request, clients: int, seconds: float) -> float:
    """Requests a second of so many clients, each with a connection that it keeps if it may."""
    counts = [0] * clients
    end = time.perf_counter() + seconds

    def work(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        while time.perf_counter() < end:
            send(connection, request)
            counts[number] += 1
        connection.close()

    together(clients, work)
    return sum(counts) / seconds


def together(count: int, work: Callable[[int], None]) -> None:
    """Have so many threads do a work, and fail with the first of them that fails."""
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def streams(place: Running) -> float:
    """The seconds that so many streams take which are open at the same time."""
    content = [{"type": "TEXT", "text": "hi"}]
    body = {
        "compartmentId": TENANCY,
        "servingMode": {"servingType": "ON_DEMAND", "modelId": "meta.llama-3.3-70b-instruct"},
        "chatRequest": {
            "apiFormat": "GENERIC",
            "isStream": True,
            "messages": [{"role": "USER", "content": content}],
        },
    }
    request = of_alice(place, "POST", "/20231130/actions/chat", json.dumps(body).encode())
    gate = threading.Barrier(STREAMS)

    def work(_: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=PATIENCE)
        connection.connect()
        gate.wait()
        if b'"finishReason": "stop"' not in send(connection, request).replace(b'":"', b'": "'):
            raise OSError("a stream was cut off")
        connection.close()

    begin = time.perf_counter()
    together(STREAMS, work)
    return time.perf_counter() - begin


def of_alice(place: Running, method: str, target: str, body: bytes = b"") -> Request:
    """A signed request."""
    headers = signer(place, "caller/alice").signed(method, target, body)
    return Request(method, target, headers, body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def measured(name: str, server: Server, request: Request, seconds: float) -> list[float]:
    """Print a row: the first answer, requests a second for each number of clients, memory."""
    rates = [rate(server.port, request, clients, seconds) for clients in CLIENTS]
    shown = "".join(f"{each:12,.0f}" for each in rates)
    print(f"{name:32}{server.first * 1e3:10,.0f}{shown}{server.memory:10,.0f}", flush=True)
    return rates


def main(seconds: float) -> bool:
    """Whether ours, signed and enforced, is ahead of moto's at its fastest."""
    columns = "".join(f"{f'{clients} clients':>12}" for clients in CLIENTS)
    print(f"{'':32}{'first ms':>10}{columns}{'MiB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with ours(SIZES[0], state):
            pass  # makes the keys, and bytecode
        found = []
        for count in SIZES:
            with ours(count, state) as (server, place):
                request = of_alice(place, "GET", POLICY)
                name = f"sandbox, {count} statements"
                found.append(measured(name, server, request, seconds))
                took = streams(place)
                print(f"  {STREAMS} streams at once: {took:.2f} s, then {server.memory:.0f} MiB")
    peers = []
    for enforced in (False, True):
        with moto(enforced=enforced) as (server, request):
            name = "moto, " + ("signed and enforced" if enforced else "nothing verified")
            peers.append(measured(name, server, request, seconds))
    worst = min(a / b for row in found for each in peers for a, b in zip(row, each, strict=True))
    print(f"\nat least {worst:.1f} times the requests of moto's server")
    return worst > 1


if __name__ == "__main__":
    if not main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0):
        sys.exit("the sandbox is not ahead of moto's server")
