"""Text to tree and back: the policy language, without any knowledge of what its words mean."""

from ocipolicy.language.parser import parse, parse_rule
from ocipolicy.language.printer import show, show_condition, show_file, show_location

__all__ = ["parse", "parse_rule", "show", "show_condition", "show_file", "show_location"]
