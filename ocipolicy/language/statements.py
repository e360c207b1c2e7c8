"""Reads one statement: allow, deny, define, endorse or admit; its condition is read elsewhere."""

from ocipolicy.language import grant_mistakes, mistakes
from ocipolicy.language.condition_mistakes import behind_condition
from ocipolicy.language.conditions import ConditionReader
from ocipolicy.language.lexer import OCID, is_bare
from ocipolicy.language.mistakes import STARTERS, SUBJECTS
from ocipolicy.language.tree import (
    Access,
    AliasKind,
    AssociateGrant,
    Condition,
    Define,
    Grant,
    InAnyTenancy,
    InCompartment,
    InCompartmentId,
    InTenancy,
    Kind,
    Location,
    Name,
    Ocid,
    OfAnyTenancy,
    OfTenancy,
    PermissionGrant,
    Statement,
    Subject,
    SubjectType,
    VerbGrant,
)

_KINDS: dict[str, Kind] = {"allow": "allow", "deny": "deny", "endorse": "endorse", "admit": "admit"}
DENIED: dict[str, Kind] = {"endorse": "deny-endorse", "admit": "deny-admit"}
_ALIAS_KINDS: dict[str, AliasKind] = {
    "tenancy": "tenancy",
    "tenant": "tenancy",
    "group": "group",
    "dynamic-group": "dynamic-group",
    "dynamicgroup": "dynamic-group",
    "compartment": "compartment",
    "service": "service",
}
_SECOND_WORDS = frozenset({*_ALIAS_KINDS, *SUBJECTS, *DENIED, "any", "dynamic"})
_NAMED: dict[str, SubjectType] = {
    "group": "group",
    "dynamic-group": "dynamic-group",
    "service": "service",
    "resource": "resource",
}
# Names may be keywords too, as long as what must follow a name follows them.
_BEHIND_SUBJECT = frozenset({"to", "of", "{", ",", "/"})
_BEHIND_PLACE = frozenset({"", "where", "of", "with", ":"})
_OCID_STARTS = ("ocid1.", "'ocid1.")
_RESERVED = frozenset({"to", "of", "in", "where", "with", "as"})


class StatementReader(ConditionReader):
    """Reads one statement; what it says is checked for its form alone, never for its vocabulary."""

    __slots__ = ()

    def statement(self) -> Statement:
        """The statement at the cursor, which is left behind it.

        Raises Fault where the text is no statement. Forms that are read but should be written
        otherwise are left in `remarks`. The first word is one of STARTERS.
        """
        first = self.index
        word = self.words[first].lower()
        self.index = first + 1
        if word == "define":
            return self._define(first)
        kind = _KINDS[word]
        if word == "deny":
            denied = DENIED.get(self.words[first + 1].lower())
            if denied is not None:
                kind = denied
                self.index = first + 2
        return self._access(kind, first)

    def rule(self) -> Condition:
        """The whole text as the matching rule of a dynamic group. Raises Fault."""
        condition = self.condition()
        if self.words[self.index]:
            raise behind_condition(self, 0)
        return condition

    def piece(self, first: int, until: int) -> "StatementReader":
        """The tokens from `first` to before `until` by themselves, with the remarks so far."""
        piece = StatementReader(self.text, self.words[first:until], self.starts[first : until + 1])
        piece.remarks = self.remarks
        return piece

    def _access(self, kind: Kind, first: int) -> Access:
        words = self.words
        subject = self._subject()
        of = None
        admits = kind.endswith("admit")
        if admits and words[self.index].lower() == "of":
            of = self._of_tenancy(subject)
        grant = self._grant(kind)
        location: Location | None = None
        if not isinstance(grant, AssociateGrant):
            location = self._place(kind, grant)
        condition: Condition | None = None
        if words[self.index].lower() == "where":
            self.index += 1
            where = self.index
            condition = self.condition()
            if words[self.index] and not self._at_next_statement():
                raise behind_condition(self, where)
        elif words[self.index] and not self._at_next_statement():
            alias = words[self.index - 1].lower() == "tenancy"
            raise grant_mistakes.behind_location(self, alias=alias)
        end = self.after(self.index - 1)
        return Access(
            kind, subject, grant, location, condition, of, start=self.starts[first], end=end
        )

    def _at_next_statement(self) -> bool:
        """Whether a further statement begins here, on the same line."""
        words = self.words
        at = self.index
        if words[at].lower() not in STARTERS:
            return False
        following = words[at + 1].lower()
        return following in _SECOND_WORDS or words[at + 2].lower() == "as"

    def _subject(self) -> Subject:
        words = self.words
        first = self.index
        lower = words[first].lower()
        if lower == "any-user":
            self.index = first + 1
            return Subject("any-user", (), start=self.starts[first], end=self.after(first))
        if lower == "any-group":
            self.index = first + 1
            return Subject("any-group", (), start=self.starts[first], end=self.after(first))
        kind = _NAMED.get(lower)
        if kind is None:
            return self._spaced_subject()
        self.index = first + 1
        return self._named_subject(kind, first)

    def _spaced_subject(self) -> Subject:
        """`any user`, `dynamic group` and `dynamicgroup`: read, with a remark."""
        first = self.index
        two = (
            self.words[first].lower(),
            self.words[first + 1].lower() if self.words[first] else "",
        )
        if two in (("any", "user"), ("any", "group")):
            kind: SubjectType = "any-user" if two[1] == "user" else "any-group"
            self.index = first + 2
            self._remark_spelling(kind, first, first + 1)
            return Subject(kind, (), start=self.starts[first], end=self.after(first + 1))
        if two == ("dynamic", "group"):
            self.index = first + 2
            self._remark_spelling("dynamic-group", first, first + 1)
            return self._named_subject("dynamic-group", first)
        if two[0] == "dynamicgroup":
            self.index = first + 1
            self._remark_spelling("dynamic-group", first, first)
            return self._named_subject("dynamic-group", first)
        raise mistakes.no_subject(self)

    def _remark_spelling(self, right: str, first: int, last: int) -> None:
        self.remark(
            "spelling",
            f"the keyword is `{right}`",
            f"write {right}",
            at=first,
            to=last,
            edit=self.replace(first, last, right),
        )

    def _named_subject(self, kind: SubjectType, first: int) -> Subject:
        words = self.words
        names = [self._reference(kind)]
        if kind == "resource":
            at = self.index
            if self.is_name(at) and words[at].lower() not in _BEHIND_SUBJECT:
                names.append(self._reference(kind))
                again = next((each for each in (at - 1, at) if self.twice(each)), None)
                if again is not None:
                    self.remarks.append(self.repeated(again))
        else:
            while words[self.index] == ",":
                self.index += 1
                keyword = words[self.index].lower() == kind
                if keyword and words[self.index + 1].lower() not in _BEHIND_SUBJECT:
                    raise mistakes.repeated_keyword(self, kind)
                names.append(self._reference(kind))
        end = self.after(self.index - 1)
        return Subject(kind, tuple(names), start=self.starts[first], end=end)

    def _reference(self, kind: str) -> Name | Ocid:
        """`NAME`, `DOMAIN/NAME` or `id OCID`."""
        words = self.words
        at = self.index
        word = words[at]
        if word.lower() == "id" and words[at + 1].lower() not in _BEHIND_SUBJECT:
            self.index = at + 1
            ocid = self._ocid(kind)
            return Ocid(ocid, start=self.starts[at], end=self.after(at + 1))
        if word.startswith(_OCID_STARTS):
            raise mistakes.ocid_without_id(self, kind)
        name = self._name(kind, _BEHIND_SUBJECT)
        if word.lower() == "id":
            self.remarks.append(mistakes.id_as_name(self, at))
        if words[self.index] == "/" and kind in ("group", "dynamic-group"):
            self.index += 1
            group = self._name(kind, _BEHIND_SUBJECT)
            return Name(group, name, start=self.starts[at], end=self.after(self.index - 1))
        return Name(name, None, start=self.starts[at], end=self.after(at))

    def _name(self, kind: str, behind: frozenset[str]) -> str:
        """One name, without its quotes."""
        at = self.index
        word = self.words[at]
        if not self.is_name(at):
            raise mistakes.no_name(self, kind)
        if word.lower() in _RESERVED and self.words[at + 1].lower() not in behind:
            raise mistakes.no_name(self, kind)
        self.index = at + 1
        if word == "''":
            self.index = at
            raise mistakes.no_name(self, kind)
        return _unquoted(word)

    def _ocid(self, kind: str) -> str:
        """What stands for an OCID after `id`; a remark where it does not look like one."""
        at = self.index
        if not self.is_name(at):
            raise mistakes.no_ocid(self, kind)
        ocid = self.words[at].strip("'")
        if not is_bare(ocid) or ocid.lower() in _RESERVED:
            raise mistakes.no_ocid(self, kind)
        if not OCID.fullmatch(ocid):
            self.remarks.append(mistakes.no_ocid(self, kind))
        elif "xxxxxxxx" in ocid.lower():
            self.remarks.append(mistakes.blacked_out(self))
        self.index = at + 1
        return ocid

    def _of_tenancy(self, subject: Subject) -> OfTenancy | OfAnyTenancy:
        first = self.index
        self.index = first + 1
        lower = self.words[first + 1].lower()
        if lower == "any-tenancy":
            if subject.type not in ("any-user", "any-group"):
                raise mistakes.named_subject_of_any_tenancy(self, first, first + 1)
            self.index = first + 2
            return OfAnyTenancy(start=self.starts[first], end=self.after(first + 1))
        if lower == "tenant":
            self.remark(
                "tenant",
                "Oracle's pages have `of tenant` and `of tenancy`; the second is the common form",
                "write of tenancy",
                at=first + 1,
                to=first + 1,
                edit=self.replace(first + 1, first + 1, "tenancy"),
            )
        elif lower != "tenancy":
            raise mistakes.no_admit_tenancy(self)
        self.index = first + 2
        alias = self._tenancy()
        return OfTenancy(alias, start=self.starts[first], end=self.after(self.index - 1))

    def _grant(self, kind: Kind) -> Grant:
        words = self.words
        at = self.index
        if words[at].lower() == "to":
            self.index = at + 1
        elif words[at] == "{":
            self.remark(
                "missing-to",
                "the documented form has `to` before a set of permissions",
                "write to {PERMISSION}",
                at=at,
                to=at,
                edit=self.before(at, "to"),
            )
        else:
            raise grant_mistakes.no_to(self)
        at = self.index
        word = words[at]
        if word == "{":
            return self._permissions()
        if not self.is_word(at) or word.lower() in _RESERVED:
            raise grant_mistakes.no_verb(self)
        verb = word.lower()
        self.index = at + 1
        if verb == "associate" and kind not in ("allow", "deny"):
            return self._associate(at)
        if verb == "be" and words[at + 2].lower() == "for":
            raise grant_mistakes.legacy_role(self)
        resource = self._resource()
        if verb not in grant_mistakes.VERBS:
            self.remarks.append(grant_mistakes.unknown_verb(self, at))
        return VerbGrant(verb, resource, start=self.starts[at], end=self.after(at + 1))

    def _resource(self) -> str:
        at = self.index
        if not self.is_word(at) or self.words[at].lower() in _RESERVED:
            raise grant_mistakes.no_resource(self)
        self.index = at + 1
        return self.words[at].lower()

    def _permissions(self) -> PermissionGrant:
        words = self.words
        first = self.index
        permissions: list[str] = []
        self.index = first + 1
        while True:
            if not self.is_word(self.index):
                raise grant_mistakes.no_permission(self)
            permissions.append(words[self.index].upper())
            self.index += 1
            if words[self.index] == "}":
                break
            if words[self.index] != ",":
                raise grant_mistakes.unclosed_permissions(self)
            self.index += 1
        self.index += 1
        end = self.after(self.index - 1)
        return PermissionGrant(tuple(permissions), start=self.starts[first], end=end)

    def _associate(self, first: int) -> AssociateGrant:
        resource = self._resource()
        location = self._in(first)
        if self.words[self.index].lower() != "with":
            raise grant_mistakes.no_with(self)
        self.index += 1
        with_resource = self._resource()
        with_location = self._in(first)
        end = self.after(self.index - 1)
        return AssociateGrant(
            resource, location, with_resource, with_location, start=self.starts[first], end=end
        )

    def _in(self, grant: int) -> Location:
        """One end of an associate: any location that an endorse or an admit can name."""
        if self.words[self.index].lower() != "in":
            raise grant_mistakes.no_in(self, grant)
        self.index += 1
        return self._location(foreign=True, endorse=True)

    def _place(self, kind: Kind, grant: Grant) -> Location | None:
        words = self.words
        at = self.index
        if words[at].lower() != "in":
            if (
                kind == "admit"
                and isinstance(grant, PermissionGrant)
                and (not words[at] or words[at].lower() == "where")
            ):
                self.remark(
                    "missing-location",
                    "only one of Oracle's pages has an admit of permissions without a location",
                    "say where: in tenancy or in compartment NAME",
                    at=at,
                    to=at,
                    edit=None,
                )
                return None
            raise grant_mistakes.no_in(self, at - 2)
        self.index = at + 1
        return self._location(
            foreign=kind not in ("allow", "deny"), endorse=kind.endswith("endorse")
        )

    def _location(self, *, foreign: bool, endorse: bool) -> Location:
        """A location; `foreign`: of another tenancy too; `endorse`: any-tenancy too."""
        words = self.words
        first = self.index
        lower = words[first].lower()
        if lower == "tenancy":
            self.index = first + 1
            if (
                foreign
                and self.is_name(first + 1)
                and words[first + 1].lower() not in _RESERVED
                and not self._at_next_statement()
            ):
                alias = self._tenancy()
                return InTenancy(alias, start=self.starts[first], end=self.after(self.index - 1))
            return InTenancy(None, start=self.starts[first], end=self.after(first))
        if lower == "any-tenancy" and endorse:
            self.index = first + 1
            return InAnyTenancy(start=self.starts[first], end=self.after(first))
        if lower != "compartment":
            raise grant_mistakes.no_location(self, endorse=endorse)
        self.index = first + 1
        word = words[first + 1]
        if word.lower() == "id" and words[first + 2].lower() not in _BEHIND_PLACE:
            self.index = first + 2
            ocid = self._ocid("compartment")
            tenancy = self._of_named_tenancy() if foreign else None
            end = self.after(self.index - 1)
            return InCompartmentId(ocid, tenancy, start=self.starts[first], end=end)
        if word.startswith(_OCID_STARTS):
            raise mistakes.ocid_without_id(self, "compartment")
        path = [self._name("compartment", _BEHIND_PLACE)]
        if word.lower() == "id":
            self.remarks.append(mistakes.id_as_name(self, first + 1))
        while words[self.index] == ":":
            self.index += 1
            if not self.is_name(self.index):
                raise grant_mistakes.empty_path_part(self)
            path.append(self._name("compartment", _BEHIND_PLACE))
        if words[self.index] == "/":
            raise grant_mistakes.slash_in_path(self)
        tenancy = self._of_named_tenancy() if foreign else None
        end = self.after(self.index - 1)
        return InCompartment(tuple(path), tenancy, start=self.starts[first], end=end)

    def _of_named_tenancy(self) -> str | None:
        """`of tenancy ALIAS` behind a compartment."""
        at = self.index
        if self.words[at].lower() != "of":
            return None
        if self.words[at + 1].lower() != "tenancy":
            self.index = at + 1
            raise mistakes.no_admit_tenancy(self)
        self.index = at + 2
        return self._tenancy()

    def _tenancy(self) -> str:
        """The alias of a tenancy; `id OCID` and an OCID stand there by mistake."""
        at = self.index
        if self.words[at].lower() == "id" and self.words[at + 1].startswith(_OCID_STARTS):
            raise mistakes.id_of_tenancy(self)
        if self.words[at].lower() in _RESERVED:
            raise mistakes.no_name(self, "tenancy")
        if self.words[at].lower() == "tenancy":
            raise self.repeated(at)
        alias = self._name("tenancy", _BEHIND_PLACE)
        if self.words[at].startswith(_OCID_STARTS):
            self.remarks.append(mistakes.ocid_as_alias(self, at))
        return alias

    def _define(self, first: int) -> Define:
        words = self.words
        at = self.index
        kind = words[at].lower()
        what = _ALIAS_KINDS.get(kind)
        if kind == "dynamic" and words[at + 1].lower() == "group":
            what = "dynamic-group"
            self._remark_spelling(what, at, at + 1)
            self.index = at + 2
        elif what is not None:
            self.index = at + 1
            if kind != what:
                self._remark_spelling(what, at, at)
        alias_at = self.index
        if words[alias_at].lower() == "as" and words[alias_at + 1].lower() != "as":
            raise mistakes.no_alias(self, what)
        alias = self._alias()
        if words[self.index] == "/" and what in ("group", "dynamic-group"):
            raise mistakes.domain_in_alias(self, alias_at)
        if words[self.index].lower() != "as":
            raise mistakes.no_as(self, alias_at, inferred=what is None)
        self.index += 1
        if words[self.index].lower() == "id":
            self.index += 1
        if not OCID.fullmatch(words[self.index].strip("'")):
            raise mistakes.no_ocid(self, what or "tenancy")
        ocid = self._ocid(what or "tenancy")
        if what is None:
            what = _ALIAS_KINDS.get(ocid.split(".")[1].lower())
            if what is None:
                raise mistakes.no_alias_kind(self, alias_at)
            self.remark(
                "short-define",
                "Oracle's page on Digital Assistant leaves out what the alias stands for;"
                f" every other page has `define {what}`",
                f"write define {what} {alias}",
                at=first,
                to=at,
                edit=self.before(at, what),
            )
        if words[self.index] and not self._at_next_statement():
            raise mistakes.behind_define(self)
        end = self.after(self.index - 1)
        return Define(what, alias, ocid, start=self.starts[first], end=end)

    def _alias(self) -> str:
        """The name that a define gives."""
        if not self.is_name(self.index) or self.words[self.index] == "''":
            raise mistakes.no_alias(self, None)
        self.index += 1
        return _unquoted(self.words[self.index - 1])


def _unquoted(word: str) -> str:
    return word[1:-1] if word[0] == "'" else word
