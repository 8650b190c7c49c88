"""What all adapters have in common."""

from __future__ import annotations

import grpc

from semel import _errors as errors
from semel._error_policy import ErrorPolicy, FailedAttempt

_LATER = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.ABORTED,
    }
)
_BROKEN = frozenset({grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL})


def error_policy(given: ErrorPolicy | None, client: ErrorPolicy | None, rule: ErrorPolicy | None = None) -> ErrorPolicy:
    """What an exception says about its effect, in the order that is the same in all adapters.

    First what it says itself (a Verdict: no policy is asked), then the adapter's rule, then the program's policy: the one that the
    adapter was `given`, else that of the `client`. Where all of these answer None, the default policy follows.
    """
    program = given if given is not None else client

    def policy(error: BaseException, attempt: FailedAttempt) -> errors.Verdict | None:
        said = rule(error, attempt) if rule is not None else None
        if said is None and program is not None:
            said = program(error, attempt)
        return said

    return policy


def may_go_better(error: errors.CallError) -> bool:
    """The service gave no answer, or one that speaks of the moment: the same request may be taken a little later."""
    if isinstance(error, (errors.Unavailable, errors.QuotaExceeded)) or error.code in _LATER:
        return True
    return error.code in _BROKEN and not error.reason  # of a connection: the service's own errors have reasons
