"""The world itself, and what a name of it means: a tenancy, a principal, a place."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ocipolicy.diagnostics import CannotGoOn, closest
from ocipolicy.world.tree import Compartment, CompartmentPath, Principal, Tenancy

_MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class World:
    """Every tenancy that is known, by name."""

    tenancies: Mapping[str, Tenancy] = field(hash=False)
    _owners: Mapping[str, Tenancy] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owners = {ocid: tenancy for tenancy in self.tenancies.values() for ocid in _ocids(tenancy)}
        object.__setattr__(self, "_owners", MappingProxyType(owners))

    def tenancy_of(self, ocid: str) -> Tenancy | None:
        """The tenancy that holds what an OCID names, or whose own OCID it is."""
        return self._owners.get(ocid)

    def principal(self, who: str) -> tuple[Tenancy, Principal]:
        """The user or resource that `NAME`, `TENANCY/NAME` or an OCID means, and its tenancy.

        A name outside the Default domain is `DOMAIN/NAME`. Raises CannotGoOn where that is nobody,
        or more than one.
        """
        owner = self._owners.get(who)
        if owner is not None or who.startswith("ocid1."):
            return self._principal_by_ocid(who, owner)
        # The same words can be a user of an identity domain that is called like a tenancy.
        found = [pair for each in self.tenancies.values() for pair in _called(each, who)]
        first, slash, rest = who.partition("/")
        if slash and first in self.tenancies:
            found += _called(self.tenancies[first], rest)
        if len(found) == 1:
            return found[0]
        raise self._ambiguous(who, found) if found else self._nobody(who)

    def place(self, where: str) -> tuple[Tenancy, Compartment]:
        """The compartment that `TENANCY`, `TENANCY/PATH:TO:IT` or an OCID means, and its tenancy.

        A tenancy alone is its root. Raises CannotGoOn where there is no such place.
        """
        if where.startswith("ocid1."):
            tenancy = self._owners.get(where)
            found = tenancy.compartment(where) if tenancy is not None else None
            if tenancy is None or found is None:
                raise CannotGoOn(
                    f"the world has no compartment with the OCID `{where}`",
                    "name a tenancy, or a compartment of one: TENANCY/PATH:TO:COMPARTMENT",
                )
            return tenancy, found
        name, _, written = where.partition("/")
        tenancy = self.tenancies.get(name)
        if tenancy is None:
            raise self._no_tenancy(where, name)
        path: CompartmentPath = () if written in ("", "/") else tuple(written.split(":"))
        found = tenancy.compartments.get(path)
        if found is None:
            raise _no_compartment(tenancy, written)
        return tenancy, found

    def _principal_by_ocid(self, ocid: str, owner: Tenancy | None) -> tuple[Tenancy, Principal]:
        if owner is None:
            raise CannotGoOn(
                f"the world has no principal with the OCID `{ocid}`",
                "add it to the users or resources of its tenancy",
            )
        for each in _principals(owner):
            if each.ocid == ocid:
                return owner, each
        raise CannotGoOn(
            f"`{ocid}` is in the tenancy `{owner.name}`, but no principal",
            "name a user or a resource",
        )

    def _no_tenancy(self, where: str, name: str) -> CannotGoOn:
        near = closest(name, self.tenancies)
        written = where.strip("/").replace("/", ":")
        paths = [
            f"{tenancy.name}/{':'.join(path)}"
            for tenancy in self.tenancies.values()
            for path in tenancy.compartments
            if path and ":".join(path) == written
        ]
        if paths:
            hint = f"write {_or(paths)}"
        elif near:
            hint = f"did you mean `{near}{where.removeprefix(name)}`?"
        else:
            hint = _choices("the tenancies are", self.tenancies)
        return CannotGoOn(f"the world has no tenancy `{name}`", hint)

    def _ambiguous(self, who: str, found: list[tuple[Tenancy, Principal]]) -> CannotGoOn:
        names = {f"{tenancy.name}/{who}" for tenancy, _ in found}
        plain = len(names) == len(found) and "/" not in who
        choices = sorted(names) if plain else [each.ocid for _, each in found]
        return CannotGoOn(f"`{who}` is the name of several principals", f"write {_or(choices)}")

    def _nobody(self, who: str) -> CannotGoOn:
        first, slash, rest = who.partition("/")
        if slash and first in self.tenancies:
            tenancy = self.tenancies[first]
            names = [*tenancy.users, *tenancy.resources]
            near = closest(rest, names)
            return CannotGoOn(
                f"the tenancy `{first}` has no user or resource `{rest}`",
                f"did you mean `{first}/{near}`?" if near else _choices("it has", names),
            )
        everyone = [
            f"{tenancy.name}/{name}"
            for tenancy in self.tenancies.values()
            for name in (*tenancy.users, *tenancy.resources)
        ]
        bare = {each.partition("/")[2] for each in everyone}
        near = closest(who, everyone) or closest(who, bare)
        return CannotGoOn(
            f"the world has no user or resource `{who}`",
            f"did you mean `{near}`?" if near else _choices("it has", everyone),
        )


def _no_compartment(tenancy: Tenancy, written: str) -> CannotGoOn:
    paths = [":".join(path) for path in tenancy.compartments if path]
    wanted = written.strip("/:").replace("/", ":")
    ends = [path for path in paths if path.endswith(f":{wanted}")]
    near = ends[0] if len(ends) == 1 else closest(wanted, paths)
    return CannotGoOn(
        f"the tenancy `{tenancy.name}` has no compartment `{written}`",
        f"did you mean `{tenancy.name}/{near}`?" if near else _choices("it has", paths),
    )


def _principals(tenancy: Tenancy) -> Iterator[Principal]:
    yield from tenancy.users.values()
    yield from tenancy.resources.values()


def _called(tenancy: Tenancy, name: str) -> list[tuple[Tenancy, Principal]]:
    found: tuple[Principal | None, ...] = (tenancy.users.get(name), tenancy.resources.get(name))
    return [(tenancy, each) for each in found if each is not None]


def _ocids(tenancy: Tenancy) -> Iterator[str]:
    yield from (each.ocid for each in tenancy.compartments.values())
    yield from (each.ocid for each in _principals(tenancy))
    yield from (each.ocid for each in tenancy.groups.values())
    yield from (each.ocid for each in tenancy.dynamic_groups.values())
    yield from (each.ocid for each in tenancy.policies if each.ocid)


def _or(words: Iterable[str]) -> str:
    *rest, last = [f"`{word}`" for word in words]
    return " or ".join(part for part in (", ".join(rest), last) if part)


def _choices(beginning: str, words: Collection[str]) -> str:
    if not words:
        return "add it to the world"
    listed = sorted(set(words))
    more = ", ..." if len(listed) > _MOST_SHOWN else ""
    return f"{beginning} {', '.join(listed[:_MOST_SHOWN])}{more}"
