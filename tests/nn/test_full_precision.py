"""TF32 is off while anyone needs it off, and then as it was."""

import pytest
from torch.backends import cudnn

from spacy_birnn.nn.full_precision import full_precision


@pytest.mark.parametrize("before", [True, False])
def test_off_until_the_last_is_done(before):
    old = cudnn.allow_tf32
    cudnn.allow_tf32 = before
    try:
        first, second = full_precision(), full_precision()
        first.__enter__()
        assert not cudnn.allow_tf32
        second.__enter__()
        first.__exit__(None, None, None)
        assert not cudnn.allow_tf32
        second.__exit__(None, None, None)
        assert cudnn.allow_tf32 is before
        with pytest.raises(KeyError), full_precision():
            raise KeyError
        assert cudnn.allow_tf32 is before
    finally:
        cudnn.allow_tf32 = old
