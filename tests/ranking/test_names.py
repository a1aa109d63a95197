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
        # What may be a particle is a given name where there is no other.
        ("P. Lu", "Le Lu", 0),
        ("Peggy Lu", "Le Lu", 0),
        ("Le Lu", "Peggy Lu", 0),
        ("Le Lu", "Le Lu", CERTAIN),
        ("L. Lu", "Le Lu", POSSIBLE),
        ("Lu", "Le Lu", POSSIBLE),
        ("van der Hoek", "Laurens van der Hoek", POSSIBLE),
        ("Laurens van der Hoek", "van der Hoek", POSSIBLE),
        ("van der Hoek", "Laurens Hoek", 0),
    ],
)
def test_names_match_by_last_name_and_compatible_given_names(
    wanted: str, written: str, sure: float
) -> None:
    assert Name.parse(wanted).match(Name.parse(written)) == sure
