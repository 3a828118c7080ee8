"""A chat endpoint that answers at once, or after a while: the judge's own cost is what is left to measure.

Run as a module it prints its port; it answers every request with the same verdict on one policy.
"""

from __future__ import annotations

import asyncio
import json
import sys

POLICY = "hateful-behaviour"
VERDICT = {
    "violates": "no",
    "clause": "N1",
    "severity": "none",
    "evidence": "",
    "rationale": "Nothing in it attacks.",
}
TEXT = json.dumps({"addresses_judge": "no", POLICY: VERDICT})


def body() -> bytes:
    pieces, rest = [], TEXT
    while rest:
        pieces.append(rest[:4])
        rest = rest[4:]
    likeliest = [{"token": f"t{n}", "logprob": -float(n)} for n in range(1, 20)]
    content = [{"token": piece, "logprob": -0.1, "top_logprobs": likeliest} for piece in pieces]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": TEXT},
        "logprobs": {"content": content},
    }
    usage = {"prompt_tokens": 2_000, "completion_tokens": 60, "total_tokens": 2_060}
    completion = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    return json.dumps({**completion, "choices": [choice], "usage": usage}).encode()


async def main(delay_s: float) -> None:
    answer = body()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
    )

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                headers = await reader.readuntil(b"\r\n\r\n")
                length = int(headers.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                await asyncio.sleep(delay_s)
                writer.write(head + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
