"""Objects of a Kubernetes cluster, as they come, change and go."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import http, tls
from collab_dash.transports.address import HttpHeaders, HttpUrl, expand, expand_headers

from ._kubernetes_api import Expired, KubernetesApi, Listing, Unreadable
from ._kubernetes_memory import Memory
from ._source import TlsOptions

PROXY = "http://127.0.0.1:8001"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LEAST_WATCH = 1.0
_MOST_EXPIRED = 2
_GROUPS = {
    "api/v1": (
        *("configmaps", "endpoints", "events", "limitranges", "namespaces", "nodes", "persistentvolumeclaims"),
        *("persistentvolumes", "pods", "replicationcontrollers", "resourcequotas", "serviceaccounts", "services"),
    ),
    "apis/apps/v1": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "apis/autoscaling/v2": ("horizontalpodautoscalers",),
    "apis/batch/v1": ("cronjobs", "jobs"),
    "apis/networking.k8s.io/v1": ("ingresses",),
}
_PREFIXES = {name: prefix for prefix, names in _GROUPS.items() for name in names}

Resource = Annotated[str, StringConstraints(pattern=r"^([a-z]+|/apis?/[A-Za-z0-9./_-]+)$")]
Selector = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$")]


class KubernetesOptions(TlsOptions):
    """Options of the ``kubernetes`` feed."""

    resource: Resource = Field(
        "pods",
        description="What to watch: pods, events, nodes, deployments, jobs, …, or a path: /apis/GROUP/VERSION/NAME.",
    )
    namespace: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] | None = Field(
        None, description="Only this namespace."
    )
    labels: Selector | None = Field(None, description="Only objects with these labels, such as app=shop,tier!=test.")
    fields: Selector | None = Field(None, description="Only objects with these fields, such as spec.nodeName=n1.")
    url: HttpUrl | None = Field(
        None,
        description="The API server. By default the cluster this runs in, otherwise kubectl proxy on its usual port.",
    )
    token: str | None = Field(
        None, repr=False, description="A bearer token; ${NAME} comes from the environment. In a cluster, the pod's own."
    )
    headers: HttpHeaders = Field(
        default_factory=dict, repr=False, description="Sent along; ${NAME} comes from the environment."
    )
    watch: int = Field(
        300, ge=1, le=3600, description="Seconds after which the server ends a watch, to be asked again."
    )

    @model_validator(mode="after")
    def _check_resource(self) -> Self:
        if self.resource.startswith("/"):
            if self.namespace is not None:
                raise ValueError("a path holds its namespace itself: /api/v1/namespaces/NAME/pods")
        elif self.resource not in _PREFIXES:
            raise ValueError(
                f"{self.resource!r} has no short name; write its path, /apis/GROUP/VERSION/{self.resource}"
            )
        return self

    def path(self) -> str:
        """Give the collection's path."""
        if self.resource.startswith("/"):
            return self.resource
        within = f"namespaces/{self.namespace}/" if self.namespace is not None else ""
        return f"/{_PREFIXES[self.resource]}/{within}{self.resource}"


class KubernetesFeed(Feed[KubernetesOptions]):
    """
    Objects of a cluster: those there are, and then each change.

    The cursor is the resource version up to which everything was told, and which objects there were. After a break the
    watch goes on there; if that is too long ago for the server, all is listed anew and only what changed is told.
    """

    summary = "Objects of a Kubernetes cluster: pods, events, nodes, deployments, …"
    transport = "watch"
    overflow = "wait"
    pane = Pane(view="table", columns=("key", "status", "ready", "restarts", "node", "age"))

    def __init__(self, options: KubernetesOptions) -> None:
        super().__init__(options)
        self.silence = options.watch + 60.0

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        List if need be, then watch, and watch again whenever the server ends the watch in order.

        Raises:
            FeedBroken: If the connection breaks or the server has trouble.
            FeedFailed: If the server refuses what is asked.

        """
        options, memory = self.options, Memory(context.cursor)
        selectors = {"labelSelector": options.labels, "fieldSelector": options.fields}
        query = {name: text for name, text in selectors.items() if text is not None}
        source = self._source(context)
        async with http.opened(tls=source.tls) as client:
            api = KubernetesApi(client, f"{source.url.rstrip('/')}{options.path()}", source.headers, query)
            try:
                async with aclosing(self._list_and_watch(api, memory, context)) as events:
                    async for event in events:
                        yield event
            except FeedBroken as error:
                if source.url == PROXY and "refuses" in str(error):
                    error.hint = "start kubectl proxy, or set url"
                raise

    async def _list_and_watch(self, api: KubernetesApi, memory: Memory, context: FeedContext) -> AsyncGenerator[Event]:
        expired = 0
        while True:
            if expired or not memory.version:
                for event in memory.news(await _listing(api)):
                    context.cursor = memory.cursor()
                    yield event
                context.cursor = memory.cursor()
                self._note(memory, context)
            try:
                async with aclosing(self._watch(api, memory, context)) as watched:
                    async for event in watched:
                        expired = 0
                        yield event
                expired = 0
            except Expired:
                expired += 1
                if expired > _MOST_EXPIRED:
                    raise FeedBroken("the API server forgets versions faster than they can be watched") from None

    async def _watch(self, api: KubernetesApi, memory: Memory, context: FeedContext) -> AsyncGenerator[Event]:
        """Yield the events of one watch, and return when the server ends it."""
        clock = asyncio.get_running_loop().time
        began, version = clock(), memory.version
        seconds = max(round(self.options.watch * random.uniform(0.9, 1.0)), 1)  # noqa: S311 - a pause, not a secret
        async with aclosing(api.watch(version, seconds)) as watched:
            async for happening in watched:
                if isinstance(happening, Unreadable):
                    event = rejected(happening.reason, happening.raw)
                    event.data["bytes"] = happening.size
                    yield event
                    continue
                told = memory.take(happening)
                context.cursor = memory.cursor()
                if told is not None:
                    yield told
                self._note(memory, context)
        if version == memory.version and clock() - began < min(_LEAST_WATCH, seconds / 2):
            raise FeedBroken("the API server ends every watch at once", hint="check what stands between here and it")
        self._note(memory, context)

    def _note(self, memory: Memory, context: FeedContext) -> None:
        name = self.options.resource
        context.note(f"watching {name}: {memory.count:,}" if memory.count else f"watching {name}")

    def _source(self, context: FeedContext) -> _Source:
        """Say where the API server is: as the options say, that of the cluster this runs in, or kubectl proxy's."""
        options, environ = self.options, context.environ
        host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
        url, trust, account = PROXY, options.tls(context), False
        if options.url is not None:
            url = expand(options.url, environ)
        elif host:
            url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
            trust = trust or tls.context(ca=SERVICE_ACCOUNT / "ca.crt")
            account = options.token is None

        def headers() -> dict[str, str]:
            # Anew for every request: a pod's token is replaced every hour.
            token = _read_token(SERVICE_ACCOUNT / "token") if account else expand(options.token or "", environ)
            given = {"Authorization": f"Bearer {token}"} if token else {}
            return expand_headers(options.headers, environ) | expand_headers(given, {})

        return _Source(url, headers, trust)


class _Source(NamedTuple):
    """Where the API server is, what to send along, and whom to trust."""

    url: str
    headers: Callable[[], dict[str, str]]
    tls: ssl.SSLContext | None


async def _listing(api: KubernetesApi) -> Listing:
    """List, and once more if the pages did not belong together any longer."""
    for _ in range(2):
        try:
            listing = await api.list()
        except Expired:
            continue
        if not listing.version:
            raise FeedBroken("the API server lists objects without a resource version", hint="check url and resource")
        return listing
    raise FeedBroken("the list changes faster than the API server can give it")


def _read_token(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FeedFailed(
            f"cannot read the pod's token at {path}: {error}", hint="set url and token, or mount a service account"
        ) from error
