"""A subscriber's own page, behind the link in every mail."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from digest.errors import AddressError, UsageError
from digest.libraries.writing import to_bibtex, to_ris
from digest.models import Answer, AnswerKind, Paper, Subscriber
from digest.pipeline.trial import Choices, Taught
from digest.tokens import Purpose
from digest.web.filling import filled
from digest.web.forms import Filled, ProfileForm
from digest.web.home import tried
from digest.web.site import Site, field, read_form
from digest.wording import wording

_WRITERS = {
    "bib": (to_bibtex, "application/x-bibtex"),
    "ris": (to_ris, "application/x-research-info-systems"),
}


async def manage_page(request: Request) -> Response:
    """Show everything that a subscriber may change."""
    site, person = await _who(request)
    if person is None:
        return await site.nowhere(request)
    return await _page(request, site, person)


async def manage(request: Request) -> Response:
    """Do what a button of the page says."""
    site, person = await _who(request)
    if person is None:
        return await site.nowhere(request)
    form = await read_form(request)
    act = _ACTS.get(field(form, "do", 20))
    if act is None:
        return await _page(request, site, person)
    return await act(request, site, person, form)


async def preview(request: Request) -> Response:
    """Return the preview alone, for a page that refreshes it while somebody types."""
    site, person = await _who(request)
    if person is None:
        return await site.nowhere(request)
    form = await read_form(request)
    language = person.profile.language
    told = await filled(form, site, wording(language))
    trial = await tried(request, site, told, person)
    return await site.page("preview", language, trial=trial, problems=told.problems)


async def export(request: Request) -> Response:
    """Return everything that is kept about a subscriber, as JSON."""
    site, person = await _who(request)
    if person is None:
        return await site.nowhere(request)
    told = await asyncio.to_thread(site.readers.export, person)
    body = json.dumps(told, ensure_ascii=False, indent=1)
    return _file(body, "application/json", "digest-data.json")


async def saved(request: Request) -> Response:
    """Return the saved papers for a reference manager."""
    site, person = await _who(request)
    form = request.path_params["form"]
    if person is None or form not in _WRITERS:
        return await site.nowhere(request)
    write, media_type = _WRITERS[form]
    papers = await asyncio.to_thread(site.readers.saved, person)
    return _file(write(papers), media_type, f"digest-saved.{form}")


async def _who(request: Request) -> tuple[Site, Subscriber | None]:
    site: Site = request.app.state.site
    token = request.path_params["token"]
    person = await asyncio.to_thread(site.readers.by_link, token, Purpose.MANAGE, site.clock())
    return site, person


def _known(
    site: Site, person: Subscriber
) -> tuple[Choices, Sequence[tuple[Answer, Paper]], Taught]:
    answers = site.readers.answers(person)
    return site.trials.choices(), answers, site.trials.taught(answers)


async def _page(
    request: Request,
    site: Site,
    person: Subscriber,
    told: Filled | None = None,
    *,
    status: int = 200,
    **view: Any,
) -> Response:
    choices, answers, taught = await asyncio.to_thread(_known, site, person)
    offered = [name for name, _ in (*choices.categories, *choices.topics)]
    told = told or Filled(ProfileForm.of(person.profile, offered), person.profile)
    shown = {
        "token": request.path_params["token"],
        "person": person,
        "form": told.form,
        "problems": told.problems,
        "notes": told.notes,
        "found": told.found,
        "choices": choices,
        "answers": answers,
        "taught": taught,
        "saved": [p for a, p in answers if a.kind is AnswerKind.SAVE],
        "archive": site.linker.archive(person),
        "feed": site.linker.feed(person),
        "json_feed": site.linker.feed(person, "json"),
        "unsubscribe": site.linker.unsubscribe(person),
        "trial": None,
        "done": "",
        "today": person.profile.schedule.local_date(site.clock()),
    }
    return await site.page("manage", person.profile.language, status, **(shown | view))


# ---------------------------------------------------------------- what its buttons do


async def _preview(request: Request, site: Site, person: Subscriber, form: FormData) -> Response:
    told = await filled(form, site, wording(person.profile.language))
    trial = await tried(request, site, told, person)
    return await _page(
        request, site, person, told, trial=trial, status=422 if told.problems else 200
    )


async def _save(request: Request, site: Site, person: Subscriber, form: FormData) -> Response:
    words = wording(person.profile.language)
    told = await filled(form, site, words)
    if told.profile is None:
        return await _page(request, site, person, told, status=422)
    person = await asyncio.to_thread(site.readers.update, person, told.profile)
    words = wording(person.profile.language)
    done = words.gettext("Saved. Your next digest follows it.")
    return await _page(request, site, person, told, done=done)


async def _pause(request: Request, site: Site, person: Subscriber, form: FormData) -> Response:
    words = wording(person.profile.language)
    until = field(form, "until", 20)
    try:
        day = date.fromisoformat(until) if until else None
        person = await asyncio.to_thread(site.readers.pause, person, day, site.clock())
    except (ValueError, UsageError):
        problems = {"until": words.gettext("Choose a day after today, and within a year.")}
        told = Filled(ProfileForm.of(person.profile), person.profile, problems)
        return await _page(request, site, person, told, status=422)
    return await _page(request, site, person, done=words.gettext("Paused."))


async def _resume(request: Request, site: Site, person: Subscriber, form: FormData) -> Response:
    person = await asyncio.to_thread(site.readers.resume, person, site.clock())
    words = wording(person.profile.language)
    return await _page(request, site, person, done=words.gettext("Your digest comes again."))


async def _forget(request: Request, site: Site, person: Subscriber, form: FormData) -> Response:
    words = wording(person.profile.language)
    number, kind = field(form, "paper", 12), field(form, "kind", 10)
    if number.isdigit() and kind in list(AnswerKind):
        await asyncio.to_thread(site.readers.forget, person, int(number), AnswerKind(kind))
    elif number == "all":
        await asyncio.to_thread(site.readers.forget, person)
    done = words.gettext("Forgotten, as if it had never been said.")
    return await _page(request, site, person, done=done)


async def _readdress(request: Request, site: Site, person: Subscriber, form: FormData) -> Response:
    words = wording(person.profile.language)
    address = field(form, "address", 300)
    try:
        await asyncio.to_thread(site.desk.ask_readdress, person, address, site.clock())
    except (AddressError, UsageError) as error:
        told = Filled(ProfileForm.of(person.profile), person.profile, {"address": str(error)})
        return await _page(request, site, person, told, status=422)
    if site.postman:
        site.postman.call()
    done = words.gettext("A mail to the new address asks to confirm it.")
    return await _page(request, site, person, done=done)


async def _revoke(request: Request, site: Site, person: Subscriber, form: FormData) -> Response:
    await asyncio.to_thread(site.readers.revoke_links, person, site.clock())
    if site.postman:
        site.postman.call()
    words = wording(person.profile.language)
    return await site.said(
        words.language,
        words.gettext("All links sent so far are worthless now"),
        words.gettext("A mail with a new one is on its way to you."),
    )


async def _erase(request: Request, site: Site, person: Subscriber, form: FormData) -> Response:
    words = wording(person.profile.language)
    if field(form, "sure", 5) != "yes":
        problems = {"sure": words.gettext("Tick the box if you are sure.")}
        told = Filled(ProfileForm.of(person.profile), person.profile, problems)
        return await _page(request, site, person, told, status=422)
    await asyncio.to_thread(site.readers.erase, person, site.clock())
    return await site.said(
        words.language,
        words.gettext("Erased"),
        words.gettext(
            "Everything about you is gone, but for a fingerprint of your address that keeps it from"
            " being added again by anybody but you."
        ),
    )


_Act = Callable[[Request, Site, Subscriber, FormData], Awaitable[Response]]
_ACTS: dict[str, _Act] = {
    "preview": _preview,
    "find": _preview,
    "save": _save,
    "pause": _pause,
    "resume": _resume,
    "forget": _forget,
    "readdress": _readdress,
    "revoke": _revoke,
    "erase": _erase,
}


def _file(body: str, media_type: str, name: str) -> Response:
    disposition = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=media_type, headers=disposition)
