"""What h11 makes of the bytes of a connection: a line of hexadecimal digits in, a line of JSON out."""

import hashlib
import json
import sys

import h11


def read(sample):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    messages = []
    if sample:
        connection.receive_data(sample)
    connection.receive_data(b"")
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                body = bytearray()
                messages.append(
                    {
                        "method": event.method.decode("latin1"),
                        "target": event.target.decode("latin1"),
                        "version": event.http_version.decode("latin1"),
                        "fields": [[n.decode("latin1"), v.decode("latin1")] for n, v in event.headers],
                        **told(body, False),
                    }
                )
            elif isinstance(event, h11.Data):
                body += event.data
                messages[-1].update(told(body, False))
            elif isinstance(event, h11.EndOfMessage):
                messages[-1].update(told(body, True))
                connection.send(h11.Response(status_code=400, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return {"messages": messages, "end": "closed"}
                connection.start_next_cycle()
            elif isinstance(event, h11.ConnectionClosed):
                return {"messages": messages, "end": "clean"}
            else:
                return {"messages": messages, "end": "incomplete", "why": repr(event)}
    except h11.RemoteProtocolError as fault:
        # What is not whole is an error to h11, too, and the only one with these words.
        cut = "peer unexpectedly closed connection" in str(fault) or "without sending complete message body" in str(fault)
        return {"messages": messages, "end": "incomplete" if cut else "refused", "why": str(fault)}


def told(body, done):
    return {"length": len(body), "hash": hashlib.sha256(body).hexdigest()[:16], "done": done}


for line in sys.stdin:
    print(json.dumps(read(bytes.fromhex(line))), flush=True)
