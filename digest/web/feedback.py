"""Answers on a paper: the link in a mail opens a page, and only its button acts."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from digest.errors import UsageError
from digest.models import AnswerKind, InterestKind
from digest.subscriptions import Question
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
    else:
        return await _page(request, site, question)
    _, question = await _question(request)
    assert question is not None
    done = "" if problem else words.gettext("Noted. It counts from your next digest on.")
    return await _page(request, site, question, done, problem)


async def _question(request: Request) -> tuple[Site, Question | None]:
    site: Site = request.app.state.site
    token = request.path_params["token"]
    return site, await asyncio.to_thread(site.readers.asked, token, site.clock())


async def _page(
    request: Request, site: Site, question: Question, done: str = "", problem: str = ""
) -> Response:
    asked = request.query_params.get("answer", "")
    return await site.page(
        "feedback",
        question.person.profile.language,
        422 if problem else 200,
        token=request.path_params["token"],
        paper=question.paper,
        given={kind.value for kind in question.given},
        chosen=asked if asked in _KINDS else "more",
        authors=question.paper.authors[:_AUTHORS],
        mutes=[i.value for i in question.person.profile.muted],
        manage=site.linker.manage(question.person),
        done=done,
        problem=problem,
    )
