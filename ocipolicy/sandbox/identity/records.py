"""What everything has alike: a description, tags, a time, a state and a version."""

from dataclasses import replace
from datetime import UTC
from typing import Any

from ocipolicy.sandbox.identity.fields import Body
from ocipolicy.sandbox.state import Record, State, etag


def new_record(body: Body, state: State) -> Record:
    """The record of a new thing, with the description that it has to have."""
    record = Record(etag(), state.now(), body.description())
    return _said(body, record)


def next_record(body: Body, record: Record) -> Record:
    """The record of a thing behind an update: what the body leaves out stays as it was."""
    if body.has("description"):
        record = replace(record, description=body.description())
    return _said(body, replace(record, etag=etag()))


def _said(body: Body, record: Record) -> Record:
    if body.has("versionDate"):
        record = replace(record, version_date=body.version_date())
    if body.has("freeformTags"):
        record = replace(record, freeform_tags=body.freeform_tags())
    if body.has("definedTags"):
        record = replace(record, defined_tags=body.defined_tags())
    return record


def described(record: Record) -> dict[str, Any]:
    """The part of a thing's JSON that is in its record.

    Whatever there is is active: a thing is made, and gone, at once.
    """
    created = record.time_created.astimezone(UTC)
    return {
        "description": record.description,
        "timeCreated": created.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "lifecycleState": "ACTIVE",
        "inactiveStatus": None,
        "freeformTags": record.freeform_tags,
        "definedTags": record.defined_tags,
    }
