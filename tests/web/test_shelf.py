"""A shelf keeps what was asked for last, and makes the rest anew."""

from digest.web.shelf import Shelf


def maker(made: list):
    def make(keys):
        made.append(list(keys))
        return {key: key.upper() for key in keys if key != "none"}

    return make


def test_what_is_there_is_not_made_again_and_the_rest_is_made_together():
    shelf, made = Shelf(9), []
    assert shelf.get(["a", "b"], maker(made)) == {"a": "A", "b": "B"}
    assert list(shelf.get(["c", "a", "d"], maker(made)).items()) == [
        ("c", "C"), ("a", "A"), ("d", "D")
    ]  # fmt: skip
    assert made == [["a", "b"], ["c", "d"]]


def test_what_cannot_be_made_is_left_out_and_asked_for_again():
    shelf, made = Shelf(9), []
    assert shelf.get(["none", "a"], maker(made)) == {"a": "A"}
    shelf.get(["none"], maker(made))
    assert made == [["none", "a"], ["none"]]


def test_it_holds_so_many_and_the_ones_asked_for_last():
    shelf, made = Shelf(2), []
    for key in ("a", "b", "a", "c"):
        shelf.get([key], maker(made))
    made.clear()
    shelf.get(["a", "c"], maker(made))
    assert made == []
    shelf.get(["b"], maker(made))
    assert made == [["b"]]


def test_more_than_it_holds_is_given_at_once_all_the_same():
    assert shelf_of(2).get(["a", "b", "c"], maker([])) == {"a": "A", "b": "B", "c": "C"}


def shelf_of(most: int) -> Shelf:
    return Shelf(most)
