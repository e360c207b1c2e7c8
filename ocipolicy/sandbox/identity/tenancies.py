"""Tenancies, the regions that they are subscribed to, and all regions."""

from ocipolicy import reference
from ocipolicy.sandbox.identity.fields import required
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.state import home_region
from ocipolicy.sandbox.wire import Reply, answer, not_found
from ocipolicy.world import Tenancy


def _get(asked: Asked) -> Reply:
    tenancy = _found(asked)
    record = asked.state.records[tenancy.ocid]
    said = {
        "id": tenancy.ocid,
        "name": tenancy.name,
        "description": record.description,
        "homeRegionKey": _key(home_region(tenancy)),
        "upiIdcsCompatibilityLayerEndpoint": None,
        "freeformTags": record.freeform_tags,
        "definedTags": record.defined_tags,
    }
    return answer(said)


def _list_subscriptions(asked: Asked) -> Reply:
    tenancy = _found(asked)
    home = home_region(tenancy)
    return answer(
        [
            {
                "regionKey": _key(name),
                "regionName": name,
                "status": "READY",
                "isHomeRegion": name == home,
            }
            for name in dict.fromkeys((home, *tenancy.regions))
        ]
    )


def _list_regions(asked: Asked) -> Reply:
    """All regions of the realm; everybody who has signed may know them."""
    parts = reference.ocid_parts(asked.who.tenancy.ocid)
    known = reference.all_regions().values()
    # A tenancy in a realm without regions, such as the sandbox's own, is shown those of oc1.
    here = [each for each in known if parts and each.realm == parts.realm]
    listed = here or [each for each in known if each.realm == "oc1"]
    return answer([{"key": each.key, "name": each.name} for each in listed])


def _list_availability_domains(asked: Asked) -> Reply:
    """One for each region: what is in it is no business of the sandbox."""
    place = asked.allow(required(asked, "compartmentId"))
    name = f"sandbox:{asked.region.upper()}-AD-1"
    domain = f"ocid1.availabilitydomain.oc0..sandbox{asked.region}"
    return answer([{"id": domain, "name": name, "compartmentId": place.compartment.ocid}])


def _found(asked: Asked) -> Tenancy:
    place = asked.allow(asked.arguments["tenancy"])
    if place.compartment.path:
        raise not_found()
    return place.tenancy


def _key(region: str) -> str:
    """The key of a region; one that is not known is its own."""
    known = reference.region(region)
    return known.key if known else region


ROUTES = (
    Route("GET", "/20160918/tenancies/<tenancy>", "identity", "GetTenancy", _get),
    Route(
        "GET",
        "/20160918/tenancies/<tenancy>/regionSubscriptions",
        "identity",
        "ListRegionSubscriptions",
        _list_subscriptions,
    ),
    Route("GET", "/20160918/regions", "identity", "ListRegions", _list_regions),
    Route(
        "GET",
        "/20160918/availabilityDomains",
        "identity",
        "ListAvailabilityDomains",
        _list_availability_domains,
    ),
)
