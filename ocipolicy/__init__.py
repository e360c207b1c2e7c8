"""ocipolicy gives OCI Digital Assistant access to Generative AI, and knows that it is right.

The whole product is one pipeline. Each room takes what the one before gives, and none looks back:

1. `config`     a YAML file -> Config: who calls what, in which tenancy and compartment.
                Every mistake of the file is found in one run, with its place.
2. `render`     Config and a scenario of `templates/` -> Bundle: the policies of each tenancy. A
                template's text is parsed at once, and a value can change nothing but its own leaf.
3. `evaluate`   a request and a World -> Decision: may this principal do this here, and why?
4. `prove`      a Bundle on the smallest World that fits its Config: what is wanted is allowed, and
                every stranger, every other operation and every other place is refused.
5. `plan`       the Bundle and what is live -> Plan: a step for each policy, and the access that it
                adds or takes.
6. `cloud`      the SDK's end of the wire, for reading what is live and for writing.
7. `apply`      walks a Plan on a Cloud, reads each step back, and undoes all if one fails.
8. `smoke`      makes the calls that all of this is for: predicted, observed, and diagnosed.
9. `outputs`    all of it as text, JSON, files for the OCI CLI, Terraform and others.

Beside `config` lies `world`, a YAML file of what is there; beside `prove` lies `check`, the rules
that find what is wrong with statements; beside `cloud` lie `sandbox`, the end of the server: a
World behind HTTP, and `providers`, the wire to models of others than OCI. Below them are rooms that
know nothing of each other's questions:

   `diagnostics`  how anything is said to be wrong: a place, a sentence, the way out;
   `language`     text to tree and back; it knows the grammar of statements and no vocabulary;
   `document`     a YAML file as data that knows its places, and its mistakes in sentences;
   `reference`    the dictionary: what OCI's words mean, each row with its source and its date.

`cli` is the door: it reads, calls the functions above, shows what came of it, and exits.

For programs: `parse(text)` gives statements and diagnostics, `show(statement)` its canonical text.
"""

TYPE_CHECKING = False  # what type checkers take for true, without the import of `typing`
if TYPE_CHECKING:
    from ocipolicy.language import parse, show

__all__ = ["parse", "show"]


def __getattr__(name: str) -> object:
    # Late, so that `import ocipolicy` costs nothing.
    if name in __all__:
        from ocipolicy import language

        value: object = getattr(language, name)
        return value
    raise AttributeError(f"module 'ocipolicy' has no attribute {name!r}")
