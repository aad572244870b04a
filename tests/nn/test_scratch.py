"""Memory that is used again."""

import threading

import torch

from spacy_birnn.nn import scratch
from spacy_birnn.nn.scratch import Scratch


def test_a_block_is_used_again():
    memory = Scratch()
    first = memory.take(torch.float32, 2, 3, 4)
    assert first.shape == (2, 3, 4)
    assert first.is_contiguous()
    second = memory.take(torch.float32, 5, 2)
    assert second.shape == (5, 2)
    assert second.data_ptr() == first.data_ptr()


def test_it_grows_and_changes_its_type():
    memory = Scratch()
    memory.take(torch.float32, 2)
    assert memory.take(torch.float32, 3, 3).shape == (3, 3)
    assert memory.take(torch.float64, 2).dtype == torch.float64


def test_what_is_too_large_is_not_kept(monkeypatch):
    monkeypatch.setattr(scratch, "LARGEST", 4)
    memory = Scratch()
    large = memory.take(torch.float32, 5)
    assert memory.take(torch.float32, 5).data_ptr() != large.data_ptr()


def test_a_thread_has_its_own():
    memory, found = Scratch(), []
    here = memory.take(torch.float32, 4)

    def take():
        found.append(memory.take(torch.float32, 4))

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    assert found[0].data_ptr() != here.data_ptr()


def test_memory_from_inference_mode_can_be_written_to_outside():
    memory = Scratch()
    with torch.inference_mode():
        memory.take(torch.float32, 4).fill_(1.0)
    with torch.no_grad():
        memory.take(torch.float32, 4).add_(1.0)
