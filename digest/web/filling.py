"""A profile form that was sent: uploads read apart, searches answered, the profile checked."""

import asyncio
from dataclasses import replace

from starlette.datastructures import FormData, UploadFile

from digest.errors import LibraryError, ProfileError
from digest.libraries.apart import read_apart
from digest.pipeline.adopting import Adoption, Outcome, adopt
from digest.web.forms import Filled, ProfileForm
from digest.web.site import Site, field
from digest.wording import Wording

_MOST_ADOPTED = 100
_NOTES = 6
_reading = asyncio.Semaphore(2)  # files at once


async def filled(form: FormData, site: Site, words: Wording) -> Filled:
    """Return what was filled in, with an upload and ticked search results among the examples."""
    told = ProfileForm.read(form)
    ticked = [v for v in form.getlist("found") if isinstance(v, str)]
    told = told.with_examples(line[:500] for line in ticked[:50])
    told, notes = await _with_upload(told, form, site, words)
    query = field(form, "find", 300)
    found = await asyncio.to_thread(site.trials.find, query) if query else []
    results = tuple((p.arxiv_id or p.doi or p.title, p.title) for p in found)
    if query and not found:
        notes = (*notes, words.gettext("No paper we know is called “%(query)s”.", query=query))
    try:
        profile, problems = told.profile(), {}
    except ProfileError as error:
        profile, problems = None, error.problems or {"": str(error)}
    return Filled(told, profile, problems, notes, results)


async def _with_upload(
    told: ProfileForm, form: FormData, site: Site, words: Wording
) -> tuple[ProfileForm, tuple[str, ...]]:
    file = form.get("library")
    if not isinstance(file, UploadFile) or not file.filename:
        return told, ()
    try:
        async with _reading:
            data = await file.read()
            await file.close()
            library = await read_apart(data, words.gettext("The file"))
    except LibraryError as error:
        return told, (str(error),)

    def adopted() -> list[Adoption]:
        return adopt(library.items, site.store.papers.get, limit=_MOST_ADOPTED)

    found = await asyncio.to_thread(adopted)
    taken = [a for a in found if a.outcome is not Outcome.SKIPPED]
    told = told.with_examples(" ".join(a.value.split()) for a in taken if a.key == "examples")
    categories = [a.value for a in taken if a.key == "categories"]
    if categories:
        lines = [*told.more_categories.splitlines(), *categories]
        told = replace(told, more_categories="\n".join(dict.fromkeys(lines)))
    return told, (_told(library.format, found, words), *library.problems[:_NOTES])


def _told(name: str, found: list[Adoption], words: Wording) -> str:
    counts = {outcome: sum(a.outcome is outcome for a in found) for outcome in Outcome}
    return words.gettext(
        "%(format)s: known here %(matched)s, kept by title %(kept)s, skipped %(skipped)s.",
        format=name,
        matched=counts[Outcome.MATCHED],
        kept=counts[Outcome.KEPT],
        skipped=counts[Outcome.SKIPPED],
    )
