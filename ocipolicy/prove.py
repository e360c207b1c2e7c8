"""The proof: a bundle laid on the smallest world that fits its config, and the evaluator's word.

1. Every operation that the config wants is asked for every instance, and must be allowed.
2. Every other operation that the reference knows is asked for one instance, and must get the answer
   that the grants of the config imply.
3. Strangers ask for what is wanted, and must be refused: another instance, another type of
   principal, a user, principals of the other tenancies.
4. An instance asks elsewhere, and must be refused: above the compartment, beside it, in the other
   tenancies.
5. Where two tenancies have to agree, each half that is ours is asked again with the other half wide
   open, since a half that leans on the other one is no safer than that.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain

from ocipolicy import reference
from ocipolicy.config import Config, Loaded
from ocipolicy.diagnostics import Diagnostic, Severity
from ocipolicy.evaluate import (
    Need,
    PermissionNeed,
    Place,
    Request,
    Statements,
    Verdict,
    Who,
    may,
    needs_of,
)
from ocipolicy.evaluate.decide import VERDICTS
from ocipolicy.language import parse, show
from ocipolicy.language.tree import Define, InCompartment, InCompartmentId
from ocipolicy.render.bundle import Bundle, Side
from ocipolicy.world import (
    Compartment,
    CompartmentPath,
    Policy,
    Principal,
    Resource,
    Tenancy,
    User,
    World,
)

_STRANGER = "stranger"
_WRONGLY: Mapping[Verdict, str] = {
    "allowed": "does not grant",
    "denied": "grants more than",
    "unknown": "grants something else than",
}
_RANK = {verb: rank for rank, verb in enumerate(reference.VERBS)}


@dataclass(frozen=True, slots=True)
class Probe:
    """One question of the proof: what was wanted, and what the evaluator said.

    `half` is the side that was asked alone, with the other one wide open; None for both together.
    """

    who: str
    operation: str
    where: str
    wanted: Verdict
    verdict: Verdict
    half: Side | None = None

    @property
    def holds(self) -> bool:
        """Whether the answer is the wanted one."""
        return self.wanted == self.verdict


@dataclass(frozen=True, slots=True)
class Excess:
    """How far a grant goes beyond the need: the permissions that it gives, and those needed.

    `access` is the index in the config's `access:`, `narrower` what could be written there instead.
    """

    access: int
    resource: str
    given: int
    needed: int
    narrower: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The probes and their answers; `stand_ins` are the config keys that nobody knows yet."""

    probes: tuple[Probe, ...]
    instances: int
    operations: int
    excess: tuple[Excess, ...] = ()
    stand_ins: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether every probe has the wanted answer."""
        return all(each.holds for each in self.probes)

    @property
    def allowed(self) -> int:
        """How many wanted requests are allowed."""
        return sum(each.wanted == each.verdict == "allowed" for each in self.probes)

    @property
    def refused(self) -> int:
        """How many unwanted requests are refused."""
        return sum(each.wanted == each.verdict == "denied" for each in self.probes)


def prove(config: Config, bundle: Bundle) -> Proof:
    """Ask the evaluator everything that the bundle of a config must allow, and what it must not."""
    world = smallest_world(config, bundle)
    operations = tuple(wanted_operations(config))
    implied = _implied_by(config)
    probes = list(_Probing(config, world, operations, implied).probes())
    sides = {policy.side: policy.apply for policy in bundle.policies}
    if len(sides) > 1:
        for side, ours in sides.items():
            if ours:
                opened = _with_the_other_half_open(world, side)
                probes += _Probing(config, opened, operations, implied, half=side).probes()
    return Proof(
        tuple(probes),
        len(config.caller.instances),
        len(operations),
        tuple(_excess(config)),
        bundle.unknown,
    )


def findings(loaded: Loaded, proof: Proof) -> Iterator[Diagnostic]:
    """What a proof says to the author of a config: what it does not hold, and what is too broad.

    Probes that fail in the same way are one finding, which names the first of them.
    """
    failed: dict[tuple[Verdict, Verdict], list[Probe]] = {}
    for probe in proof.probes:
        if not probe.holds:
            failed.setdefault((probe.wanted, probe.verdict), []).append(probe)
    for (wanted, verdict), probes in failed.items():
        first = probes[0]
        half = f", the {first.half} side alone," if first.half else ""
        more = f" (and {len(probes) - 1} more)" if len(probes) > 1 else ""
        message = (
            f"{first.operation} by {first.who} in {first.where}{half}"
            f" is {verdict} and should be {wanted}{more}"
        )
        hint = (
            f"the template {_WRONGLY[wanted]} what the config asks for; `--format json` lists all"
        )
        yield Diagnostic("not-proved", Severity.ERROR, message, loaded.span("scenario"), hint)
    for excess in proof.excess:
        message = (
            f"{excess.resource} gives {excess.given} permissions;"
            f" the calls it is meant for need {excess.needed}"
        )
        span = loaded.span("access", excess.access)
        hint = f"least privilege is {excess.narrower}, or only the parts that are called"
        yield Diagnostic("broader-than-needed", Severity.NOTE, message, span, hint)


def smallest_world(config: Config, bundle: Bundle) -> World:
    """The tenancies, compartments and principals that a config speaks of, and a stranger of each.

    Tenancies are named `caller`, `service` (where there is one) and `stranger`; the instances
    `instance-1` and so on. The stranger's tenancy has no policies.
    """
    realm = config.caller.instances[0].split(".")[2]
    ocids = {policy.side: policy.tenancy for policy in bundle.policies}
    there: Side = "service" if "service" in ocids else "caller"
    tenancies: dict[str, Tenancy] = {}
    sides: tuple[Side, ...] = ("caller", there)
    for side in dict.fromkeys(sides):
        tenancies[side] = _tenancy(
            side,
            ocids.get(side) or _stand_in(bundle, realm),
            realm,
            compartment=config.compartment if side == there else None,
            instances=config.caller.instances if side == "caller" else (),
            policies=_policies(bundle, side),
        )
    stranger = _tenancy(_STRANGER, f"ocid1.tenancy.{realm}..{_STRANGER}", realm)
    return World({**tenancies, _STRANGER: stranger})


def _stand_in(bundle: Bundle, realm: str) -> str:
    """The OCID that stands for a caller's tenancy which nobody knows yet."""
    defines = (
        statement
        for policy in bundle.policies
        for statement in policy.statements
        if isinstance(statement, Define) and policy.apply and statement.what == "tenancy"
    )
    first = next(defines, None)
    return first.ocid if first else f"ocid1.tenancy.{realm}..unknown"


def _policies(bundle: Bundle, side: Side) -> tuple[Policy, ...]:
    return tuple(
        Policy(policy.name, None, (), policy.statements, tuple(map(show, policy.statements)))
        for policy in bundle.policies
        if policy.side == side
    )


def _tenancy(
    name: str,
    ocid: str,
    realm: str,
    *,
    compartment: InCompartment | InCompartmentId | None = None,
    instances: Iterable[str] = (),
    policies: tuple[Policy, ...] = (),
) -> Tenancy:
    compartments: dict[CompartmentPath, Compartment] = {(): Compartment(name, ocid, (), None)}

    def add(path: CompartmentPath, ocid: str) -> None:
        compartments[path] = Compartment(path[-1], ocid, path, compartments[path[:-1]].ocid)

    path: CompartmentPath = ()
    if isinstance(compartment, InCompartment):
        path = compartment.path
        for depth in range(1, len(path) + 1):
            add(path[:depth], f"ocid1.compartment.{realm}..{name}{depth}")
    elif compartment is not None and compartment.ocid != ocid:
        path = ("granted",)
        add(path, compartment.ocid)
    for number, above in enumerate(path[:depth] for depth in range(len(path) + 1)):
        add((*above, "beside"), f"ocid1.compartment.{realm}..{name}beside{number}")
    resources = {
        f"instance-{number}": Resource(f"instance-{number}", instance, "odainstance", ())
        for number, instance in enumerate(instances, 1)
    }
    for kind in ("odainstance", "fnfunc"):
        other = f"other-{kind}"
        resources[other] = Resource(other, f"ocid1.{kind}.{realm}..{name}{other}", kind, ())
    users = {"someone": User("someone", f"ocid1.user.{realm}..{name}someone")}
    return Tenancy(name, ocid, None, (), compartments, users, {}, {}, resources, policies)


def _with_the_other_half_open(world: World, side: Side) -> World:
    """The world in which every side but one lets everything through."""
    caller, service = world.tenancies["caller"], world.tenancies["service"]
    if side == "service":
        texts: tuple[str, ...] = ("endorse any-user to manage all-resources in any-tenancy",)
        opened = caller
    else:
        texts = (
            f"define tenancy caller as {caller.ocid}",
            "admit any-user of tenancy caller to manage all-resources in tenancy",
        )
        opened = service
    wide = Policy("wide-open", None, (), parse("\n".join(texts)).statements, texts)
    return World({**world.tenancies, opened.name: replace(opened, policies=(wide,))})


def wanted_operations(config: Config) -> Iterator[reference.Operation]:
    """The operations that a config asks for: of each service it names, or of the parts it names.

    Of a whole service these are the calls that its parts are for (chat, embedding, translation),
    not the management of models and clusters, which its family grants as well.
    """
    for access in config.access:
        service = reference.services()[access.service]
        for name, part in service.parts.items():
            if name in access.parts or (not access.parts and part.verb == service.verb):
                yield from _operations_of(part.type, part.verb)


@cache
def _operations_of(resource: str, verb: str) -> tuple[reference.Operation, ...]:
    """The operations that a verb on one resource type gives."""
    grants = ((resource, verb),)
    every = _every_operation().items()
    return tuple(each for each, needs in every if _implied(grants, needs) == "allowed")


@cache
def _every_operation() -> Mapping[reference.Operation, tuple[Need, ...]]:
    """The operations that the reference knows enough of to ask about, with what each needs."""
    every = chain.from_iterable(reference.operations().values())
    needs = ((operation, needs_of(operation)) for operation in every)
    return {operation: found for operation, found in needs if found}


def _implied_by(config: Config) -> Mapping[reference.Operation, Verdict]:
    """What the grants of a config say of every operation."""
    grants = tuple(_grants(config))
    return {each: _implied(grants, needs) for each, needs in _every_operation().items()}


def _implied(grants: tuple[tuple[str, str], ...], needs: tuple[Need, ...]) -> Verdict:
    """What (resource type, verb) grants say of needs, read from the reference alone."""
    verdicts = {_implied_need(grants, need) for need in needs}
    if "denied" in verdicts:
        return "denied"
    return "unknown" if "unknown" in verdicts else "allowed"


def _implied_need(grants: tuple[tuple[str, str], ...], need: Need) -> Verdict:
    if isinstance(need, PermissionNeed):
        known = reference.permission(need.permission)
        ways = known.granted_by if known else ()
        enough = any(
            _RANK[verb] >= _RANK[lowest] and _covers(resource, type_)
            for resource, verb in grants
            for type_, lowest in ways
        )
        return "allowed" if enough else "denied"
    verbs = [_RANK[verb] for resource, verb in grants if _covers(resource, need.resource)]
    if verbs:
        return "allowed" if max(verbs) >= _RANK[need.verb] else "unknown"
    # Of some operations only the family is known; a grant of one of its types may be the right one.
    partly = any(_covers(need.resource, resource) for resource, _ in grants)
    return "unknown" if partly else "denied"


def _covers(resource: str, type_: str) -> bool:
    family = reference.resource_type(resource)
    return resource == type_ or (family is not None and type_ in family.members)


class _Probing:
    """The probes of one world."""

    def __init__(
        self,
        config: Config,
        world: World,
        operations: tuple[reference.Operation, ...],
        implied: Mapping[reference.Operation, Verdict],
        half: Side | None = None,
    ) -> None:
        self.config = config
        self.operations = operations
        self.implied = implied
        self.half = half
        self.world = world
        self.statements = Statements(world)
        self.caller = world.tenancies["caller"]
        self.there = world.tenancies.get("service", self.caller)
        # Operations that need the same have the same answer, unless a condition tells them apart.
        texts = (
            text
            for tenancy in world.tenancies.values()
            for each in tenancy.policies
            for text in each.texts
        )
        self._by_operation = any("request.operation" in text.lower() for text in texts)
        self._verdicts: dict[tuple[object, ...], Verdict] = {}

    def probes(self) -> Iterator[Probe]:
        """Every question, in the order of the module's docstring."""
        granted = self._granted()
        instances = [
            Who(self.caller, each)
            for each in self.caller.resources.values()
            if each.ocid in self.config.caller.instances
        ]
        for who in instances:
            yield from (self._ask(who, each, granted, "allowed") for each in self.operations)
        first = instances[0]
        wanted = frozenset(self.operations)
        for operation, verdict in self.implied.items():
            if operation not in wanted:
                yield self._ask(first, operation, granted, verdict)
        for who in self._strangers():
            yield from (self._ask(who, each, granted, "denied") for each in self.operations)
        for place in self._elsewhere(granted):
            yield from (self._ask(first, each, place, "denied") for each in self.operations)

    def _ask(
        self, who: Who, operation: reference.Operation, where: Place, wanted: Verdict
    ) -> Probe:
        path = ":".join(where.compartment.path)
        return Probe(
            who=f"{who.tenancy.name}/{who.principal.name}",
            operation=operation.name,
            where=f"{where.tenancy.name}/{path}" if path else where.tenancy.name,
            wanted=wanted,
            verdict=self._verdict(who, operation, where),
            half=self.half,
        )

    def _verdict(self, who: Who, operation: reference.Operation, where: Place) -> Verdict:
        needs = _every_operation()[operation]
        told_apart = operation if self._by_operation else None
        key = (who.principal.ocid, needs, where.compartment.ocid, told_apart)
        found = self._verdicts.get(key)
        if found is None:
            request = Request(who, where, needs, operation)
            found = self._verdicts[key] = VERDICTS[may(request, self.statements)]
        return found

    def _granted(self) -> Place:
        """The compartment that the config names; the root where it names none."""
        match self.config.compartment:
            case InCompartment(path=path):
                return Place(self.there, self.there.compartments[path])
            case InCompartmentId(ocid=ocid):
                return Place(self.there, self.there.compartment(ocid) or self.there.root)
            case None:
                return Place(self.there, self.there.root)

    def _strangers(self) -> Iterator[Who]:
        for tenancy in self.world.tenancies.values():
            everyone: Iterator[Principal] = chain(
                tenancy.resources.values(), tenancy.users.values()
            )
            for principal in everyone:
                if principal.ocid not in self.config.caller.instances:
                    yield Who(tenancy, principal)

    def _elsewhere(self, granted: Place) -> Iterator[Place]:
        """Places where nothing is granted. An endorse by itself does not choose among them."""
        if self.half == "caller":
            return
        for tenancy in self.world.tenancies.values():
            for compartment in tenancy.compartments.values():
                if tenancy is not self.there or not granted.compartment.holds(compartment):
                    yield Place(tenancy, compartment)


def _grants(config: Config) -> Iterator[tuple[str, str]]:
    """What a config grants: (resource type, verb)."""
    for access in config.access:
        service = reference.services()[access.service]
        if not access.parts:
            yield service.type, service.verb
        yield from ((service.parts[each].type, service.parts[each].verb) for each in access.parts)


def _excess(config: Config) -> Iterator[Excess]:
    """What whole families give beyond the calls that they are asked for."""
    for index, access in enumerate(config.access):
        service = reference.services()[access.service]
        family = reference.resource_type(service.type)
        if access.parts or family is None or not family.documented:
            continue
        parts = {name: part for name, part in service.parts.items() if part.verb == service.verb}
        given = _permissions(family.members, service.verb)
        needed = _permissions((part.type for part in parts.values()), service.verb)
        current = ", ".join(name for name, part in parts.items() if part.note is None)
        if len(given) > len(needed):
            narrower = f"{access.service}: [{current}]"
            yield Excess(index, service.type, len(given), len(needed), narrower)


def _permissions(types: Iterable[str], verb: str) -> set[str]:
    """Every permission that a verb gives on resource types."""
    found: set[str] = set()
    for name in types:
        type_ = reference.resource_type(name)
        permissions: Mapping[str, tuple[str, ...]] = type_.permissions if type_ else {}
        for each in reference.VERBS[: _RANK[verb] + 1]:
            found |= set(permissions.get(each, ()))
    return found
