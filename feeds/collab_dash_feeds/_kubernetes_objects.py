"""Objects of a Kubernetes cluster in a few flat fields, as a person would ask for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from collab_dash.mapping import as_unix_ms

Object = dict[str, Any]


def summary(kind: str, thing: Object) -> dict[str, Any]:
    """
    Give what matters of an object.

    Args:
        kind: Such as ``Pod``; any kind with the usual status is understood.
        thing: As the API server gives it.

    """
    described = _KINDS.get(kind, _anything)(thing)
    meta = _part(thing, "metadata")
    found = {
        "name": meta.get("name"),
        "namespace": meta.get("namespace"),
        **described,
        "created": as_unix_ms(meta.get("creationTimestamp")),
    }
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _part(thing: Any, *path: str) -> Object:
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing if isinstance(thing, dict) else {}


def _parts(thing: Any, *path: str) -> list[Object]:
    last = _part(thing, *path[:-1]).get(path[-1])
    return [item for item in last if isinstance(item, dict)] if isinstance(last, list) else []


def _condition(thing: Object, kind: str) -> Object:
    return next((each for each in _parts(thing, "status", "conditions") if each.get("type") == kind), {})


def _count(value: Any) -> int:
    return value if type(value) is int else 0


def _pod(pod: Object) -> dict[str, Any]:
    status = _part(pod, "status")
    containers = _parts(pod, "status", "containerStatuses")
    state, reason, message = _trouble([*_parts(pod, "status", "initContainerStatuses"), *containers])
    terminating = _part(pod, "metadata").get("deletionTimestamp") is not None
    return {
        "status": "Terminating" if terminating else state or status.get("reason") or status.get("phase"),
        "phase": status.get("phase"),
        "ready": sum(each.get("ready") is True for each in containers),
        "containers": len(_parts(pod, "spec", "containers")) or len(containers),
        "restarts": sum(_count(each.get("restartCount")) for each in containers),
        "node": _part(pod, "spec").get("nodeName"),
        "ip": status.get("podIP"),
        "reason": reason or status.get("reason"),
        "message": message or status.get("message"),
    }


def _trouble(containers: list[Object]) -> tuple[str | None, str | None, str | None]:
    """Give the state, reason and message of the first container that does not run, or was ended by an error."""
    for each in containers:
        waiting, ended = _part(each, "state", "waiting"), _part(each, "state", "terminated")
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            last = _part(each, "lastState", "terminated")
            return waiting["reason"], last.get("reason") or waiting["reason"], waiting.get("message")
        if ended.get("exitCode"):
            return ended.get("reason") or "Error", ended.get("reason"), ended.get("message")
    return None, None, None


def _node(node: Object) -> dict[str, Any]:
    ready = _condition(node, "Ready")
    status = {"True": "Ready", "False": "NotReady"}.get(str(ready.get("status")), "Unknown")
    cordoned = _part(node, "spec").get("unschedulable") is True
    addresses = _parts(node, "status", "addresses")
    return {
        "status": f"{status}, cordoned" if cordoned else status,
        "ip": next((each.get("address") for each in addresses if each.get("type") == "InternalIP"), None),
        "version": _part(node, "status", "nodeInfo").get("kubeletVersion"),
        "reason": ready.get("reason"),
        "message": ready.get("message"),
    }


def _workload(thing: Object) -> dict[str, Any]:
    status = _part(thing, "status")
    daemons = status.get("desiredNumberScheduled")
    wanted = _count(daemons if daemons is not None else _part(thing, "spec").get("replicas"))
    ready = _count(status.get("numberReady") if daemons is not None else status.get("readyReplicas"))
    condition = _condition(thing, "Progressing")
    failing = condition.get("status") == "False" or _condition(thing, "ReplicaFailure").get("status") == "True"
    return {
        "status": "Ready" if ready >= wanted and not failing else "Failing" if failing else "Progressing",
        "ready": ready,
        "replicas": wanted,
        "updated": status.get("updatedNumberScheduled" if daemons is not None else "updatedReplicas"),
        "available": status.get("numberAvailable" if daemons is not None else "availableReplicas"),
        "reason": condition.get("reason"),
        "message": condition.get("message"),
    }


def _job(job: Object) -> dict[str, Any]:
    status = _part(job, "status")
    met = [each for each in _parts(job, "status", "conditions") if each.get("status") == "True"]
    done = next((each for each in met if each.get("type") in ("Complete", "Failed")), {})
    return {
        "status": done.get("type") or ("Running" if status.get("active") else "Waiting"),
        "active": _count(status.get("active")),
        "succeeded": _count(status.get("succeeded")),
        "failed": _count(status.get("failed")),
        "reason": done.get("reason"),
        "message": done.get("message"),
    }


def _event(event: Object) -> dict[str, Any]:
    about = _part(event, "involvedObject") or _part(event, "regarding")
    kind = event.get("type")
    return {
        "level": "warn" if kind == "Warning" else "info",
        "reason": event.get("reason"),
        "message": event.get("message") or event.get("note"),
        "kind": about.get("kind"),
        "object": about.get("name"),
        "count": _part(event, "series").get("count") or event.get("count") or event.get("deprecatedCount"),
        "source": event.get("reportingComponent") or _part(event, "source").get("component"),
        "node": _part(event, "source").get("host"),
    }


def _anything(thing: Object) -> dict[str, Any]:
    status, ready = _part(thing, "status"), _condition(thing, "Ready")
    named = {"True": "Ready", "False": "NotReady"}.get(str(ready.get("status")))
    return {
        "status": status.get("phase") if isinstance(status.get("phase"), str) else named,
        "replicas": _part(thing, "spec").get("replicas") or status.get("currentReplicas"),
        "ready": status.get("readyReplicas"),
        "type": _part(thing, "spec").get("type"),
        "reason": ready.get("reason") or status.get("reason"),
        "message": ready.get("message") or status.get("message"),
    }


_KINDS: dict[str, Callable[[Object], dict[str, Any]]] = {
    "Pod": _pod,
    "Node": _node,
    "Deployment": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "ReplicaSet": _workload,
    "Job": _job,
    "Event": _event,
}


def key_of(kind: str, thing: Object) -> str | None:
    """Give ``namespace/name``, or the name alone; of an event, that of the object it is about."""
    about = _part(thing, "involvedObject") or _part(thing, "regarding") if kind == "Event" else {}
    meta = about or _part(thing, "metadata")
    name, namespace = meta.get("name"), meta.get("namespace")
    if not isinstance(name, str):
        return None
    return f"{namespace}/{name}" if isinstance(namespace, str) and namespace else name


def told_at(kind: str, thing: Object) -> int | None:
    """Give when an event was last seen, or any other object was created, in Unix milliseconds."""
    if kind == "Event":
        times = (_part(thing, "series").get("lastObservedTime"), thing.get("lastTimestamp"), thing.get("eventTime"))
        for time in times:
            if time:
                return as_unix_ms(time)
    return as_unix_ms(_part(thing, "metadata").get("creationTimestamp"))
