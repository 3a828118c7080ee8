"""The pages of care: each does what it says for whoever is signed in, and tells nobody else."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.server.care.conftest import Site, waiting
from tests.server.test_review import somebody
from tests.server.test_walk import shows_second_factor

pytestmark = pytest.mark.usefixtures("everywhere")


def browser(who: Any) -> Any:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.test import Client

    client = Client()
    TOTP.activate(who.person, generate_totp_secret())
    client.force_login(who.person)
    shows_second_factor(client, who.person)
    return client


def page(client: Any, address: str) -> str:
    return str(client.get(address).content.decode())


def test_one_steps_away_and_comes_back_and_logs_know_no_name(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.server.ledger.models import Entry
    from tidegate.server.ops.metrics import text
    from tidegate.server.review.leasing import lease

    waiting(1, 1)
    who = somebody("moderator")
    client = browser(who)
    lease(who)
    entries = Entry.objects.count()
    caplog.set_level(logging.INFO, logger="tidegate.requests")  # by `setLevel`, which forgets what was cached
    monkeypatch.setattr(logging.getLogger("tidegate"), "propagate", True)
    caplog.clear()
    told = client.post("/care/away", headers={"Accept": "application/json"}).json()
    assert (told["away"], told["why"]) == (True, "away")
    assert client.get("/care/state").json() == told
    assert "Come back" in page(client, "/care/")
    assert client.post("/care/back").url == "/care/"
    assert client.get("/care/state").json()["why"] is None
    assert Entry.objects.count() == entries
    records = [record for record in caplog.records if record.name == "tidegate.requests"]
    assert len(records) >= 5
    for record in records:
        assert (record.route, record.actor) == ("/care/", "nobody")
        assert "away" not in record.getMessage()
    assert b'route="/care/away' not in text()


def test_one_chooses_how_things_are_shown(site: Site) -> None:
    from tidegate.server.care.preferences import chosen, usual

    who = somebody("moderator")
    client = browser(who)
    client.post("/care/showing/", {"violence.blur": "on", "violence.preview": "full", "none.mute": "on"})
    found = chosen(who.person)
    assert (found["violence"].blur, found["violence"].mask, found["violence"].preview) == (
        True,
        False,
        "full",
    )
    assert found[""].mute
    assert found["hate"] != usual("hate")  # everything is sent, so what is not ticked is off
    assert "Saved." in page(client, "/care/showing/")


def test_one_opts_out_and_in_again(site: Site) -> None:
    from tidegate.server.care.opting_out import opted_out

    who = somebody("moderator")
    client = browser(who)
    client.post("/care/areas/", {"area": ["hate", "violence"]})
    assert opted_out(who.person) == {"hate", "violence"}
    assert 'value="hate" checked' in page(client, "/care/areas/")
    client.post("/care/areas/", {"area": ["boredom"]})
    assert "there is no harm area" in page(client, "/care/areas/")
    client.post("/care/areas/", {})
    assert opted_out(who.person) == set()


def test_ones_exposure_is_told_of_days_that_are_over_and_today_only_about(site: Site) -> None:
    from datetime import timedelta

    from django.db.models import F

    from tidegate.server.care.models import Exposure
    from tidegate.server.review.leasing import lease

    site(per_hour=80)
    waiting(8, 4, policy="child-safety")
    who = somebody("moderator")
    client = browser(who)
    lease(who)
    today = page(client, "/care/exposure/")
    assert '<td class="number">16</td><td class="number">80</td>' in today  # 12, to a tenth of 80
    assert "There are none yet" in today
    Exposure.objects.filter(person=who.person).update(at=F("at") - timedelta(days=1))
    later = page(client, "/care/exposure/")
    assert "Days with items: 1. Points: 12 in all, 12 on the heaviest day." in later
    assert "Child safety" in later
    assert later.count('<svg aria-hidden="true"') == later.count("As a table") == 2
    assert "Highest: Child safety, 12." in later
    assert "Child safety" not in page(browser(somebody("moderator")), "/care/exposure/")


def test_help_is_shown_in_the_readers_language(site: Site) -> None:
    site('[[care.resources]]\ntitle = {en = "Somebody to talk to", zh-hans = "找人谈谈"}\nurl = "tel:+100"\n')
    client = browser(somebody("moderator"))
    assert '<a href="tel:+100" rel="noreferrer">Somebody to talk to</a>' in page(client, "/care/")
    chinese = client.get("/care/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "找人谈谈" in chinese


def test_a_lead_sets_lower_limits_and_it_is_on_record(site: Site) -> None:
    from tidegate.server.care.models import Limits
    from tidegate.server.ledger.models import Entry

    site(per_hour=100)
    who, foreign = somebody("moderator"), somebody("moderator", zones=("eu",))
    client = browser(somebody("lead"))
    for told, problem in (
        ({"person": who.person.username, "per_hour": "101"}, "a limit for one person"),
        ({"person": who.person.username, "per_hour": "-3"}, "a limit for one person"),
        ({"person": foreign.person.username, "per_hour": "3"}, "there is nobody of this name"),
    ):
        client.post("/care-team/limits", told)
        assert problem in page(client, "/care-team/")
    assert not Limits.objects.filter(person__in=[who.person, foreign.person]).exists()
    client.post("/care-team/limits", {"person": who.person.username, "per_hour": "12"})
    assert Limits.objects.get(person=who.person).per_hour == 12
    (entry,) = Entry.objects.filter(act="care.limits_set", subject=who.person.actor)
    assert '"per_hour":12' in entry.details
    client.post("/care-team/limits", {"person": who.person.username})
    assert not Limits.objects.filter(person=who.person).exists()
    assert browser(somebody("program_manager")).post("/care-team/limits", {}).status_code == 403


def test_the_page_for_leads_shows_nothing_of_anybody(site: Site) -> None:
    """The same page, whatever somebody has seen, chosen, opted out of, or whether they are there."""
    import re

    from tidegate.server.care import opting_out, pauses, preferences, trials
    from tidegate.server.care.models import Trial
    from tidegate.server.review.leasing import lease

    Trial.objects.filter(ended_at=None).delete()
    trials.begin("shown-1", "blur", ["violence"], actor="test")
    waiting(8, 8)
    who = somebody("moderator")
    client = browser(somebody("lead"))

    def shown() -> list[str]:
        addresses = ("/care-team/", "/people/", "/cases/", "/")
        return [re.sub(r'value="[A-Za-z0-9]{64}"', "", page(client, address)) for address in addresses]

    before = shown()
    lease(who)
    pauses.step_away(who.person)
    opting_out.opt_out(who.person, ["hate"])
    preferences.choose(who.person, {"hate": preferences.usual("")})
    trials.take_part(who.person)
    assert shown() == before
    trials.end("shown-1", actor="test")


def test_a_trial_from_its_beginning_to_its_end_by_the_pages(site: Site) -> None:
    from tidegate.server.care.models import Part, Trial

    Trial.objects.filter(ended_at=None).delete()
    site(trial_group=5)
    lead = browser(somebody("lead"))
    lead.post("/care-team/begin", {"name": "pages-1", "setting": "blur", "area": ["violence"]})
    assert "pages-1" in page(lead, "/care-team/")
    people = [somebody("moderator") for _ in range(12)]
    clients = [browser(who) for who in people]
    for who, client in zip(people, clients, strict=True):
        client.post("/care/trials/", {"join": ""})
        client.post("/care/trials/", {"heavy": "1" if Part.objects.get(person=who.person).on else "9"})
    assert 'value="1" checked' in "".join(page(client, "/care/trials/") for client in clients)
    clients[0].post("/care/trials/", {"heavy": "eleven"})
    assert "say it from 0 to 10" in page(clients[0], "/care/trials/")
    assert "Enough people take part" in page(lead, "/care-team/")
    lead.post("/care-team/end", {"name": "pages-1"})
    for_leads = page(lead, "/care-team/")
    assert "-8.00 (" in for_leads
    assert "if each has 5 people at least, and never who took part" in for_leads
    assert "is light goes first" in for_leads
    assert "-8.00 (" in page(clients[3], "/care/trials/")
    assert "less with it on" in page(clients[3], "/care/trials/")
    clients[0].post("/care/trials/", {"leave": ""})
    assert not Part.objects.exists()
