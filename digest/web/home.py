"""The page on which people subscribe, the preview, and the page that confirms an address."""

import asyncio
import time
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from digest.errors import AddressError, UsageError
from digest.models import Profile, Subscriber
from digest.pipeline.trial import Trial
from digest.subscriptions import Asked
from digest.web.filling import filled
from digest.web.forms import Filled, ProfileForm
from digest.web.lint import lint, summary
from digest.web.site import Site, field, read_form
from digest.wording import Wording, wording

# A sign-up is answered after so many seconds, whoever it is for.
_EVENLY = 0.3


async def home(request: Request) -> Response:
    """Show what there is to subscribe to, or, where that is closed, say so."""
    site: Site = request.app.state.site
    language = site.language(request)
    form = ProfileForm(language=language)
    trial = await asyncio.to_thread(site.trials.specimen, language)
    return await _page(site, language, Filled(form, None), {"trial": _shown(site, trial, None)})


async def sign_up(request: Request) -> Response:
    """Take the form: show a preview, or take the sign-up."""
    site: Site = request.app.state.site
    begun = time.monotonic()
    form = await read_form(request)
    language = site.language(request)
    words = wording(language)
    told = await filled(form, site, words)
    if field(form, "do", 20) != "subscribe" or told.profile is None or _is_empty(told.profile):
        return await _previewed(request, language, told, form)
    if not site.settings.allow_signup:
        return await _closed(site, language, words)
    address = field(form, "address", 300)
    if field(form, "website", 300):  # no person sees this field
        asked = Asked.TAKEN
    else:
        try:
            asked = await asyncio.to_thread(
                site.desk.ask, address, told.profile, site.client(request), site.clock()
            )
        except AddressError as error:
            problems = {"address": str(error)}
            view = {"trial": None, "address": address, "problems": problems}
            return await _page(site, language, told, view, 422)
    if asked is Asked.TAKEN and site.postman:
        site.postman.call()
    await asyncio.sleep(max(0.0, _EVENLY - (time.monotonic() - begun)))
    if asked is Asked.TOO_MANY:
        heading = words.gettext("Too many sign-ups today")
        line = words.gettext("Please try again tomorrow.")
        return await site.said(language, heading, line, status=429)
    return await site.said(
        language,
        words.gettext("Look into your mailbox"),
        words.gettext("If mail can reach that address, one is on its way. It asks you to confirm."),
        words.gettext("Nothing? Look into the folder for spam, or try again tomorrow."),
    )


async def preview(request: Request) -> Response:
    """Return the preview alone, for a page that refreshes it while somebody types."""
    site: Site = request.app.state.site
    form = await read_form(request)
    language = site.language(request)
    told = await filled(form, site, wording(language))
    trial = await tried(request, site, told)
    return await site.page("preview", language, trial=trial, problems=told.problems)


async def confirm_page(request: Request) -> Response:
    """Show what a link would confirm; nothing happens yet."""
    site: Site = request.app.state.site
    token = request.path_params["token"]
    signup = await asyncio.to_thread(site.desk.waiting, token, site.clock())
    if signup is None:
        return await site.nowhere(request)
    language = signup.profile.language if signup.subscriber_id is None else site.language(request)
    return await site.page(
        "confirm", language, token=token, signup=signup, moving=signup.subscriber_id is not None
    )


async def confirm(request: Request) -> Response:
    """Confirm an address."""
    site: Site = request.app.state.site
    token = request.path_params["token"]
    try:
        person = await asyncio.to_thread(site.desk.confirm, token, site.clock())
    except UsageError:
        words = wording(site.language(request))
        heading = words.gettext("This address has a subscription of its own")
        line = words.gettext("Leave that one first; then move this one.")
        return await site.said(words.language, heading, line, status=409)
    if person is None:
        return await site.nowhere(request)
    if site.postman:
        site.postman.call()
    return await site.page(
        "confirmed", person.profile.language, person=person, manage=site.linker.manage(person)
    )


async def tried(
    request: Request, site: Site, told: Filled, person: Subscriber | None = None
) -> dict[str, Any] | None:
    """Return the preview of a form as templates show it; None: there is no profile to try."""
    if told.profile is None:
        return None
    trial = await site.preview(request, told.profile, person)
    if trial is None:
        return {"busy": True}
    return await asyncio.to_thread(_shown, site, trial, told.profile)


def _shown(site: Site, trial: Trial, profile: Profile | None) -> dict[str, Any]:
    words = wording(trial.edition.language)
    return {
        "busy": False,
        "specimen": profile is None,
        "edition": site.pages.edition(trial.edition, 2 if profile else 3),
        "summary": summary(trial.forecast, profile, words) if profile else "",
        "lint": lint(trial.forecast, words) if profile else [],
        "days": [(d.day, d.papers) for d in trial.forecast.days] if profile else [],
    }


async def _previewed(request: Request, language: str, told: Filled, form: FormData) -> Response:
    site: Site = request.app.state.site
    words = wording(language)
    problems = dict(told.problems)
    wanted = field(form, "do", 20) == "subscribe"
    if wanted and told.profile is not None:
        problems["phrases"] = words.gettext("Say first what you want to read about.")
    trial = await tried(request, site, told) if not wanted else None
    view = {"trial": trial, "address": field(form, "address", 300), "problems": problems}
    return await _page(site, language, told, view, 422 if problems else 200)


async def _page(
    site: Site, language: str, told: Filled, view: dict[str, Any], status: int = 200
) -> Response:
    choices = await asyncio.to_thread(site.trials.choices)
    shown = {
        "form": told.form,
        "problems": told.problems,
        "notes": told.notes,
        "found": told.found,
        "choices": choices,
        "open": site.settings.allow_signup,
        "address": "",
    }
    return await site.page("home", language, status, **(shown | view))


async def _closed(site: Site, language: str, words: Wording) -> Response:
    heading = words.gettext("Sign-up is closed")
    line = words.gettext("Ask whoever runs this service to add you.")
    return await site.said(language, heading, line, status=403)


def _is_empty(profile: Profile) -> bool:
    return not profile.wanted
