"""The security headers of every answer: one table, which a test holds to what is sent."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # `no-referrer` would send forms without their origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
# Where no answer says otherwise: no copy is kept, by the browser or by anything between.
NOT_KEPT = "no-store"
TLS_ONLY = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}


class SecurityHeaders:
    """Sends them with every answer, refusals and faults too. tls: served over TLS."""

    def __init__(self, app: ASGIApp, tls: bool) -> None:
        self._app = app
        every = HEADERS | (TLS_ONLY if tls else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in every.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", []))
                if not any(name.lower() == b"cache-control" for name, _ in own):
                    own.append((b"cache-control", NOT_KEPT.encode()))
                message = {**message, "headers": own + self._headers}
            await send(message)

        await self._app(scope, receive, with_headers)
