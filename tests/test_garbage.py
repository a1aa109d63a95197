import gc

import pytest

from digest.garbage import collector_paused, set_aside, take_back


def test_the_collector_is_paused_and_comes_back_even_after_an_error():
    assert gc.isenabled()
    with pytest.raises(ValueError, match="no"), collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            pass
        assert not gc.isenabled()
        raise ValueError("no")
    assert gc.isenabled()


def test_what_is_set_aside_is_passed_over_until_it_is_taken_back():
    usual = gc.get_threshold()
    set_aside()
    set_aside()  # a later day takes the place of the one before
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > usual[0]
    take_back()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == usual
