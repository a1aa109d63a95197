"""The corridor of papers: from feeds to editions in people's hands.

The whole way, once::

    collect:  for each feed, all at once:
                  fetch or read -> parse (in a worker process) -> entries, or one line of trouble
              for each feed, in order:                                one transaction
                  known   = the stored papers that are related to its entries
                  changes = merging.assemble(merging.place(entries, known), known)
                  store the changes with the feed's validators

    publish:  plan: one delivery for each subscriber and day that is due    one statement
              for each shard of deliveries, leased:
                  rank, compose, store the editions                   one transaction
                  for each delivery:
                      mark it `transmitting`                          committed before it is sent
                      render, hand it to the channel
                      record the outcome                              committed before the next

    preview:  rank, compose, render: nothing is stored, nothing is sent

    replay:   for each past day: its papers from the store, or from saved answers that are
              collected once more into a store that is thrown away; then rank, compose

What this corridor does not do: it reads no configuration and opens nothing itself (``app``
does), it does not decide what belongs together (``merging``), what is good (``ranking``) or
what is shown (``composing``, ``rendering``).
"""

from digest.pipeline.collect import Collector, CollectReport, FeedReport
from digest.pipeline.editions import Day, EditionOptions
from digest.pipeline.publish import Publisher, PublishOptions, PublishReport
from digest.pipeline.rankers import Ranker
from digest.pipeline.replay import (
    ReplayClock,
    ReplayedDay,
    days_between,
    replay_saved,
    replay_stored,
    saved_files,
)

__all__ = [
    "CollectReport",
    "Collector",
    "Day",
    "EditionOptions",
    "FeedReport",
    "PublishOptions",
    "PublishReport",
    "Publisher",
    "Ranker",
    "ReplayClock",
    "ReplayedDay",
    "days_between",
    "replay_saved",
    "replay_stored",
    "saved_files",
]
