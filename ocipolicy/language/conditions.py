"""Reads what stands behind `where`; a dynamic group's matching rule is made of the same."""

from ocipolicy.language import condition_mistakes as mistakes
from ocipolicy.language.lexer import Cursor
from ocipolicy.language.tree import (
    All,
    Any,
    Clause,
    Condition,
    Operator,
    Pattern,
    String,
    Value,
    Variable,
)

# Far deeper than any policy seen (3), and shallow enough for every later walk of the tree.
DEEPEST = 60


class ConditionReader(Cursor):
    """Reads one condition and leaves the cursor behind it."""

    __slots__ = ()

    def condition(self, depth: int = 0) -> Condition:
        """One clause, or a group of them, at so many braces deep. Raises Fault."""
        words = self.words
        index = self.index
        word = words[index]
        if word and words[index + 1] == "{" and word.lower() in ("all", "any"):
            return self._group(depth)
        return self._clause()

    def _group(self, depth: int) -> Condition:
        words = self.words
        first = self.index
        if depth >= DEEPEST:
            raise mistakes.too_deep(self, DEEPEST)
        kind = All if words[first].lower() == "all" else Any
        self.index = first + 2
        conditions: list[Condition] = []
        if words[self.index] == "}":
            raise mistakes.empty_group(self, first)
        while True:
            conditions.append(self.condition(depth + 1))
            word = words[self.index]
            if word == ",":
                self.index += 1
                if words[self.index] == "}":
                    raise mistakes.trailing_comma(self)
            elif word == "}":
                break
            else:
                raise mistakes.unclosed_group(self, first)
        self.index += 1
        return kind(tuple(conditions), start=self.starts[first], end=self.after(self.index - 1))

    def _clause(self) -> Clause:
        words = self.words
        first = self.index
        word = words[first]
        lower = word.lower()
        if word == "!" or (lower == "not" and self.is_word(first + 1)):
            self.index = first + 1
            return self._made(first, self._variable(), "absent", ())
        if lower == "sets-intersect" and words[first + 1] == "(":
            return self._sets_intersect(first)
        variable = self._variable()
        operator = words[self.index]
        match operator.lower():
            case "=":
                self.index += 1
                return self._made(first, variable, "=", (self._value(),))
            case "!=":
                self.index += 1
                return self._made(first, variable, "!=", (self._value(),))
            case "in":
                self.index += 1
                return self._made(first, variable, "in", self._values())
            case "not":
                self.index += 1
                self._expect_in()
                return self._made(first, variable, "not in", self._values())
            case "before":
                self.index += 1
                return self._made(first, variable, "before", (self._value(),))
            case "after":
                self.index += 1
                return self._made(first, variable, "after", (self._value(),))
            case "between":
                self.index += 1
                low = self._value()
                self._expect_and()
                return self._made(first, variable, "between", (low, self._value()))
            case "" | "," | "}" | ")" | "and" | "or":
                return self._made(first, variable, "present", ())
        raise mistakes.no_operator(self, variable)

    def _made(
        self, first: int, variable: str, operator: Operator, values: tuple[Value, ...]
    ) -> Clause:
        end = self.after(self.index - 1)
        return Clause(variable, operator, values, start=self.starts[first], end=end)

    def _variable(self) -> str:
        index = self.index
        word = self.words[index]
        if not self.is_word(index):
            raise mistakes.no_variable(self)
        if "." not in word or word.startswith("ocid1."):
            raise mistakes.odd_variable(self)
        self.index = index + 1
        # A tag's name may hold colons; they are part of the variable where no blank parts them.
        while (
            self.words[self.index] == ":"
            and self.is_word(self.index + 1)
            and self.after(self.index - 1) == self.starts[self.index]
            and self.after(self.index) == self.starts[self.index + 1]
        ):
            self.index += 2
        if self.index > index + 1:
            return "".join(self.words[index : self.index])
        return word

    def _value(self) -> Value:
        index = self.index
        word = self.words[index]
        mark = word[:1]
        if mark == "'" and len(word) > 1:
            self.index = index + 1
            return String(word[1:-1], start=self.starts[index], end=self.after(index))
        if mark == "/" and len(word) > 1:
            self.index = index + 1
            return Pattern(word[1:-1], start=self.starts[index], end=self.after(index))
        if self.is_word(index) and "." in word and not word.startswith("ocid1."):
            name = self._variable()
            return Variable(name, start=self.starts[index], end=self.after(self.index - 1))
        raise mistakes.no_value(self)

    def _values(self) -> tuple[Value, ...]:
        words = self.words
        opening = self.index
        if words[opening] != "(":
            raise mistakes.no_list(self)
        self.index += 1
        if words[self.index] == ")":
            raise mistakes.empty_list(self, opening)
        values = [self._value()]
        while words[self.index] == ",":
            self.index += 1
            if words[self.index] == ")":
                raise mistakes.trailing_comma(self)
            values.append(self._value())
        if words[self.index] != ")":
            raise mistakes.unclosed_list(self)
        self.index += 1
        return tuple(values)

    def _sets_intersect(self, first: int) -> Clause:
        self.index = first + 2
        variable = self._variable()
        if self.words[self.index] != ",":
            raise mistakes.no_second_set(self)
        self.index += 1
        values = self._values() if self.words[self.index] == "(" else (self._value(),)
        if self.words[self.index] != ")":
            raise mistakes.unclosed_list(self)
        self.index += 1
        return self._made(first, variable, "sets-intersect", values)

    def _expect_in(self) -> None:
        if self.words[self.index].lower() != "in":
            raise mistakes.no_in_after_not(self)
        self.index += 1

    def _expect_and(self) -> None:
        if self.words[self.index].lower() != "and":
            raise mistakes.no_and(self)
        self.index += 1
