"""The shape of a world file: models that are laid on the text, and hold only what it says."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ocipolicy.world import values

Text = Annotated[str, AfterValidator(values.a_text)]
Place = Annotated[str, AfterValidator(values.a_place)]
Region = Annotated[str, AfterValidator(values.a_region)]
TagValues = Annotated[tuple[str, ...], BeforeValidator(values.some_texts), Field(min_length=1)]
TenancyOcid = Annotated[str, AfterValidator(values.an_ocid("tenancy"))]
CompartmentOcid = Annotated[str, AfterValidator(values.an_ocid("compartment"))]
UserOcid = Annotated[str, AfterValidator(values.an_ocid("user"))]
GroupOcid = Annotated[str, AfterValidator(values.an_ocid("group"))]
DynamicGroupOcid = Annotated[str, AfterValidator(values.an_ocid("dynamicgroup"))]
PolicyOcid = Annotated[str, AfterValidator(values.an_ocid("policy"))]
PrincipalId = Annotated[str, AfterValidator(values.a_principal_id)]
PrincipalType = Annotated[str, AfterValidator(values.a_type)]


class _Model(BaseModel):
    # Built on the first load and not by the import.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class _Tagged(_Model):
    tags: Mapping[str, TagValues] = {}


class CompartmentEntry(_Tagged):
    """A compartment and those below it."""

    ocid: CompartmentOcid
    compartments: Mapping[str, "CompartmentEntry"] = {}


class UserEntry(_Tagged):
    """A user."""

    ocid: UserOcid
    domain: Text | None = None


class GroupEntry(_Tagged):
    """A group and its members."""

    ocid: GroupOcid
    domain: Text | None = None
    members: tuple[Text, ...] = ()


class DynamicGroupEntry(_Tagged):
    """A dynamic group and its matching rule."""

    ocid: DynamicGroupOcid
    domain: Text | None = None
    rule: str


class ResourceEntry(_Tagged):
    """A principal that is no user."""

    ocid: PrincipalId
    type: PrincipalType
    compartment: Place = "/"


class PolicyEntry(_Tagged):
    """A policy and its statements; its name is its key, where it does not say another.

    `unread` has statements of a live policy that could not be read when it was taken down.
    """

    name: Text | None = None
    ocid: PolicyOcid | None = None
    compartment: Place = "/"
    description: str = ""
    statements: tuple[str, ...]
    unread: tuple[str, ...] = ()


class TenancyEntry(_Tagged):
    """A tenancy and what is in it."""

    ocid: TenancyOcid
    home_region: Region | None = None
    regions: tuple[Region, ...] = ()
    compartments: Mapping[str, CompartmentEntry] = {}
    users: Mapping[str, UserEntry] = {}
    groups: Mapping[str, GroupEntry] = {}
    dynamic_groups: Mapping[str, DynamicGroupEntry] = {}
    resources: Mapping[str, ResourceEntry] = {}
    policies: Mapping[str, PolicyEntry] = {}


class WorldFile(_Model):
    """Everything that one file knows."""

    tenancies: Mapping[str, TenancyEntry]
