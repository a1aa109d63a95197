"""Text of feeds and strangers that tries to run in a browser stays text, on pages and in mails."""

from browser.conftest import visiting

from digest.merging import assemble, place
from digest.models import Entry, Interest, InterestKind, Profile, SubscriberState

HOSTILE = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "<a href='jAvAsCrIpT:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<style>@import '//evil.example/x.css'</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<form action=//evil.example/><button>x</button>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "<!--><img src=x onerror=alert(1)>-->",
    "\u202e\u2028<b onclick=alert(1)>x</b>",
    "<details open ontoggle=alert(1)>",
    "<object data='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
)
WORDS = ("ice", "sound", "wave", "depth", "stream", "lake", "crack", "melt", "sensor", "winter")
# What a page of ours never holds: handlers, foreign elements, and links that run.
LIVE = """() => [...document.querySelectorAll('*')].flatMap(element => [
  ...[...element.attributes].filter(a => a.name.startsWith('on') || a.name === 'srcdoc'
    || /^\\s*javascript:/i.test(a.value) && ['href', 'src', 'action'].includes(a.name)),
  ...(element.matches('iframe,object,embed,base,math,svg:not(.chart),img,meta[http-equiv=refresh]') ? [1] : []),
  ...(element.matches('script:not([src^="/static/"])') ? [2] : []),
].map(() => element.outerHTML.slice(0, 200)))"""


def hostile_house(living) -> None:
    """Give the house hostile papers, and a reader all of whose words are hostile."""
    entries = [
        Entry(
            source="arxiv",
            external_id=f"2611.{number:05}",
            arxiv_id=f"2611.{number:05}",
            title=f"Mount{chr(97 + number)} valley{chr(97 + number)} {text}",
            abstract=f"{text} " + " ".join(f"{word}{chr(97 + number)}" for word in WORDS),
            authors=(f"Ada {text}", text),
            categories=("cs.LG", text[:20]),
            url=text,
            code_url=f"javascript:alert('{number}')",
        )
        for number, text in enumerate(HOSTILE, 1)
    ]
    living.store.papers.save(assemble(place(entries, []), [], living.now), seen_at=living.now)
    kinds = (InterestKind.PHRASE, InterestKind.AUTHOR, InterestKind.TEXT, InterestKind.EXAMPLE)
    interests = [Interest(kind, text) for text in HOSTILE for kind in kinds]
    interests += [Interest(InterestKind.CATEGORY, text[:20]) for text in HOSTILE]
    interests += [Interest(InterestKind.CATEGORY, "cs.LG")]
    interests += [Interest(InterestKind.AUTHOR, f"{text} Zyzz", muted=True) for text in HOSTILE]
    profile = Profile(tuple(interests), papers=len(HOSTILE), name="".join(HOSTILE)[:200])
    living.store.people.add("ada@example.org", profile, SubscriberState.ACTIVE, living.now)
    for _ in range(3):  # what is much alike does not come on one day
        living.publish()
        living.move(days=1)


def test_no_hostile_text_runs_on_any_page_or_in_a_mail(chromium, living, tmp_path) -> None:
    hostile_house(living)
    person, linker = living.person(), living.app.linker
    dates = living.store.editions.dates(person.subscriber_id)
    editions = living.store.editions.by_ids(dates.values())
    sent = {s.paper.paper_id: number for number, e in editions.items() for s in e.papers}
    assert len(sent) == len(HOSTILE)
    answers = [linker.answer(person, number, paper) for paper, number in sent.items()]
    archive = linker.archive(person)
    pages = [linker.manage(person), archive, *answers[:6], *(f"{archive}/{day}" for day in dates)]
    with visiting(chromium) as visit:
        for link in pages:
            page = visit.open(link)
            assert page.evaluate(LIVE) == []
            assert "evil.example" not in str(visit.asked)
        answered_and_filled_in(visit, living, answers[0], tmp_path)
        assert {url.split("/")[2] for url in visit.asked} == {living.base.split("/")[2]}
    with visiting(chromium) as visit:  # a mail program has no policy
        for mail in living.editions():
            visit.page.set_content(mail.get_body(("html",)).get_content())
            assert visit.page.evaluate(LIVE) == []
        assert visit.asked == set()


def answered_and_filled_in(visit, living, answer, folder) -> None:
    """Send the hostile text ourselves: as answers, in every field, and as a file."""
    page = visit.open(answer)
    page.get_by_label("Never a word again").fill(HOSTILE[0])
    visit.press("Mute")
    assert page.evaluate(LIVE) == []
    page = visit.open(living.base)
    for each in page.locator("details").all():
        each.evaluate("element => element.open = true")
    for each in page.locator("textarea").all():
        each.fill("\n".join(HOSTILE))
    page.get_by_label("Find a paper").fill(HOSTILE[0])
    items = (
        f"@article{{k{n}, title={{{text}}}, author={{{text}}}}}" for n, text in enumerate(HOSTILE)
    )
    (folder / "<img src=x onerror=alert(1)>.bib").write_text("\n".join(items))
    page.get_by_label("Or a file with papers").set_input_files(
        folder / "<img src=x onerror=alert(1)>.bib"
    )
    with page.expect_response("**/preview"):  # it follows what is typed
        page.get_by_label("A name for it").fill(HOSTILE[2])
    assert page.evaluate(LIVE) == []
    visit.press("Preview")
    assert page.get_by_text("known here").is_visible()
    assert page.evaluate(LIVE) == []
    page.get_by_label("Your mail address").fill("new@example.org")
    visit.press("Subscribe")
    assert page.evaluate(LIVE) == []
