import gc

import pytest

from digest.garbage import collector_paused


def test_the_collector_is_paused_and_comes_back_even_after_an_error():
    assert gc.isenabled()
    with pytest.raises(ValueError, match="no"), collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            pass
        assert not gc.isenabled()
        raise ValueError("no")
    assert gc.isenabled()
