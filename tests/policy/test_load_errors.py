"""What a person reads when a policy is not whole: exact messages, each with place and remedy."""

from __future__ import annotations

import pytest

from tidegate.errors import PolicyError
from tidegate.policy.load import load_policies, load_policy
from tidegate.policy.problems import PoliciesError

HARMS = "extremism, hate, harassment, self_harm, exploitation, child_safety, sexual, violence, animal_abuse"
LADDER = "allow, inform, label, age_restrict, limit_reach, review, remove"

EDITS = {
    "missing title": (
        "title:\n  en: Loud music\n  zh: 大声放音乐\n",
        "",
        "loud-music.md:1, field 'title': the field 'title' is missing\n"
        "  → Write 'title:' with one indented line per language, such as 'en: Animal abuse'.",
    ),
    "title in one language": (
        "  zh: 大声放音乐\n",
        "",
        "loud-music.md:3, field 'title.zh': 'title' has no text in 'zh'\n"
        "  → Add an indented line 'zh: …' under 'title:'.",
    ),
    "title without languages": (
        "title:\n  en: Loud music\n  zh: 大声放音乐\n",
        "title: Loud music\n",
        "loud-music.md:3, field 'title': 'title' needs one text per language\n"
        "  → Write 'title:' with one indented line per language, such as 'en: Animal abuse'.",
    ),
    "title in a stray language": (
        "  zh: 大声放音乐\n",
        "  zh: 大声放音乐\n  zhh: 大声\n",
        "loud-music.md:6, field 'title.zhh': unknown language 'zhh' in 'title'\n"
        "  → Did you mean 'zh'? Languages are en, zh.",
    ),
    "empty title": (
        "  zh: 大声放音乐\n",
        "  zh:\n",
        "loud-music.md:5, field 'title.zh': 'title.zh' is not a text\n"
        "  → Write 'title:' with one indented line per language, such as 'en: Animal abuse'.",
    ),
    "unknown harm": (
        "harm: harassment",
        "harm: harrassment",
        "loud-music.md:6, field 'harm': unknown harm 'harrassment'\n"
        f"  → Did you mean 'harassment'? Write one of {HARMS}.",
    ),
    "a harm of one's own": (
        "harm: harassment",
        "harm: fraud",
        "loud-music.md:6, field 'harm': unknown harm 'fraud'\n"
        f"  → Write one of {HARMS}. For a harm that is none of these write the one that is nearest: a judge "
        "goes by the policy's own words, whatever stands here.",
    ),
    "unknown severity": (
        "severity: low",
        "severity: lowish",
        "loud-music.md:7, field 'severity': unknown severity 'lowish'\n"
        "  → Did you mean 'low'? Write one of low, medium, high, critical.",
    ),
    "severity as a list": (
        "severity: low",
        "severity: [low]",
        "loud-music.md:7, field 'severity': 'severity' must be one text\n"
        "  → Write 'severity:' and one of low, medium, high, critical.",
    ),
    "unknown action": (
        "actions: [remove, allow, label]",
        "actions: [remove, labels]",
        "loud-music.md:8, field 'actions': unknown action 'labels'\n"
        f"  → Did you mean 'label'? The ladder has {LADDER}; tidegate.toml can add steps.",
    ),
    "action twice": (
        "actions: [remove, allow, label]",
        "actions: [allow, allow]",
        "loud-music.md:8, field 'actions': 'allow' is given twice\n  → Keep one.",
    ),
    "no actions": (
        "actions: [remove, allow, label]",
        "actions: []",
        "loud-music.md:8, field 'actions': 'actions' is empty\n"
        "  → Write 'actions: [allow, review, remove]' with the steps that this policy may use.",
    ),
    "actions as a text": (
        "actions: [remove, allow, label]",
        "actions: allow",
        "loud-music.md:8, field 'actions': 'actions' must be a list\n"
        "  → Write 'actions: [allow, review, remove]' with the steps that this policy may use.",
    ),
    "language that is none": (
        "languages: [en, zh]",
        "languages: [en, zh, Chinese!]",
        "loud-music.md:9, field 'languages': 'Chinese!' is not a language tag\n"
        "  → Write a BCP 47 tag such as en, zh or pt-BR.",
    ),
    "escalation that is no name": (
        "escalation: none",
        "escalation: Call Bob",
        "loud-music.md:10, field 'escalation': 'Call Bob' cannot name an escalation path\n"
        "  → Write 'escalation: none', or the name of a path such as imminent-harm.",
    ),
    "legal entry that is no text": (
        '  - "House rules: quiet from ten."',
        "  - House rules: quiet from ten.",
        "loud-music.md:12, field 'legal': this is nested too deeply\n  → Write one text here, in quotes.\n"
        "loud-music.md:12, field 'legal': an entry of 'legal' is not a text\n  → Put the text in quotes.",
    ),
    "unknown field": (
        "severity: low",
        "severity: low\nseverty: low",
        "loud-music.md:8, field 'severty': unknown field 'severty'\n"
        "  → Did you mean 'severity'? Fields are id, title, harm, severity, actions, languages, escalation, "
        "legal, help.",
    ),
    "field twice": (
        "severity: low",
        "severity: low\nseverity: high",
        "loud-music.md:8, field 'severity': 'severity' is given twice\n  → Keep one; the first is on line 7.",
    ),
    "id of another file": (
        "id: loud-music",
        "id: loud-musik",
        "loud-music.md:2, field 'id': the id 'loud-musik' is not the name of the file\n"
        "  → Write 'id: loud-music', or call the file loud-musik.md.",
    ),
    "id with capitals": (
        "id: loud-music",
        "id: Loud_Music",
        "loud-music.md:2, field 'id': 'Loud_Music' cannot be an id\n"
        "  → Use lower-case letters and digits in words joined by hyphens, such as animal-abuse.",
    ),
    "bad YAML": (
        "severity: low",
        "severity: 'low",
        "loud-music.md:7: the front matter is not valid YAML: found unexpected end of stream\n"
        "  → Put text that holds a colon or begins with a sign in quotes, and indent with spaces.",
    ),
    "no front matter": (
        "---\nid: loud-music",
        "id: loud-music",
        "loud-music.md:1: there is no front matter\n"
        "  → Begin the file with a line '---', the fields from id to help, and another line '---'.",
    ),
    "empty section": (
        "Listen first.",
        "",
        "loud-music.md:40, field 'For reviewers': the section 'For reviewers (en)' is empty\n"
        "  → Write it: reviewers and models decide by these words.",
    ),
    "missing section in zh": (
        "## Scope (zh)\n邻居听得见的音乐。\n",
        "",
        "loud-music.md, field 'Scope': the section 'Scope' is missing in 'zh'\n"
        "  → Add the heading '## Scope (zh)' and its text.",
    ),
    "section twice": (
        "## Scope (zh)",
        "## Scope",
        "loud-music.md, field 'Scope': the section 'Scope' is missing in 'zh'\n"
        "  → Add the heading '## Scope (zh)' and its text.\n"
        "loud-music.md:18, field 'Scope': the section 'Scope (en)' is given twice\n"
        "  → Join it to the one on line 15.",
    ),
    "unknown section": (
        "## For reviewers\n",
        "## For viewers\nLook.\n\n## For reviewers\n",
        "loud-music.md:40, field 'For viewers': unknown section 'For viewers'\n"
        "  → Did you mean 'For reviewers'? Sections are Scope, Violates, Does not violate, Borderline, "
        "For reviewers.",
    ),
    "section in a stray language": (
        "## For reviewers\n",
        "## Scope (fr)\nDe la musique.\n\n## For reviewers\n",
        "loud-music.md:40, field 'Scope': the section 'Scope' is in the unknown language 'fr'\n"
        "  → Languages are en, zh.",
    ),
    "text outside sections": (
        "## Scope\n",
        "Hello.\n\n## Scope\n",
        "loud-music.md:15: text stands outside any section\n  → Put it under a heading such as '## Scope'.",
    ),
    "clause without an id": (
        "- **N1 By day.** Music at noon.",
        "- **N1 By day.** Music at noon.\n- Music at one.",
        "loud-music.md:30, field 'Does not violate': this is not a clause of 'Does not violate (en)'\n"
        "  → Write '- **N1 Short title.** What it covers.', going on over lines if need be.",
    ),
    "clause without a text": (
        "- **N1 By day.** Music at noon.",
        "- **N1 By day.**",
        "loud-music.md:29, field 'Does not violate': this clause says nothing\n"
        "  → Write '- **N1 Short title.** What it covers.', going on over lines if need be.\n"
        "loud-music.md:32, field 'N1': the clause N1 is missing in 'en'\n"
        "  → Add it to 'Does not violate (en)', or take it out elsewhere.",
    ),
    "heading among clauses": (
        "- **N1 By day.** Music at noon.",
        "- **N1 By day.** Music at noon.\n### Drums",
        "loud-music.md:30, field 'Does not violate': a heading stands among the clauses of "
        "'Does not violate (en)'\n"
        "  → Take it out; sections open with '## Name' and have no parts.",
    ),
    "text before the first clause": (
        "- **N1 By day.** Music at noon.",
        "Such as:\n- **N1 By day.** Music at noon.",
        "loud-music.md:29, field 'Does not violate': text stands before the first clause of "
        "'Does not violate (en)'\n"
        "  → Write '- **N1 Short title.** What it covers.', going on over lines if need be.",
    ),
    "clause of another section": (
        "- **B1 New Year.** Turns on the date.",
        "- **B1 New Year.** Turns on the date.\n- **V2 Drums.** By day.",
        "loud-music.md:36, field 'V2': the clause V2 cannot stand in 'Borderline (en)'\n"
        "  → Ids here begin with B, such as B1.",
    ),
    "clause twice": (
        "- **B1 New Year.** Turns on the date.",
        "- **B1 New Year.** Turns on the date.\n- **B1 Drums.** By day.",
        "loud-music.md:36, field 'B1': the clause B1 is given twice in 'Borderline (en)'\n"
        "  → Number it anew; the first is on line 35.",
    ),
    "clause missing in zh": (
        "- **B1 New Year.** Turns on the date.",
        "- **B1 New Year.** Turns on the date.\n- **B2 Drums.** By day.",
        "loud-music.md:36, field 'B2': the clause B2 is missing in 'zh'\n"
        "  → Add it to 'Borderline (zh)', or take it out elsewhere.",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), EDITS.values(), ids=EDITS)
def test_a_broken_policy_is_answered_with_place_and_remedy(folder, old, new, message):
    folder.edit(old, new)

    with pytest.raises(PolicyError) as error:
        load_policy(folder.policy)

    assert folder.message(error.value) == message


def test_invalid_utf_8_is_answered_with_its_line(folder):
    raw = folder.policy.read_bytes()
    folder.policy.write_bytes(raw.replace(b"Listen first.", b"Listen f\xffrst."))

    with pytest.raises(PolicyError) as error:
        load_policy(folder.policy)

    assert folder.message(error.value) == (
        "loud-music.md:41: this line is not valid UTF-8\n  → Save the file as UTF-8."
    )


@pytest.mark.parametrize("front", ["", "{}", "- id", "loud-music"])
def test_front_matter_without_fields_is_answered(folder, front):
    folder.policy.write_text(f"---\n{front}\n---\n## Scope\nMusic.\n", encoding="utf-8")

    with pytest.raises(PolicyError) as error:
        load_policy(folder.policy)

    assert folder.message(error.value) == (
        "loud-music.md:2: the front matter holds no fields\n"
        "  → Write it as 'key: value' lines, beginning with id."
    )


def test_a_field_name_that_is_no_text_is_answered(folder):
    folder.edit("severity: low", "severity: low\n[a, b]: c")

    with pytest.raises(PolicyError, match="a field name must be plain text"):
        load_policy(folder.policy)


def test_nested_yaml_without_end_is_answered_and_not_followed(folder):
    folder.edit("severity: low", "severity: " + "[" * 5000)

    with pytest.raises(PolicyError, match="nested too deeply"):
        load_policy(folder.policy)


def test_a_missing_file_is_answered(folder):
    with pytest.raises(PolicyError, match="the file cannot be read: No such file or directory"):
        load_policy(folder.root / "quiet.md")


def test_a_folder_without_policies_is_answered(tmp_path):
    with pytest.raises(PolicyError, match="there are no policies here"):
        load_policies(tmp_path)


def test_every_problem_of_every_file_is_told_at_once_file_by_file(folder):
    folder.edit("harm: harassment", "harm: noise")
    folder.edit("severity: low", "severity: huge")
    folder.edit_case(3, difficulty="tricky")
    (folder.root / "quiet.md").write_text("no front matter\n", encoding="utf-8")
    (folder.root / "golden" / "lost.jsonl").write_text("", encoding="utf-8")

    with pytest.raises(PoliciesError) as error:
        load_policies(folder.root)

    places = [str(problem.where).replace(f"{folder.root}/", "") for problem in error.value.problems]
    assert places == [
        "loud-music.md:6, field 'harm'",
        "loud-music.md:7, field 'severity'",
        "golden/loud-music.jsonl:3, field 'difficulty'",
        "quiet.md:1",
        "golden/quiet.jsonl",
        "golden/lost.jsonl",
    ]
    assert str(error.value).count("→") == len(places)
