import pytest

from digest.ranking.names import CERTAIN, POSSIBLE, Name


@pytest.mark.parametrize(
    ("wanted", "written", "sure"),
    [
        ("Mira Oldenveld", "Mira Oldenveld", CERTAIN),
        ("Oldenveld, Mira", "Mira J. Oldenveld", CERTAIN),
        ("Sven Akerlund", "Sven Åkerlund", CERTAIN),
        ("Mira Oldenveld, Jr.", "Mira Oldenveld", CERTAIN),
        ("Laurens van der Hoek", "van der Hoek, Laurens", CERTAIN),
        ("Jean-Paul Mercadier", "Jean Paul Mercadier", CERTAIN),
        ("M. Oldenveld", "Mira Oldenveld", POSSIBLE),
        ("Mira Oldenveld", "M. Oldenveld", POSSIBLE),
        ("J.-P. Mercadier", "Jean-Paul Mercadier", POSSIBLE),
        ("Oldenveld", "Mira Oldenveld", POSSIBLE),
        ("Mira Oldenveld", "Mara Oldenveld", 0),
        ("Mira Oldenveld", "Mira Oldenfeld", 0),
        ("Mira A. Oldenveld", "Mira B. Oldenveld", 0),
        ("", "Mira Oldenveld", 0),
        (" , ", " , ", 0),
        ("山田 太郎", "山田 太郎", CERTAIN),
    ],
)
def test_names_match_by_last_name_and_compatible_given_names(
    wanted: str, written: str, sure: float
) -> None:
    assert Name.parse(wanted).match(Name.parse(written)) == sure
