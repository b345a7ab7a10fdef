"""Helper of screenshot-watch.sh: plays the agents, and turns a terminal's screen into a page."""

import io
import json
import os
import signal
import subprocess
import sys
import time


class Agent:
    """An MCP client over a shim."""

    def __init__(self, shim):
        self.process = subprocess.Popen([shim], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.id = 0
        client = {"name": "claude-code", "version": "2.1"}
        self.request("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self.write({"method": "notifications/initialized"})

    def write(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def request(self, method, params):
        self.id += 1
        self.write({"id": self.id, "method": method, "params": params})
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self.id:
                return answer
        raise SystemExit("the shim ended")

    def call(self, tool, **arguments):
        return self.request("tools/call", {"name": tool, "arguments": arguments})["result"].get("structuredContent")

    def send(self, message, action="info", **more):
        return self.call("send_to_partner", message=message, action_type=action, **more)["message_id"]


def pair(shim, mine, other):
    a, b = Agent(shim), Agent(shim)
    created = a.call("create_conversation", my_role=mine, partner_role=other)
    b.call("join_conversation", invite_code=created["invite_code"])
    return a, b


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.1)


def play(shim, home):
    docs, reader = pair(shim, "technical writer", "reviewer")
    for number in range(3):
        docs.send(f"Chapter {number + 1} is ready for review.")
    a, b = pair(shim, "backend developer", "frontend developer")
    a.call("update_my_status", status="working")
    proposal = a.send(
        "POST /todos takes {\"title\": string} and answers 201 with the whole todo:\n\n"
        "  {\"id\": 7, \"title\": \"milk\", \"done\": false}\n\n"
        "GET /todos pages by 50. My test token is ghp_" + "b7Jq2Lw9Xc4Vn8Rt5K" + "p3Zs6Yd1Hf0MaQeTu" + ". Agreed?",
        "proposal",
        files_involved=["api/todos.py", "api/openapi.yaml"],
    )
    b.call("check_messages")
    answer = b.send("Agreed, but dates as RFC 3339 please, and 422 for an empty title.", "question", reply_to=proposal)
    a.call("check_messages")
    a.send("Both done, see the schema. I run the tests next.", reply_to=answer, files_involved=["api/openapi.yaml"])
    a.call("enable_yolo_mode", mode="restricted", workspace=os.path.join(home, "todo"))
    b.call("check_messages")
    b.call("update_my_status", status="waiting")
    wait_for(os.path.join(home, "enabled"))
    a.call("execute_command", command="python3 -m unittest discover tests")
    a.call("execute_command", command="git status --short")
    wait_for(os.path.join(home, "spoken"))
    heard = a.call("check_messages")["messages"][-1]["id"]
    a.send("Will do: snake_case it is, as in the old API.", reply_to=heard)
    b.call("check_messages")
    signal.pause()


# The terminal's sixteen colours as a page shows them.
COLORS = {
    "red": (255, 123, 114), "green": (126, 231, 135), "yellow": (226, 192, 90), "cyan": (118, 212, 228),
    "magenta": (210, 168, 255),
}
BACKGROUND, FOREGROUND = (13, 17, 23), (214, 222, 231)


def render(columns):
    from rich.console import Console
    from rich.terminal_theme import TerminalTheme
    from rich.text import Text

    normal = [BACKGROUND, COLORS["red"], COLORS["green"], COLORS["yellow"], (121, 192, 255), COLORS["magenta"],
              COLORS["cyan"], FOREGROUND]
    theme = TerminalTheme(BACKGROUND, FOREGROUND, normal, normal)
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(sys.stdin.read().rstrip("\n")), no_wrap=True, crop=False, soft_wrap=True)
    page = (
        "<!DOCTYPE html><meta charset=utf-8><style>{stylesheet} body {{ margin: 0; padding: 16px; color: {foreground}; "
        "background: {background}; }} pre {{ margin: 0; font: 15px/17.46px 'DejaVu Sans Mono'; }}</style>"
        "<pre>{code}</pre>"
    )
    print(console.export_html(theme=theme, code_format=page))


if __name__ == "__main__":
    if sys.argv[1] == "agents":
        play(*sys.argv[2:])
    else:
        render(int(sys.argv[2]))
