"""The OCI SDK for Python: policies from their creation to their end, and who else is there."""

from datetime import datetime

import oci
from oci.identity import IdentityClient, IdentityClientCompositeOperations
from oci.identity.models import CreatePolicyDetails, UpdatePolicyDetails
from oci.pagination import list_call_get_all_results

from tests.clients.scripts.calls import FACTS, PHASE, call, check, phases

STATEMENTS = ["allow group bot-admins to use generative-ai-chat in compartment bots"]
OTHERS = ["allow group bot-admins to use generative-ai-family in compartment bots"]

config = oci.config.from_file(FACTS["config_file"], FACTS["user"])
client = IdentityClient(config, service_endpoint=FACTS["endpoint"])
both = IdentityClientCompositeOperations(client)
tenancy = config["tenancy"]


def details(name: str) -> CreatePolicyDetails:
    return CreatePolicyDetails(
        compartment_id=tenancy, name=name, description="A trial.", statements=STATEMENTS
    )


def status_of(error: oci.exceptions.ServiceError) -> tuple[int, str]:
    return error.status, error.code


for _ in phases("oci"):
    etag = ""
    ocid = PHASE["policy"]
    with call("create_policy"):
        made = client.create_policy(details("trial"))
        ocid, etag = made.data.id, made.headers["etag"]
        check(made.data.statements, STATEMENTS)
        check(made.data.lifecycle_state, "ACTIVE")
        check(isinstance(made.data.time_created, datetime))
    with call("create_policy, again with its opc-retry-token"):
        token = f"token-{PHASE['number']}"
        first = client.create_policy(details("retried"), opc_retry_token=token)
        again = client.create_policy(details("retried"), opc_retry_token=token)
        check(again.data.id, first.data.id)
    with call("create_policy, the name is taken"):
        try:
            client.create_policy(details("trial"))
        except oci.exceptions.ServiceError as error:
            if status_of(error) != (409, "PolicyAlreadyExists"):
                raise
        else:
            check("created")
    with call("create_policy_and_wait_for_state"):
        waited = both.create_policy_and_wait_for_state(details("waited"), ["ACTIVE"])
        check(waited.data.name, "waited")
    with call("list_policies, page by page"):
        pages = list_call_get_all_results(client.list_policies, tenancy, limit=1)
        names = {each.name for each in pages.data}
        check({"trial", "retried", "waited"} <= names)
    with call("get_policy"):
        got = client.get_policy(ocid)
        check((got.data.id, got.headers["etag"]), (ocid, etag))
    with call("update_policy, if-match"):
        try:
            client.update_policy(ocid, UpdatePolicyDetails(description="x"), if_match="stale")
        except oci.exceptions.ServiceError as error:
            if status_of(error) != (412, "NoEtagMatch"):
                raise
        new = client.update_policy(
            ocid, UpdatePolicyDetails(statements=OTHERS, version_date=None), if_match=etag
        )
        check((new.data.statements, new.headers["etag"] == etag), (OTHERS, False))
    with call("delete_policy"):
        check(client.delete_policy(ocid).status, 204)
    with call("delete_policy, and wait for its state"):
        for name in ("retried", "waited"):
            (left,) = client.list_policies(tenancy, name=name).data
            both.delete_policy_and_wait_for_state(left.id, ["DELETED"])
        check(client.list_policies(tenancy, name="retried").data, [])
    with call("list_compartments"):
        found = client.list_compartments(tenancy, compartment_id_in_subtree=True).data
        check([each.name for each in found], ["bots"])
    with call("get_compartment"):
        check(client.get_compartment(PHASE["compartment"]).data.name, "bots")
    with call("get_tenancy"):
        check(client.get_tenancy(tenancy).data.home_region_key, "IAD")
    with call("list_region_subscriptions"):
        regions = client.list_region_subscriptions(tenancy).data
        check([each.region_key for each in regions if each.is_home_region], ["IAD"])
    with call("list_regions"):
        check("us-chicago-1" in {each.name for each in client.list_regions().data})
    with call("list_users"):
        check("alice" in {each.name for each in client.list_users(tenancy).data})
    with call("list_groups"):
        check("bot-admins" in {each.name for each in client.list_groups(tenancy).data})
    with call("list_user_group_memberships"):
        (group,) = client.list_groups(tenancy, name="bot-admins").data
        members = client.list_user_group_memberships(tenancy, group_id=group.id).data
        check([each.user_id for each in members], [config["user"]])
    with call("list_dynamic_groups"):
        check([each.name for each in client.list_dynamic_groups(tenancy).data], ["bot-hosts"])
