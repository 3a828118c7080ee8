"""What the queues of the demo are like, and where its people find help. Apart from `demo_review`, since it is
written before Django is set up."""

from __future__ import annotations

QUEUES = """
# What the queues of this site are like: see docs/console.md.
[queues.audit]
answers = 2                   # two people answer each audit, so that it shows how well they agree
gold = 0.1                    # a tenth are golds, whose answer is known: how often are people right?

[queues.general]
sla_minutes = 240
assist = 0.8                  # a fifth of the tasks show nothing that the machine found

[queues.child-safety]
sla_minutes = 30

[queues.appeals]
sla_minutes = 1440
"""

CARE = """
# Where people of this site find help: see docs/care.md. Name your own.
[[care.resources]]
title = {en = "Somebody to talk to", zh-hans = "找人谈谈"}
text = {en = "An example: write your own into tidegate.toml.", zh-hans = "示例：请填写您自己的。"}
url = "https://help.example.com/"
"""
