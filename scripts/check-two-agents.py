#!/usr/bin/env python3
"""Proves the one-minute tour with two real clients: `bridgectl pair`, Claude Code and Codex join by their codes and
exchange ten messages by long polls; Claude Code is killed with a message in its hands, started anew, and goes on.

    scripts/check-two-agents.py [-w WORKDIR] [-b DIRECTORY_OF_BINARIES] [-m MODEL]

Needs node 22 with npm, python3 and built binaries (target/debug by default). Installs the clients' newest versions below
WORKDIR (default: a temporary directory that is removed at the end). Needs no account: the model is scripted_model.py, or
another MODEL that is started the same way. Not part of CI.
"""

import argparse
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = {"claude": "@anthropic-ai/claude-code", "codex": "@openai/codex"}
# The fields of a request that a model reads, in the Messages and the Responses API.
READ = ["system", "messages", "tools", "instructions", "input"]
ROUNDS = 5
PATIENCE = 120


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-w", dest="work", type=Path)
    parser.add_argument("-b", dest="binaries", type=Path, default=HERE.parent / "target/debug")
    parser.add_argument("-m", dest="model", type=Path, default=HERE / "scripted_model.py")
    arguments = parser.parse_args()
    temporary = None
    if arguments.work is None:
        temporary = arguments.work = Path(tempfile.mkdtemp())
    # A short path: a socket's may have 108 bytes.
    home = Path(tempfile.mkdtemp(prefix="bta", dir="/tmp"))
    trial = Trial(home, arguments.work.resolve(), arguments.binaries.resolve(), arguments.model.resolve())
    try:
        trial.run()
    except SystemExit:
        print(trial.said()[-4000:], file=sys.stderr)
        raise
    finally:
        trial.end()
        shutil.rmtree(home, ignore_errors=True)
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def fail(words):
    sys.exit(f"FAIL {words}")


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    fail(f"waited in vain for {what}")


def call(tool, **args):
    return {"tool": tool, "args": args}


class Trial:
    def __init__(self, home, work, binaries, model):
        self.home, self.work, self.binaries, self.model = home, work, binaries, model
        (work / "bin").mkdir(parents=True, exist_ok=True)
        self.environment = {"HOME": str(home), "TERM": "dumb",
                            "PATH": f"{work}/bin:{work}/npm/node/node_modules/node/bin:{os.environ['PATH']}"}
        self.processes = []
        self.logs = {}
        self.never = None

    def run(self):
        for client in PACKAGES:
            self.install(client)
        for client, agent in [("claude", "frontend"), ("codex", "backend")]:
            self.bridgectl("install", "--client", client, "--agent", agent)
        pair = json.loads(self.bridgectl("pair", "backend developer", "frontend developer", "--json"))
        self.conversation = pair["conversation_id"]
        backend, frontend = (invite["invite_code"] for invite in pair["invites"])

        codex = self.codex([call("join_conversation", invite_code=backend), *self.turns("backend", 1, ROUNDS)])
        os.mkfifo(self.home / "never")
        work = call("Bash", command=f"cat {self.home}/never", timeout=290_000, description="work on the answer")
        half = [*self.turns("frontend", 1, 2), self.listen(), work]
        first = self.claude("first", [call("join_conversation", invite_code=frontend), *half])
        until("the third message to be in the hands of Claude Code",
              lambda: "backend says 3" in self.shown("first") and self.works(first))
        self.kill(first)
        print("PASS Claude Code was killed while it worked on the third message")
        rest = [self.listen(), self.speak("frontend", 3), *self.turns("frontend", 4, ROUNDS), call("check_partner_status")]
        second = self.claude("second", rest)
        for name, process in [("Codex", codex), ("Claude Code", second)]:
            if process.wait(PATIENCE) != 0:
                fail(f"{name} ended with {process.returncode}")
        self.judge()

    def judge(self):
        again = self.shown("second")
        if "backend says 3" not in again or not re.search(r'redelivered\W+true', again):
            fail("the message in the hands of the killed client did not come again, marked")
        print("PASS the message came again, marked, to the client started anew")
        messages = json.loads(self.bridgectl("show", self.conversation, "--json"))["messages"]
        said = [message["message"] for message in messages]
        expected = [f"{who} says {number}" for number in range(1, ROUNDS + 1) for who in ("backend", "frontend")]
        if said != expected:
            fail(f"the conversation is {said}")
        states = {delivery["state"] for message in messages for delivery in message["deliveries"]}
        if states != {"acknowledged"}:
            fail(f"the messages are {states}")
        print(f"PASS {len(said)} messages, in order, each once, all acknowledged")
        for name in self.logs:
            tokens = re.findall(r"\b[0-9a-f]{64}\b", self.shown(name))
            if tokens:
                fail(f"the model of {name} saw {tokens[:3]}")
        print("PASS no model saw a token: nothing of 64 hexadecimal digits in", self.bytes_shown(), "bytes")
        print("PASS", self.bridgectl("audit", "verify").strip().splitlines()[0])

    # What the agents do.

    def turns(self, who, first, last):
        """The backend speaks first and then listens; the frontend the other way round."""
        for number in range(first, last + 1):
            turn = [self.speak(who, number), self.listen()]
            yield from turn if who == "backend" else reversed(turn)
        if who == "backend":
            # What it got last counts as acted upon with its next call.
            yield call("check_partner_status")

    def speak(self, who, number):
        return call("send_to_partner", message=f"{who} says {number}")

    def listen(self):
        return call("check_messages", wait_seconds=120)

    # Clients.

    def install(self, client):
        directory = self.work / "npm" / client
        program = directory / "node_modules/.bin" / client
        if not program.exists():
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "package.json").write_text('{"private": true}')
            command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", PACKAGES[client] + "@latest"]
            subprocess.run(command, cwd=directory, env={**os.environ, **self.environment}, check=True)
        link = self.work / "bin" / client
        link.unlink(missing_ok=True)
        link.symlink_to(program)

    def claude(self, name, script):
        environment = {"ANTHROPIC_BASE_URL": self.start_model(name, script), "ANTHROPIC_API_KEY": "none",
                       "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "ENABLE_TOOL_SEARCH": "false", "IS_SANDBOX": "1"}
        return self.start(["claude", "-p", "go", "--allowedTools", "mcp__bridge", "Bash"], environment)

    def codex(self, script):
        url = self.start_model("codex", script)
        config = self.home / ".codex/config.toml"
        bridge = config.read_text() + 'default_tools_approval_mode = "approve"\n'
        config.write_text(
            'model = "scripted"\nmodel_provider = "scripted"\napproval_policy = "never"\n'
            f'[model_providers.scripted]\nname = "scripted"\nbase_url = "{url}/v1"\nwire_api = "responses"\n'
            f'env_key = "SCRIPTED_KEY"\n{bridge}')
        return self.start(["codex", "exec", "--skip-git-repo-check", "go"], {"SCRIPTED_KEY": "none"})

    def start_model(self, name, script):
        path = self.home / f"{name}.json"
        path.write_text(json.dumps(list(script)))
        self.logs[name] = self.home / f"{name}.log"
        command = [sys.executable, str(self.model), "0", str(self.logs[name]), str(path)]
        model = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.processes.append(model)
        return f"http://127.0.0.1:{model.stdout.readline().strip()}"

    def start(self, command, environment):
        with open(self.home / "out", "a", encoding="utf-8") as out:
            process = subprocess.Popen(command, cwd=self.home, env={**self.environment, **environment}, stdout=out,
                                       stdin=subprocess.DEVNULL, stderr=out, start_new_session=True)
        self.processes.append(process)
        return process

    def kill(self, process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def works(self, process):
        """Whether a client runs the command that it is to be killed in: one that reads what nobody writes."""
        if process.poll() is not None:
            fail("Claude Code ended before it could be killed")
        try:
            # Kept open: the command would end with it.
            self.never = os.open(self.home / "never", os.O_WRONLY | os.O_NONBLOCK)
            return True
        except OSError as error:
            if error.errno == errno.ENXIO:
                return False
            raise

    def said(self):
        """What the clients wrote to their terminals."""
        out = self.home / "out"
        return out.read_text(encoding="utf-8", errors="replace") if out.exists() else ""

    def shown(self, name):
        """What a model was given to read: not what a request tells its provider about the user."""
        if not self.logs[name].exists():
            return ""
        *lines, _ = self.logs[name].read_text(encoding="utf-8").split("\n")
        bodies = [json.loads(line).get("body", {}) for line in lines]
        return json.dumps([[body.get(field) for field in READ] for body in bodies])

    def bytes_shown(self):
        return sum(len(self.shown(name)) for name in self.logs)

    # The bridge.

    def bridgectl(self, *arguments):
        done = subprocess.run([str(self.binaries / "bridgectl"), *arguments], env=self.environment, cwd=self.home,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fail(f"bridgectl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def end(self):
        for process in self.processes:
            self.kill(process)
        lock = self.home / ".local/state/bridged/bridged.lock"
        if lock.exists() and lock.read_text().strip():
            os.kill(int(lock.read_text()), signal.SIGTERM)


if __name__ == "__main__":
    main()
