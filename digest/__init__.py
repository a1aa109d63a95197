"""Digest: each researcher's few new papers, every morning.

A tour, in the order in which a paper passes through::

    sources     feeds -> entries            what one source said of one paper at one time
    merging     entries -> papers           one work, however many sources saw it
    store       papers, people, editions    the durable state: SQLite through SQLAlchemy
    ranking     papers x profile -> scores  with reasons that can be checked
    composing   scores -> edition           one dated selection for one subscriber
    rendering   edition -> HTML, text, Markdown
    delivery    rendering -> mail or files  recorded in a ledger before and after

Two corridors hold several rooms at once: ``pipeline`` for papers and ``subscriptions`` for
people. The doors (``cli``, ``scheduling``) call corridors and contain no logic. ``app`` puts
it all together from ``config``. Imports go one way; import-linter holds the walls.
"""

__version__ = "0.1.0"
