"""The corridor of people: who receives, what they want, and how they leave.

::

    operator ─────────────────────────────────────────────► subscriber
    stranger ──ask──► sign-up ──letter──► link ──confirm──► subscriber ──link──► change, answer, leave

``people`` is for the operator, who vouches for an address; ``desk`` for strangers, whose address
is nobody's until its owner confirms it; ``readers`` for subscribers, who come by the links in
their mails (``tuning``: what follows from more or less of a reason); ``archive`` holds their past
editions; ``importing`` brings in lists (``sheet``); ``postman`` sends the letters. An address is
checked at this border; nothing behind it doubts one again.
"""

from digest.subscriptions.archive import (
    Opened,
    Volume,
    open_edition,
    past_editions,
    read_editions,
)
from digest.subscriptions.desk import Asked, SignupDesk
from digest.subscriptions.importing import ImportReport, import_people
from digest.subscriptions.people import Subscriptions
from digest.subscriptions.postman import Postman, PostReport
from digest.subscriptions.readers import Question, Readers
from digest.subscriptions.sheet import read_sheet, sheet_row, write_sheet
from digest.subscriptions.tuning import Wish

__all__ = [
    "Asked",
    "ImportReport",
    "Opened",
    "PostReport",
    "Postman",
    "Question",
    "Readers",
    "SignupDesk",
    "Subscriptions",
    "Volume",
    "Wish",
    "import_people",
    "open_edition",
    "past_editions",
    "read_editions",
    "read_sheet",
    "sheet_row",
    "write_sheet",
]
