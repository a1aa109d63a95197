import os
import subprocess
import sys
from pathlib import Path

import pytest

from digest.pipeline.owners import is_gone, new_owner

pytestmark = pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="no /proc")


def test_a_worker_of_this_process_lives_and_no_two_have_the_same_name() -> None:
    assert not is_gone(new_owner())
    assert new_owner() != new_owner()


def test_a_killed_process_is_known_to_be_gone_even_before_its_parent_noticed() -> None:
    code = "from digest.pipeline.owners import new_owner; print(new_owner(), flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert child.stdout and child.stdin
    owner = child.stdout.readline().strip()
    assert not is_gone(owner)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not buried
    assert is_gone(owner)
    child.wait()
    assert is_gone(owner)
    child.stdout.close()
    child.stdin.close()


def test_another_process_with_the_same_number_is_not_taken_for_it() -> None:
    host, machine, pid, started, token = new_owner().split(":")
    assert is_gone(":".join((host, machine, pid, str(int(started) + 1), token)))


@pytest.mark.parametrize("owner", ["w", "", "host:::1:2", "host:otherboot:1:1:x", "a:b:c:d:e"])
def test_of_others_nothing_is_known(owner: str) -> None:
    assert not is_gone(owner)
