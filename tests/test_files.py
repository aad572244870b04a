import os
import stat
from pathlib import Path

import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.files import check_output, replacing


def test_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a"
    with replacing(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, BrokenPipeError])
def test_nothing_is_left_behind_and_the_older_file_stays(tmp_path, error):
    path = tmp_path / "a"
    path.write_bytes(b"older")
    with pytest.raises(error), replacing(path) as file:  # noqa: PT012
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"older"
    assert os.listdir(tmp_path) == ["a"]


def test_mode_is_kept_and_links_are_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"older")
    target.chmod(0o640)
    link.symlink_to(target)
    with replacing(link) as file:
        file.write(b"newer")
    assert link.is_symlink()
    assert target.read_bytes() == b"newer"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_devices_are_written_directly():
    with replacing(Path(os.devnull)) as file:
        file.write(b"x")
    assert not os.path.isfile(os.devnull)


def test_foreign_errors_keep_their_meaning(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        (tmp_path / "absent" / "b").read_bytes()


def test_check_output(tmp_path):
    path = tmp_path / "a"
    check_output(path)
    path.write_bytes(b"")
    with pytest.raises(BirnnError, match="B202"):
        check_output(path)
    check_output(path, force=True)
    with pytest.raises(BirnnError, match="B203.*directory"):
        check_output(tmp_path, force=True)
    with pytest.raises(BirnnError, match="B203.*no directory"):
        check_output(tmp_path / "absent" / "a")
    with pytest.raises(BirnnError, match="B203"), replacing(tmp_path / "absent" / "a"):
        pass
