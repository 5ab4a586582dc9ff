"""A gRPC client without a proxy, of gRPC's C core: does what it is asked for on its standard input, see protocol.ts."""

import json
import os
import sys
import threading

import grpc

channels = {}
stdout = threading.Lock()


def encode(message):
    return json.dumps(message).encode()


def channel_to(ask):
    key = (ask["channel"], ask["host"])
    if key not in channels:
        channels[key] = grpc.insecure_channel("xds:///" + ask["host"])
    return channels[key]


def answer(ask, code, message, backends):
    with stdout:
        line = {"id": ask["id"], "code": code, "message": message, "backends": backends}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def say(ask):
    call = channel_to(ask).unary_unary(
        "/signalbox.dev.Echo/Say", request_serializer=encode, response_deserializer=json.loads
    )
    future = call.future({"text": "hello"}, timeout=ask["timeoutMs"] / 1000)

    def done(ended):
        if ended.code() == grpc.StatusCode.OK:
            reply = ended.result()
            answer(ask, "OK", reply["authority"], [reply["backend"]])
        else:
            answer(ask, ended.code().name, ended.details(), [])

    future.add_done_callback(done)


def count(ask):
    call = channel_to(ask).unary_stream(
        "/signalbox.dev.Echo/Count", request_serializer=encode, response_deserializer=json.loads
    )
    replies = call({"count": ask["count"], "intervalMs": 10}, timeout=ask["timeoutMs"] / 1000)

    def read():
        backends = []
        try:
            for reply in replies:
                backends.append(reply["backend"])
                # The first is told at once: the call is under way.
                if len(backends) == 1:
                    answer(ask, "BEGUN", "", backends)
        except grpc.RpcError:
            pass  # The code says it too.
        answer(ask, replies.code().name, replies.details() or "", backends)

    threading.Thread(target=read, daemon=True).start()


for line in sys.stdin:
    asked = json.loads(line)
    if asked["count"] == 0:
        say(asked)
    else:
        count(asked)
os._exit(0)
