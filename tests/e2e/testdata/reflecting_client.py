"""A gRPC client that knows no service: what it calls it learns by server reflection.

Reads a JSON object a line from standard input, {"method": "package.Service/Method", "request": {...}}, and answers with one: {"ok": {...}} or
{"failed": {"code", "message", "details"}}. A streaming method is answered with its first response; {"next": true} has the one after it.
"""

import json
import sys

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2  # noqa: F401 (makes the types of details known)
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

channel = grpc.insecure_channel(sys.argv[1])
database = ProtoReflectionDescriptorDatabase(channel)
pool = DescriptorPool(database)


def call(path, request):
    service, name = path.split("/")
    method = pool.FindServiceByName(service).methods_by_name[name]
    take = message_factory.GetMessageClass(method.input_type)
    give = message_factory.GetMessageClass(method.output_type)
    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    stub = kind(f"/{path}", request_serializer=take.SerializeToString, response_deserializer=give.FromString)
    answer = stub(json_format.ParseDict(request, take(), descriptor_pool=pool), timeout=20)
    return answer if method.server_streaming else iter([answer])


def failure(error):
    status = rpc_status.from_call(error)
    details = json_format.MessageToDict(status)["details"] if status else []
    return {"code": error.code().name, "message": error.details(), "details": details}


responses = iter([])
for line in sys.stdin:
    command = json.loads(line)
    try:
        if command.get("services"):
            answer = {"ok": sorted(database.get_services())}
        else:
            if "method" in command:
                responses = call(command["method"], command["request"])
            answer = {"ok": json_format.MessageToDict(next(responses))}
    except grpc.RpcError as error:
        answer = {"failed": failure(error)}
    print(json.dumps(answer), flush=True)
