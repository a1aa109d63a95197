"""Answers on a paper: the link in a mail opens a page, and only its button acts."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from digest.errors import UsageError
from digest.models import AnswerKind, InterestKind
from digest.rendering.words import reason_text, shown_reasons
from digest.subscriptions import Question, Wish
from digest.web.site import Site, field, read_form
from digest.wording import wording

_KINDS = (AnswerKind.MORE, AnswerKind.LESS, AnswerKind.SAVE)
_MUTES = {"mute_author": InterestKind.AUTHOR, "mute_word": InterestKind.PHRASE}
_AUTHORS = 12


async def feedback_page(request: Request) -> Response:
    """Show the paper and the buttons; the one that the link names comes first."""
    site, question = await _question(request)
    if question is None:
        return await site.nowhere(request)
    return await _page(request, site, question)


async def feedback(request: Request) -> Response:
    """Note an answer, take it back, or mute an author or a word."""
    site, question = await _question(request)
    if question is None:
        return await site.nowhere(request)
    form = await read_form(request)
    words = wording(question.person.profile.language)
    said, problem = field(form, "answer", 20), ""
    if said in _KINDS:
        await asyncio.to_thread(site.readers.answer, question, AnswerKind(said), site.clock())
    elif said == "forget":
        number = question.paper.paper_id
        await asyncio.to_thread(site.readers.forget, question.person, number)
    elif said in _MUTES:
        value = field(form, "value", 200)
        try:
            await asyncio.to_thread(site.readers.mute, question.person, _MUTES[said], value)
        except UsageError:
            problem = words.gettext("Say which word or author is to be muted.")
    elif said in list(Wish):
        if not await _tuned(site, question, Wish(said), field(form, "why", 2)):
            problem = words.gettext("This is not in your profile any more.")
    else:
        return await _page(request, site, question)
    _, question = await _question(request)
    assert question is not None
    done = "" if problem else words.gettext("Noted. It counts from your next digest on.")
    return await _page(request, site, question, done, problem)


async def _tuned(site: Site, question: Question, wish: Wish, why: str) -> bool:
    """Give more, less or none of what one of the reasons names; tell whether that was done."""
    reasons = dict(enumerate(shown_reasons(question.reasons)))
    reason = reasons.get(int(why) if why.isdecimal() else -1)
    if reason is None:
        return False
    return await asyncio.to_thread(site.readers.tune, question, reason, wish)


async def _question(request: Request) -> tuple[Site, Question | None]:
    site: Site = request.app.state.site
    token = request.path_params["token"]
    return site, await asyncio.to_thread(site.readers.asked, token, site.clock())


async def _page(
    request: Request, site: Site, question: Question, done: str = "", problem: str = ""
) -> Response:
    asked, why = (request.query_params.get(name, "") for name in ("answer", "why"))
    language = question.person.profile.language
    reasons = [reason_text(reason, language) for reason in shown_reasons(question.reasons)]
    return await site.page(
        "feedback",
        language,
        422 if problem else 200,
        token=request.path_params["token"],
        paper=question.paper,
        given={kind.value for kind in question.given},
        reasons=reasons,
        why=int(why) if why.isdecimal() and len(why) < 3 and int(why) < len(reasons) else None,
        chosen=asked if asked in _KINDS else "more",
        authors=question.paper.authors[:_AUTHORS],
        mutes=[i.value for i in question.person.profile.muted],
        manage=site.linker.manage(question.person),
        done=done,
        problem=problem,
    )
