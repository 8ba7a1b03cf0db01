"""A Ray cluster of several nodes on this machine, in a process of its own: what it starts ends with it.

`python cluster_for_tests.py` reads commands as JSON lines, {"add": environment, "gpus": count} or {"kill": node's id}, and answers each
with {"address", "node"}. Three nodes of one CPU each are there when it answers first.
"""

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import psutil


class Cluster:
    """The test's end of it."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.nodes = []
        try:
            self.address, self.head = self._answer()
            for _ in range(2):
                self.add()
        except BaseException:
            self.close()
            raise

    def add(self, gpus=0, **environment):
        """Start one more node, with so many GPUs that Ray takes for granted; its id."""
        self.nodes.append(self._do({"add": environment, "gpus": gpus}))
        return self.nodes[-1]

    def kill(self, node):
        """SIGKILL for all processes of a node."""
        self.nodes.remove(node)
        self._do({"kill": node})

    def close(self):
        family = [self.process, *psutil.Process(self.process.pid).children(recursive=True)]
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                process.kill()
        self.process.wait()
        self.process.stdout.close()

    def slots(self):
        """The processes that hold slots, and what they have started."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                words = " ".join(process.cmdline())
                if "LmcspecSlot" in words or "lmcspec.engine" in words:
                    found.append(process)
        return found

    def workers(self):
        """The processes that do tasks: forked by the servers of slots."""
        servers = {process.pid for process in self.slots() if _is_server(process)}
        return [process for process in self.slots() if process.ppid() in servers]

    def actors(self):
        """The actors."""
        return [process for process in self.slots() if "LmcspecSlot" in " ".join(process.cmdline())]

    def idle(self, seconds=10.0):
        """Whether no slot is held any more after that many seconds."""
        deadline = time.monotonic() + seconds
        while (left := self.slots()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return not left

    def _do(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self._answer()[1]

    def _answer(self):
        while line := self.process.stdout.readline():
            with contextlib.suppress(json.JSONDecodeError):  # Ray says things, too
                answer = json.loads(line)
                return answer["address"], answer["node"]
        raise AssertionError("the cluster is gone")


def _is_server(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        words = process.cmdline()
        parent = process.parent()
        return "forkserver" in " ".join(words) and parent is not None and "LmcspecSlot" in " ".join(parent.cmdline())
    return False


def again(start, times=5):
    """Ray gives a node 30 s to start, which a busy machine may not be able to."""
    for _ in range(times - 1):
        before = set(psutil.Process().children(recursive=True))
        try:
            return start()
        except Exception as error:  # noqa: BLE001 (its own plain one)
            print(error, file=sys.stderr)
            for process in set(psutil.Process().children(recursive=True)) - before:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
    return start()


def serve():
    import os

    os.environ.update(RAY_USAGE_STATS_ENABLED="0", OMP_NUM_THREADS="1")
    # A busy machine is no dead one; a node whose processes are gone is noticed by their sockets.
    os.environ.update(RAY_health_check_timeout_ms="60000")
    from ray.cluster_utils import Cluster as RayCluster

    small = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    cluster = again(lambda: RayCluster(initialize_head=True, head_node_args=small))
    nodes = {cluster.head_node.node_id: cluster.head_node}

    def answer(node):
        print("\n" + json.dumps({"address": cluster.address, "node": node}), flush=True)

    answer(cluster.head_node.node_id)
    for line in sys.stdin:
        command = json.loads(line)
        if "add" in command:
            wanted = {"num_cpus": 1, "object_store_memory": small["object_store_memory"], "env_vars": command["add"]}
            before = os.environ.get("CUDA_VISIBLE_DEVICES", "")
            if command["gpus"]:
                wanted["num_gpus"] = command["gpus"]
                # Tests see no GPU; Ray starts no node with more of them than this names.
                os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, range(command["gpus"])))
            node = again(lambda wanted=wanted: cluster.add_node(**wanted))
            os.environ["CUDA_VISIBLE_DEVICES"] = before
            nodes[node.node_id] = node
            answer(node.node_id)
        else:
            cluster.remove_node(nodes.pop(command["kill"]), allow_graceful=False)
            answer(command["kill"])
    cluster.shutdown()


if __name__ == "__main__":
    serve()
