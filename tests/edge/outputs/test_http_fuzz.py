"""What the API's description says, held against the server by requests that nobody thought of."""

from __future__ import annotations

import contextlib
import itertools
import re

import hypothesis
import pytest
from hypothesis import HealthCheck
from observing import Publisher
from serving import Served

ENDLESS = r"/api/v1/events|/preview\.mjpeg"


@pytest.mark.slow
def test_no_request_is_a_fault_of_the_server() -> None:
    # Imported here: it takes seconds, and every other run of the tests would wait for it.
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [
        not_a_server_error,
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    ]
    with Served(("test", "other")) as served, Publisher(served.bus):
        schema = schemathesis.openapi.from_url(f"{served.url}openapi.json")
        operations = [found.ok() for found in schema.get_all_operations()]
        asked = [operation for operation in operations if not re.fullmatch(ENDLESS, operation.path)]
        assert len(asked) == len(operations) - 2
        for operation, mode in itertools.product(asked, schemathesis.GenerationMode):
            strategy = operation.as_strategy(generation_mode=mode)

            @hypothesis.settings(
                max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck)
            )
            @hypothesis.given(case=strategy)
            def ask(case: schemathesis.Case) -> None:
                case.validate_response(case.call(timeout=30), checks=checks)

            with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # there is nothing to be wrong about
                ask()
        assert served.ask("/healthz").status == 200
