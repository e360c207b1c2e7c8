"""What came of the services of `llm_services:`, as JUnit's XML: a suite for each service."""

from xml.etree import ElementTree as ET

from ocipolicy.outputs.services import observed, request_id
from ocipolicy.outputs.smoke_junit import blamed, printable, suite, trial_as_case
from ocipolicy.smoke import Trial
from ocipolicy.smoke.services import Call, ServiceReport, Tried


def as_junit(report: ServiceReport) -> str:
    """JUnit's XML: what got no answer is an error, and what was not wanted is skipped."""
    root = ET.Element("testsuites", name="ocipolicy smoke --llm-services")
    for each in report.services:
        about = {"config": report.origin, "url": each.service.url}
        root.append(suite(each.service.name, _cases(each), about))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _cases(tried: Tried) -> list[ET.Element]:
    if tried.failure is not None:
        case = ET.Element("testcase", classname=tried.service.name, name="calls", time="0.000")
        blame = ET.SubElement(case, "error", message=printable(tried.failure.message))
        blame.text = printable(tried.failure.help or "")
        return [case]
    return [
        trial_as_case(each) if isinstance(each, Trial) else _case(tried, each)
        for each in tried.calls
    ]


def _case(tried: Tried, call: Call) -> ET.Element:
    seconds = call.answer.seconds if call.answer else 0.0
    case = ET.Element(
        "testcase",
        classname=tried.service.name,
        name=printable(f"{call.call} {tried.service.model}"),
        time=f"{seconds:.3f}",
    )
    if call.note:
        ET.SubElement(case, "skipped", message=printable(call.note))
        return case
    if call.cause is not None:
        blamed(case, "failure" if call.is_no else "error", call.cause, observed(call))
    out = ET.SubElement(case, "system-out")
    out.text = printable(f"{observed(call)}\nrequest id {request_id(call) or 'none'}")
    return case
