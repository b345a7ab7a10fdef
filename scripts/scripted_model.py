#!/usr/bin/env python3
"""A model that does as it is told: plays a list of tool calls to a real client, and keeps what the client showed it.

    scripted_model.py PORT LOG SCRIPT       PORT 0 takes a free one, which is printed

SCRIPT is a JSON list of {"tool": name or its end, "args": {...}}; what comes after its last call is the text DONE. How
far a client is, its own request says: it holds the result of every call so far. LOG gets one JSON object a request, {"POST": path, "body": body}.
Speaks the Messages API of Anthropic and the Responses API of OpenAI, as far as Claude Code and Codex need them.
"""

import http.server
import json
import sys
import uuid


def main():
    port, log, script = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    with open(script, encoding="utf-8") as file:
        Model.script = json.load(file)
    Model.log = open(log, "a", buffering=1, encoding="utf-8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Model)
    print(server.server_address[1], flush=True)
    server.serve_forever()


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script = []
    log = None

    def log_message(self, *_):
        """Says nothing on standard error."""

    def do_HEAD(self):
        self.answer({})

    def do_GET(self):
        self.answer({"data": [], "models": []})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        self.log.write(json.dumps({"POST": self.path, "body": request}) + "\n")
        path = self.path.split("?")[0]
        if path.endswith("/messages"):
            self.stream(messages(self.script, request))
        elif path.endswith("/responses"):
            self.stream(responses(self.script, request))
        else:
            self.answer({"input_tokens": 1})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, events):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events:
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.close_connection = True


def next_call(script, done, tools):
    """The call that comes after `done` results: its full name, as the client offers it, and its arguments."""
    if done >= len(script) or not tools:
        return None
    step = script[done]
    wanted = step["tool"]
    for name in tools:
        if name == wanted or name.endswith("__" + wanted):
            return name, step["args"]
    raise SystemExit(f"the client offers no tool {wanted}: {tools}")


def messages(script, request):
    """https://docs.anthropic.com/en/api/messages-streaming"""
    tools = [tool["name"] for tool in request.get("tools", []) if "name" in tool]
    parts = [part for message in request["messages"] if isinstance(message["content"], list) for part in message["content"]]
    call = next_call(script, sum(part.get("type") == "tool_result" for part in parts), tools)
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": request.get("model", "scripted"),
               "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield {"type": "message_start", "message": message}
    if call:
        block = {"type": "tool_use", "id": "toolu_" + uuid.uuid4().hex[:20], "name": call[0], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
    else:
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": "DONE"}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    reason = "tool_use" if call else "end_turn"
    yield {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage}
    yield {"type": "message_stop"}


def responses(script, request):
    """https://platform.openai.com/docs/api-reference/responses-streaming"""
    spaces = {}
    for tool in request.get("tools", []):
        if tool.get("type") == "namespace":
            spaces.update({inner["name"]: tool["name"] for inner in tool.get("tools", [])})
        elif "name" in tool:
            spaces[tool["name"]] = None
    items = [item for item in request.get("input", []) if isinstance(item, dict)]
    done = sum(item.get("type") == "function_call_output" for item in items)
    call = next_call(script, done, list(spaces))
    if call:
        item = {"type": "function_call", "id": "fc_" + uuid.uuid4().hex[:8], "call_id": "call_" + uuid.uuid4().hex[:8],
                "name": call[0], "arguments": json.dumps(call[1])}
        if spaces[call[0]]:
            item["namespace"] = spaces[call[0]]
    else:
        text = {"type": "output_text", "text": "DONE", "annotations": []}
        item = {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [text]}
    usage = {"input_tokens": 1, "input_tokens_details": None, "output_tokens": 1, "output_tokens_details": None,
             "total_tokens": 2}
    response = {"id": "resp_" + uuid.uuid4().hex[:8], "object": "response", "output": []}
    yield {"type": "response.created", "response": {**response, "status": "in_progress"}}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": {**response, "status": "completed", "output": [item], "usage": usage}}


if __name__ == "__main__":
    main()
