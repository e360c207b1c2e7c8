"""Config and templates to a bundle of policies: rendered, parsed at once, and locked.

1. the scenario that the config names is found, and held against the keys that the config has;
2. each side's template is rendered twice, with the config's values and with stand-ins;
3. both texts are parsed, and must be the same but for the leaves that the values fill (`lock`);
4. the statements become policies, split where a policy would grow past OCI's limit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ocipolicy import reference
from ocipolicy.config import Config, Loaded
from ocipolicy.diagnostics import Diagnostic, Severity, Span, closest, has_errors
from ocipolicy.language import parse
from ocipolicy.language.tree import Define, InCompartment, InCompartmentId, Statement
from ocipolicy.render.bundle import Bundle, Letter, Policy, Side
from ocipolicy.render.lock import differences
from ocipolicy.render.scenario import Scenario, read_scenario
from ocipolicy.render.templates import Templates, Text, line_span

__all__ = ["Bundle", "Letter", "Policy", "Rendered", "Scenario", "Templates", "render", "weighed"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of a config; no bundle where a diagnostic is an error.

    `texts` has the text of each side, in which the offsets of its statements count.
    """

    bundle: Bundle | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[Side, Text] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Needed:
    """A resource type and the verb that a caller needs on it: `use generative-ai-chat`."""

    verb: str
    resource: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller's side as a template sees it."""

    tenancy: str | None
    instances: tuple[str, ...]
    scope: str


@dataclass(frozen=True, slots=True)
class Service:
    """The service's side as a template sees it; no tenancy where the scenario has no such side."""

    tenancy: str | None


@dataclass(frozen=True, slots=True)
class Values:
    """Everything that a template sees."""

    name: str
    region: str | None
    endorse: str
    compartment: InCompartment | InCompartmentId | None
    caller: Caller
    service: Service
    grants: tuple[Needed, ...]
    instances: tuple[str, ...]

    def names(self) -> dict[str, object]:
        """The names of a template and their values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def render(loaded: Loaded, templates: Templates) -> Rendered:
    """The bundle of a config that was loaded without an error.

    Raises Unreadable where a template file cannot be read. Whatever is wrong with the config or a
    template is in the diagnostics, at its place in the config or the template.
    """
    config = loaded.config
    if config is None:
        return Rendered(None, loaded.diagnostics)
    diagnostics = list(loaded.diagnostics)
    texts: dict[Side, Text] = {}
    bundle = _bundle(loaded, config, templates, diagnostics, texts)
    found = tuple(weighed(diagnostics, config))
    return Rendered(None if has_errors(found) else bundle, found, texts)


def weighed(diagnostics: Iterable[Diagnostic], config: Config) -> Iterator[Diagnostic]:
    """The findings with the weight that the config's `rules` give them; an error stays one."""
    for each in diagnostics:
        level = config.rules.get(each.rule)
        if level is None or each.severity is Severity.ERROR:
            yield each
        elif level != "off":
            yield replace(each, severity=Severity(level))


def _bundle(
    loaded: Loaded,
    config: Config,
    templates: Templates,
    diagnostics: list[Diagnostic],
    texts: dict[Side, Text],
) -> Bundle | None:
    scenario = _scenario(loaded, config, templates, diagnostics)
    if scenario is None:
        return None
    diagnostics += _keys(loaded, config, scenario)
    if has_errors(diagnostics):
        return None
    diagnostics += _doubts(loaded, config, scenario)
    unknown = tuple(key for key in scenario.unknown if not loaded.has(*key.split(".")))
    values = _values(config, scenario, unknown)
    policies: list[Policy] = []
    for side in scenario.sides:
        statements = _statements(config, templates, side, values, diagnostics, texts)
        policies += _policies(config, scenario, side, statements)
    letters = tuple(_letters(config, scenario, templates, unknown, values, diagnostics))
    diagnostics += _limits(loaded, policies)
    return Bundle(config.name, tuple(policies), letters, unknown)


def _scenario(
    loaded: Loaded, config: Config, templates: Templates, diagnostics: list[Diagnostic]
) -> Scenario | None:
    path = templates.path(f"{config.scenario}/scenario.yaml")
    if path is None:
        known = templates.scenarios()
        near = closest(config.scenario, known)
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(known)}"
        message = f"there is no scenario `{config.scenario}`"
        span = loaded.span("scenario")
        diagnostics.append(Diagnostic("unknown-scenario", Severity.ERROR, message, span, hint))
        return None
    scenario, found = read_scenario(templates.read(path))
    diagnostics += found
    if scenario is not None:
        for side in scenario.sides:
            if templates.path(f"{config.scenario}/{side}.policy.j2") is None:
                message = f"the scenario has a side {side}, but no file {side}.policy.j2"
                span = line_span(templates.read(path), 1)
                diagnostics.append(
                    Diagnostic("missing-template", Severity.ERROR, message, span, "add the file")
                )
                return None
    return scenario


# The keys that a scenario must name in `needs` or `takes` to be allowed; all others always are.
_OPTIONAL = (
    ("caller", "tenancy"),
    ("caller", "profile"),
    ("caller", "scope"),
    ("service",),
    ("service", "tenancy"),
    ("service", "profile"),
    ("endorse",),
)


def _keys(loaded: Loaded, config: Config, scenario: Scenario) -> Iterator[Diagnostic]:
    """Keys that the scenario needs and the config lacks, and keys that have no meaning in it."""
    taken = {*scenario.needs, *scenario.takes}
    taken |= {key.split(".")[0] for key in taken}
    for key in _OPTIONAL:
        dotted = ".".join(key)
        if (
            loaded.has(*key)
            and dotted not in taken
            and not (dotted.startswith("service.") and "service" not in taken)
        ):
            yield Diagnostic(
                "needless-key",
                Severity.ERROR,
                f"`{dotted}` has no meaning in the scenario {config.scenario}",
                loaded.key_span(*key),
                "take it away",
            )
        elif not loaded.has(*key) and dotted in scenario.needs:
            message = f"the scenario {config.scenario} needs `{dotted}`"
            hint = f"add {key[-1]}: under {key[0]}:" if len(key) > 1 else f"add {key[0]}:"
            yield Diagnostic("missing-key", Severity.ERROR, message, loaded.key_span(*key), hint)


def _doubts(loaded: Loaded, config: Config, scenario: Scenario) -> Iterator[Diagnostic]:
    """What Oracle does not document about the statements that this config asks for."""
    for doubt in scenario.doubts:
        for index, access in enumerate(config.access):
            if access.service == doubt.service:
                span = loaded.span("access", index)
                yield Diagnostic("undocumented-form", Severity.NOTE, doubt.text, span)


def _values(config: Config, scenario: Scenario, unknown: tuple[str, ...]) -> Values:
    caller_tenancy = config.caller.tenancy
    if "caller.tenancy" in unknown:
        caller_tenancy = scenario.unknown["caller.tenancy"].stand_in
    return Values(
        name=config.name,
        region=config.region,
        endorse=config.endorse,
        compartment=config.compartment,
        caller=Caller(caller_tenancy, config.caller.instances, config.caller.scope),
        service=Service(config.service.tenancy if config.service else None),
        grants=tuple(_grants(config)),
        instances=config.caller.instances,
    )


def _grants(config: Config) -> Iterator[Needed]:
    for access in config.access:
        service = reference.services()[access.service]
        if not access.parts:
            yield Needed(service.verb, service.type)
        for part in access.parts:
            yield Needed(service.parts[part].verb, service.parts[part].type)


def _stand_ins(values: Values) -> tuple[Values, dict[str, str]]:
    """The values with a stand-in for every word that a user chose, and what each stands for."""
    stands_for: dict[str, str] = {}

    def word(value: str) -> str:
        """A stand-in of the same kind; the last letter keeps it from being part of another one."""
        number = f"standin{len(stands_for)}x"
        kind = value.split(".")[1] if value.startswith("ocid1.") else None
        stand_in = number if kind is None else f"ocid1.{kind}.oc1..{number}"
        stands_for[stand_in] = value
        return stand_in

    def maybe(value: str | None) -> str | None:
        return None if value is None else word(value)

    match values.compartment:
        case InCompartment(path=path):
            compartment: InCompartment | InCompartmentId | None = InCompartment(
                tuple(map(word, path))
            )
        case InCompartmentId(ocid=ocid):
            compartment = InCompartmentId(word(ocid))
        case None:
            compartment = None
    instances = tuple(map(word, values.instances))
    stand_ins = replace(
        values,
        name=word(values.name),
        region=maybe(values.region),
        compartment=compartment,
        caller=replace(values.caller, tenancy=maybe(values.caller.tenancy), instances=instances),
        service=Service(maybe(values.service.tenancy)),
        instances=instances,
    )
    return stand_ins, stands_for


def _statements(
    config: Config,
    templates: Templates,
    side: Side,
    values: Values,
    diagnostics: list[Diagnostic],
    texts: dict[Side, Text],
) -> tuple[Statement, ...]:
    """The statements of one side, or none and a diagnostic of what is wrong with its template."""
    name = f"{config.scenario}/{side}.policy.j2"
    stand_ins, stands_for = _stand_ins(values)
    text = templates.render(name, values.names())
    other = templates.render(name, stand_ins.names())
    if isinstance(text, Diagnostic):
        diagnostics.append(text)
        return ()
    if isinstance(other, Diagnostic):
        diagnostics.append(other)
        return ()
    texts[side] = text
    parsed = parse(text.text)
    for each in parsed.diagnostics:
        message = f"{each.message} (in what this line renders to)"
        span = _line(templates, name, text, each.span.start)
        diagnostics.append(Diagnostic(each.rule, each.severity, message, span, each.help))
    if has_errors(parsed.diagnostics):
        return ()
    if not parsed.statements:
        span = line_span(templates.source(name), 1)
        message = "the template renders to no statement at all"
        hint = "a side that has nothing to say is left out of scenario.yaml"
        diagnostics.append(Diagnostic("empty-template", Severity.ERROR, message, span, hint))
    for index, changed in differences(parsed.statements, parse(other.text).statements, stands_for):
        at = parsed.statements[index].start if index < len(parsed.statements) else 0
        diagnostics.append(
            Diagnostic(
                "value-changes-meaning",
                Severity.ERROR,
                f"a value of the config changes more than the place it fills: {changed}",
                _line(templates, name, text, at),
                "put the value where a name or a quoted value stands, with the filter `quoted`",
            )
        )
    return parsed.statements


def _line(templates: Templates, name: str, text: Text, offset: int) -> Span:
    return text.origin(offset) or line_span(templates.source(name), 1)


def _policies(
    config: Config, scenario: Scenario, side: Side, statements: tuple[Statement, ...]
) -> Iterator[Policy]:
    """The statements as policies of at most as many as OCI allows, the defines in each of them."""
    defines = tuple(each for each in statements if isinstance(each, Define))
    others = tuple(each for each in statements if not isinstance(each, Define))
    room = max(1, reference.limit("statements-per-policy").value - len(defines))
    party = config.caller if side == "caller" else config.service
    for number, first in enumerate(range(0, len(others), room), 1):
        yield Policy(
            side=side,
            tenancy=party.tenancy if party else None,
            name=f"{config.name}-{side}" + (f"-{number}" if number > 1 else ""),
            description=scenario.sides[side].description,
            statements=defines + others[first : first + room],
            apply=scenario.sides[side].apply,
            profile=party.profile.name if party and party.profile else None,
        )


def _letters(
    config: Config,
    scenario: Scenario,
    templates: Templates,
    unknown: tuple[str, ...],
    values: Values,
    diagnostics: list[Diagnostic],
) -> Iterator[Letter]:
    """The letters that ask for what is not known yet."""
    for key in unknown:
        template = scenario.unknown[key].ask_with
        text = templates.render(f"{config.scenario}/{template}", values.names())
        if isinstance(text, Diagnostic):
            diagnostics.append(text)
        else:
            yield Letter(template.removesuffix(".j2"), text.text.rstrip() + "\n")


def _limits(loaded: Loaded, policies: list[Policy]) -> Iterator[Diagnostic]:
    """The limits of OCI that the bundle would pass by itself."""
    span = loaded.span("access")
    most = reference.limit("statements-per-policy")
    for policy in policies:
        if len(policy.statements) > most.value:
            message = (
                f"the define statements leave no room in policy {policy.name}:"
                f" OCI allows {most.value} statements in a policy"
            )
            yield Diagnostic("too-many-statements", Severity.ERROR, message, span)
    for side in dict.fromkeys(policy.side for policy in policies):
        ours = [policy for policy in policies if policy.side == side]
        limits = {
            "policies-per-tenancy": len(ours),
            "statements-per-hierarchy": sum(len(policy.statements) for policy in ours),
        }
        for name, count in limits.items():
            limit = reference.limit(name)
            if count > limit.value:
                message = (
                    f"the {side} side comes to {count} {limit.counts}; OCI allows {limit.value}"
                )
                hint = "grant fewer instances or types in one config"
                yield Diagnostic("too-many-statements", Severity.ERROR, message, span, hint)
