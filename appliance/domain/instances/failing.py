"""What becomes of a step that fails: another attempt after a pause, or its end."""

from hashlib import blake2b

from appliance import clock
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import Retry

# What would come out the same again, or what a person has decided.
FINAL = ("cancelled", "timeout", "expression", "invalid", "too_deep")


def fail(walk: Walk, node: Node, code: str, detail: str, path: str = "") -> None:
    """The step has failed, by the step at `path` inside it if any; it is tried again while its `retry` allows."""
    retry = walk.step(node).retry
    if retry and node.attempt < retry.max_attempts and _again(retry, code):
        pause = pause_s(retry, f"{node.instance_id}:{node.path}", node.attempt)
        if node.kind in ("map", "when"):
            walk.stop_below(node.path)
        told = {"failure_code": code, "failure_detail": detail[:2000]}
        walk.change(node, state="waiting", wake_at=clock.ahead(pause), landed=False, wait_key="", **told)
        return
    end(walk, node, code, detail, path)


def end(walk: Walk, node: Node, code: str, detail: str, path: str = "") -> None:
    """It has failed for good; what it has at work ends."""
    data = node.data | {"path": path or node.path}
    walk.stop(node, "failed", failure_code=code, failure_detail=detail[:2000], data=data)


def pausing(node: Node) -> bool:
    """Whether it rests before its next attempt."""
    return node.state == "waiting" and bool(node.failure_code)


def pause_s(retry: Retry, key: str, attempt: int) -> float:
    """Seconds after the failed `attempt`. The jitter comes from a hash: schedules reproduce."""
    ceiling = min(retry.cap_s, retry.base_s * retry.factor ** min(attempt - 1, 64))
    spread = int.from_bytes(blake2b(f"{key}:{attempt}".encode(), digest_size=4).digest(), "big") / 2**32
    return ceiling * (0.5 + spread / 2)


def _again(retry: Retry, code: str) -> bool:
    return code not in FINAL and (not retry.retry_on or code in retry.retry_on)
