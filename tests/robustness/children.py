"""Processes forked from this one, so that a thousand of them need not start Python and torch anew."""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arvae_music.errors import ArvaeError
from tests.robustness.tally import Outcome

Work = Callable[[], object]


class Child:
    """A process that does some work, and says what came of it."""

    def __init__(self, work: Work, cache: Path | None = None) -> None:
        """Start it.

        Args:
            work: what it does.
            cache: the user's cache folder, for it.
        """
        self._answer, writes = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads that wait and do nothing
            self.pid = os.fork()
        if not self.pid:
            os.close(self._answer)
            _work(work, writes, cache)
        os.close(writes)

    def kill_after(self, seconds: float) -> bool:
        """Kill it after a time; whether it was still at work."""
        ready, _, _ = select.select([self._answer], [], [], seconds)
        os.kill(self.pid, signal.SIGKILL)
        self._ended()
        return not ready

    def outcome(self, seconds: float = 1_800.0) -> Outcome:
        """Wait for what comes of it."""
        deadline, said = time.monotonic() + seconds, b""
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._answer], [], [], left)[0]:
                part = os.read(self._answer, 1 << 16)
                said += part
                if not part:
                    break
        os.kill(self.pid, signal.SIGKILL)
        ended = self._ended()
        if left <= 0:
            return Outcome("hang", f"not done in {seconds:.0f} s")
        found: Any = (
            pickle.loads(said) if said else Outcome("crash", f"it ended with {ended} and said nothing")
        )
        assert isinstance(found, Outcome)
        return found

    def _ended(self) -> int:
        os.close(self._answer)
        return os.waitpid(self.pid, 0)[1]


def _work(work: Work, answer: int, cache: Path | None) -> None:
    """What the child does, to its end."""
    if cache is not None:
        os.environ["XDG_CACHE_HOME"] = str(cache)
    outcome = outcome_of(work)
    os.write(answer, pickle.dumps(outcome))
    os._exit(0)


def outcome_of(work: Work) -> Outcome:
    """What comes of work: done, an error of one line, or a fault."""
    try:
        said = work()
    except ArvaeError as error:
        text = str(error)
        return Outcome("refused" if len(text.splitlines()) == 1 else "leak", text)
    except MemoryError:
        return Outcome("memory")
    except BaseException as error:
        return Outcome("crash", f"{type(error).__name__}: {str(error)[:200]}")
    return said if isinstance(said, Outcome) else Outcome("done", "" if said is None else str(said))
