"""The application that uvicorn serves in bench/peers/edge/run: no framework."""
import json

HELLO = "Hello, World!"


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await echo(receive, send)
    elif scope["type"] == "http":
        await answer(scope["path"], send)


async def answer(path, send):
    if path == "/plaintext":
        status, kind, body = 200, b"text/plain", HELLO.encode()
    elif path == "/json":
        status, kind, body = 200, b"application/json", json.dumps({"message": HELLO}).encode()
    else:
        status, kind, body = 404, b"text/plain", b""
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo(receive, send):
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.receive":
            await send({"type": "websocket.send", "bytes": event.get("bytes"), "text": event.get("text")})
        else:
            return
