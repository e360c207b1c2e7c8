"""A stream over REST with requests and a signer, through the proxy: the code of an article.

Source: "OCI Generative AI Service の Stream 出力を REST API から実施する", Qiita, February 2024.
The code is there word for word, and its two placeholders are filled when it is run. It does not
look at the status of the answer, so that is done here.
"""

import ast
import io
import json
from contextlib import redirect_stdout
from typing import Any

from tests.clients.scripts.calls import FACTS, PHASE, Refused, call, check, phases

ARTICLE = """
import requests
import json
from oci.auth.signers import InstancePrincipalsSecurityTokenSigner

compartment_id = "<your-compartment-id>"
model_ocid = "<model-ocid>"
api_endpoint = "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com"

signer = InstancePrincipalsSecurityTokenSigner()

prompt = "Tell me a joke."
body = {
    "compartmentId": compartment_id,
    "inferenceRequest": {
        "runtimeType": "COHERE",
        "isStream": True,
        "maxTokens": 500,
        "numGenerations": 1,
        "prompt": prompt
    },
    "servingMode": {
        "servingType": "ON_DEMAND",
        "modelId": model_ocid
    }
}

response = requests.post(
    url=api_endpoint + "/20231130/actions/generateText",
    json=body,
    auth=signer,
    stream=True
)

for chunk in response.iter_lines():
    if chunk.strip():
        content = json.loads(chunk.decode('utf-8').split(': ', 1)[1])
        print(content)
"""


def run(code: str) -> str:
    """What the code prints. Raises Refused where it was answered with an error."""
    names: dict[str, Any] = {}
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            exec(code, names)  # noqa: S102 - it is above
    except ValueError:
        code = json.loads(names["chunk"])["code"]
        raise Refused(names["response"].status_code, code) from None
    return printed.getvalue()


for _ in phases("requests", "oci"):
    with call("generateText, stream"):
        code = ARTICLE.replace("<your-compartment-id>", PHASE["compartment"])
        lines = run(code.replace("<model-ocid>", FACTS["text_model"])).splitlines()
        first, last = ast.literal_eval(lines[0]), ast.literal_eval(lines[-1])
        check((sorted(first), len(lines) > 2), (["id", "text"], True))
        check("finishReason" in last)
