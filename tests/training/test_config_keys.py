"""Misspelled keys of a config."""

import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.config_keys import check_overrides, check_sections


@pytest.mark.parametrize(
    ("section", "key", "meant"),
    [("training", "max_epoch", "max_epochs"), ("initialize", "vector", "vectors")],
)
def test_keys_that_spacy_passes_over(make_config, section, key, meant):
    config = make_config()
    check_sections(config)
    config[section][key] = 1
    with pytest.raises(BirnnError, match=f"no key '{key}' in .*'{meant}'"):
        check_sections(config)


def test_a_section_almost_of_a_name_must_be_used(make_config):
    config = make_config()
    config["mine"] = {"a": 1}
    check_sections(config)
    config["trainign"] = {"max_epochs": 1}
    with pytest.raises(BirnnError, match="no section 'trainign' .*'training'"):
        check_sections(config)
    config["mine"]["b"] = "${trainign.max_epochs}"
    check_sections(config)


def test_a_key_that_a_variable_names_can_be_set(make_config):
    config = make_config()
    with pytest.raises(BirnnError, match="no key 'other' in .paths."):
        check_overrides(config, {"paths.other": "x"})
    config["corpora"]["dev"]["path"] = "${paths.other}"
    check_overrides(config, {"paths.other": "x", "system.seed": 1})


def test_what_is_not_close_to_anything_lists_what_is_there(make_config):
    with pytest.raises(BirnnError, match="'zzz' in .*: it has lang, pipeline"):
        check_overrides(make_config(), {"nlp.zzz": 1})
