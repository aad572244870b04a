"""Properties that are computed once."""

import threading

from spacy_birnn.nn.lazy import lazy


class Thing:
    n_computed = 0

    @lazy
    def answer(self):
        """What it is."""
        self.n_computed += 1
        return self.n_computed


def test_computed_once_for_each_instance():
    thing, other = Thing(), Thing()
    assert (thing.answer, thing.answer, other.answer) == (1, 1, 1)
    assert thing.n_computed == 1
    assert Thing.answer.__doc__ == "What it is."


def test_nobody_waits_for_another_thread():
    """A forked process has no other thread that would ever be ready."""
    begun, done = threading.Event(), threading.Event()

    class Slow:
        def __init__(self, wait):
            self.wait = wait

        @lazy
        def answer(self):
            if self.wait:
                begun.set()
                done.wait(120)
            return self.wait

    slow = threading.Thread(target=lambda: Slow(True).answer)
    slow.start()
    begun.wait(60)
    quick = threading.Thread(target=lambda: Slow(False).answer, daemon=True)
    quick.start()
    quick.join(60)
    assert not quick.is_alive()
    done.set()
    slow.join(120)
