"""The cloud against its own description: whatever is asked, no 500, and every answer as ``/openapi.json`` says.

The requests are the same in every run: what is found once must be found again. More of them: CHENGXIN_EXAMPLES=50.
"""

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from schemathesis import APIOperation, BaseSchema, Case, CheckContext, GenerationMode, Response
from schemathesis.checks import CHECKS, load_all_checks

from cloud.errors import MEDIA_TYPE, Problem
from cloud.ingest import endpoints as ingest
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.market import Market
from tests.examples import examples

pytestmark = pytest.mark.hypothesis
"""Schemathesis does not set the mark by which `make soak` finds properties."""

EVERY_REQUEST = settings(
    max_examples=examples(30),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)

load_all_checks()
CANNOT_BE_DESCRIBED = [CHECKS.get_one("positive_data_acceptance")]
"""Whether a seal or a number of the log is good is more than a schema can say."""

OTHER_STATUS = {"/v1/log/checkpoint/witnessed": 404, "/": 303, "/v1/decisions/{decision}": 401}
"""There are no witnesses; whoever types a code is sent to its page; decisions are for those who asked for them."""


@pytest.fixture
def known(cloud: CloudUnderTest, market: Market) -> dict[str, str]:
    """Return, by parameter, what a cloud that knows a sale can be asked for."""
    lot = market.pork_for()
    market.card_in(lot)
    slip = market.sell(lot)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    log = {"index": "1", "size": "3", "from": "1", "to": "3", "level": "0", "path": "000.p/2"}
    files = {"asset": "htmx.js", "room": "trace", "script": "check.js"}
    recall = {"lot": lot, "listing": "sales", "decision": "0" * 32}
    named = {"code": slip, "device": "scale-0001", "seq": "1", "name": "check", "kid": market.scale.kid.hex()}
    return log | files | recall | named


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Return one connection for all requests."""
    with requests.Session() as kept:
        yield kept


@schemathesis.check
def errors_are_problems(_context: CheckContext, response: Response, _case: Case) -> None:
    """Hold every refusal to RFC 9457, except the HTML page for people who mistyped a code."""
    if response.status_code < 400 or response.headers["content-type"][0].startswith("text/html"):
        return
    assert response.headers["content-type"] == [MEDIA_TYPE]
    found = TypeAdapter(Problem).validate_json(response.content)
    assert found.status == response.status_code
    assert found.detail, "words for whoever asked"


def _operations(name: str) -> Iterator[APIOperation]:
    schema: BaseSchema = schemathesis.openapi.from_url(f"{listener(name).url}/openapi.json")
    for found in schema.get_all_operations():
        yield found.ok()


def _ask(operation: APIOperation, session: requests.Session, known: dict[str, str]) -> None:
    """Ask what the description allows and, where it can tell, what it does not; of anything and of what is there."""
    there = {each.name: known[each.name] for each in operation.path_parameters}
    for mode in GenerationMode if any(operation.query) else (GenerationMode.POSITIVE,):
        cases = operation.as_strategy(mode)
        if any(operation.query):
            cases |= operation.as_strategy(mode, path_parameters=there)

        @EVERY_REQUEST
        @given(cases)
        def ask(case: Case) -> None:
            case.call_and_validate(session=session, excluded_checks=CANNOT_BE_DESCRIBED)

        ask()


def test_everybody_may_ask_anything(cloud: CloudUnderTest, known: dict[str, str], session: requests.Session) -> None:
    for operation in _operations("public"):
        _ask(operation, session, known)


def test_a_gateway_may_send_anything(
    cloud: CloudUnderTest, market: Market, known: dict[str, str], session: requests.Session
) -> None:
    schemathesis.openapi.media_type(ingest.MEDIA_TYPE, _envelopes(market))
    for operation in _operations("ingest"):
        _ask(operation, session, known)


def _envelopes(market: Market) -> st.SearchStrategy[bytes]:
    """Return noise, good envelopes, and good ones with a bit turned over."""

    def bent(at: int, bit: int) -> bytes:
        envelope = bytearray(market.envelope(market.health()))
        envelope[at % len(envelope)] ^= 1 << bit
        return bytes(envelope)

    good = st.builds(lambda: market.envelope(market.health()))
    return st.one_of(st.binary(max_size=64), good, st.builds(bent, st.integers(0, 500), st.integers(0, 7)))


def test_what_is_there_is_answered_as_described(
    cloud: CloudUnderTest, known: dict[str, str], session: requests.Session
) -> None:
    asked = 0
    for name in ("public", "ingest"):
        for operation in _operations(name):
            if operation.method != "get":
                continue
            path = {each.name: known[each.name] for each in operation.path_parameters}
            query = {each.name: known[each.name] for each in operation.query if each.name in known}
            case = operation.Case(path_parameters=path, query=query)
            response = case.call_and_validate(session=session, excluded_checks=CANNOT_BE_DESCRIBED)
            assert response.status_code == OTHER_STATUS.get(operation.path, 200), operation.label
            asked += 1
    assert asked > 20


@pytest.mark.parametrize("direction", ["back", "forward", "both"])
def test_a_trace_in_every_direction_is_answered_as_described(
    cloud: CloudUnderTest, known: dict[str, str], session: requests.Session, direction: str
) -> None:
    (trace,) = (each for each in _operations("public") if each.path == "/v1/trace/{code}")
    case = trace.Case(path_parameters={"code": known["code"]}, query={"direction": direction})
    assert case.call_and_validate(session=session).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/t/%00",
        "/?code=%00",
        "/v1/trace/%00",
        "/v1/trace/%00?direction=forward",
        "/v1/trace/%00/sales",
        "/v1/log/receipt/record/%00/1",
        "/v1/log/receipt/record/%ff%fe/1",
        "/%00.js",
    ],
)
def test_a_character_that_no_database_keeps_names_nothing(cloud: CloudUnderTest, path: str) -> None:
    assert cloud.public.get(path).status_code == 404


def test_what_is_not_there_is_a_problem_too(cloud: CloudUnderTest) -> None:
    for client, method, path, status in (
        (cloud.public, "GET", "/nowhere", 404),
        (cloud.public, "POST", "/status", 405),
        (cloud.ingest, "GET", "/v1/records", 405),
        (cloud.ingest, "GET", "/v1/feed?since=-1", 422),
    ):
        response = client.request(method, path)
        assert (response.status_code, response.headers["content-type"]) == (status, MEDIA_TYPE)
        assert TypeAdapter(Problem).validate_json(response.content).status == status
    assert cloud.ingest.get("/v1/feed?since=x").json()["detail"].startswith("query.since: ")
