"""Tries a WebSocket echo server with Debian's python3-websockets; a line for each thing that went as it should."""
import asyncio
import sys

import websockets


async def run(address):
    for compression in (None, "deflate"):
        async with websockets.connect(address, compression=compression, subprotocols=["echo"]) as socket:
            assert socket.subprotocol == "echo"
            for length in (0, 1, 125, 126, 5000, 65535, 65536, 700000):
                text = ("grüße " * length)[:length]
                await socket.send(text)
                assert await socket.recv() == text, length
                await socket.send(b"\x07" * length)
                assert await socket.recv() == b"\x07" * length, length
            await socket.send(["frag", "men", "ts"])
            assert await socket.recv() == "fragments"
            await asyncio.wait_for(await socket.ping(b"there"), 30)
        assert socket.close_code == 1000, socket.close_code
        print("compressed" if compression else "plain", flush=True)

    async with websockets.connect(address, max_size=None) as socket:
        await socket.send("x" * (2 * 1024 * 1024))
        try:
            await socket.recv()
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd.code == 1009, closed
            print("too big", flush=True)


asyncio.run(run(sys.argv[1]))
