"""What smoke proved, as JUnit's XML, which CI systems show: a suite for each proof."""

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from ocipolicy.outputs.smoke import PROVES, fix, observed, predicted, request_id, said
from ocipolicy.smoke import Access, Cause, Report, Trial


def as_junit(report: Report) -> str:
    """JUnit's XML, as CI systems show it: a suite for each proof, a case for each call or access.

    What is not known is a skipped case, and what got no answer an error.
    """
    root = ET.Element("testsuites", name="ocipolicy smoke")
    if report.trials:
        proof = report.trials[0].proof
        cases = [trial_as_case(each) for each in report.trials]
        root.append(suite(proof, cases, {"config": report.origin, "proves": PROVES[proof]}))
    if report.access:
        cases = [_access_as_case(each) for each in report.access]
        about = {"config": report.origin, "proves": PROVES["instance-access"]}
        root.append(suite("instance-access", cases, about))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def suite(name: str, cases: Iterable[ET.Element], about: Mapping[str, str]) -> ET.Element:
    """A suite with its numbers; `about` are its properties."""
    listed = [*cases]
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(listed)),
        failures=str(sum(each.find("failure") is not None for each in listed)),
        errors=str(sum(each.find("error") is not None for each in listed)),
        skipped=str(sum(each.find("skipped") is not None for each in listed)),
        time=f"{sum(float(each.get('time', '0')) for each in listed):.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for key, value in about.items():
        ET.SubElement(properties, "property", name=key, value=printable(value))
    suite.extend(listed)
    return suite


def trial_as_case(trial: Trial) -> ET.Element:
    """A call."""
    answer = trial.made.answer
    seconds = answer.seconds if answer else 0.0
    name = f"{trial.ask.call} {trial.ask.model}".strip()
    case = ET.Element(
        "testcase", classname=printable(trial.who), name=printable(name), time=f"{seconds:.3f}"
    )
    if trial.cause is not None and not trial.ok:
        lost = trial.observed in ("no answer", "not sent")
        blamed(case, "error" if lost else "failure", trial.cause, _outcome(trial))
    out = ET.SubElement(case, "system-out")
    out.text = printable(f"{_outcome(trial)}\nrequest id {request_id(trial) or 'none'}")
    return case


def _outcome(trial: Trial) -> str:
    return f"{predicted(trial)}\n{observed(trial)}"


def _access_as_case(access: Access) -> ET.Element:
    case = ET.Element(
        "testcase", classname=printable(access.who), name=access.operation, time="0.000"
    )
    if access.ok is False and access.cause is not None:
        blamed(case, "failure", access.cause, said(access.prediction))
    elif access.ok is None:
        ET.SubElement(case, "skipped", message=printable(said(access.prediction)))
    return case


def blamed(case: ET.Element, tag: str, cause: Cause, outcome: str) -> None:
    """Put the cause into a case, as a `failure` or an `error`."""
    blame = ET.SubElement(case, tag, type=cause.name, message=printable(cause.message))
    blame.text = printable("\n".join([outcome, *cause.evidence, fix(cause) or ""]))


def printable(text: str) -> str:
    """A text that XML can hold."""
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in text)
