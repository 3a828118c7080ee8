"""How an item is set apart from the instructions around it, by its form and not only by asking.

The marks are made from a keyed hash of the item, so that no item can contain its own. What a server or a
model might read as the end of the item, of the message or of a turn is taken apart by a blank: control
tokens, marks that look like ours, words that open a turn. What cannot be seen is taken out first, since it
hides all of these.
"""

from __future__ import annotations

import hashlib
import re

CONTROL = re.compile(
    r"[<＜﹤](?=[|｜/]?(?:im_start|im_end|im_sep|s|system|user|assistant|tool|bos|eos|pad|unk|eot|eom|sop|eop"
    r"|start_of_turn|end_of_turn|begin_of_text|end_of_text|start_header_id|end_header_id|endoftext|endofprompt"
    r"|begin▁of▁sentence|end▁of▁sentence|think|tool_call|channel|message|start|end|return|constrain|call"
    r"|extra_id_\d+)\b"
    r"|[|｜])"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|gMASK)\b)"
    r"|<(?=<\s*/?SYS)",
    re.IGNORECASE,
)
"""Where control tokens of the usual chat templates begin."""

OURS = re.compile(r"[\[［](?=[\[［]\s*(?:end\s+of\s+)?(?:item|context)\b)", re.IGNORECASE)
"""Where something begins that looks like our marks."""

TURN = re.compile(
    r"(?:^[ \t>*_#-]*(?:system|developer|user|assistant|human|model|tool|bot|ai)[*_]*(?=[:：]))"
    r"|(?:#(?=#+[ \t]*(?:instruction|response|input|system|human|assistant|user)\b))",
    re.IGNORECASE | re.MULTILINE,
)
"""Words that open a turn where a chat template has no tokens for it: `USER:`, `### Response`."""

LINES = re.compile(r"\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
    # Joiners spell Persian, Indic and emoji, never ASCII; one selector belongs to a sign, a row of them hides
    # bytes.
    "|(?<=[\x00-\x7f\uff00-\uffef▁])[\u200c\u200d]+|[\u200c\u200d]+(?=[\x00-\x7f\uff00-\uffef▁])"
    "|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+"
)
"""What nobody sees and a model reads: control and direction signs, tags, fillers, idle joiners."""

MARK_DIGITS = 16


def defused(text: str) -> str:
    """The text as it is shown: nothing unseen; control tokens, turns and marks taken apart (`<|im_end|>`
    becomes `< |im_end|>`). Idempotent."""
    while (harmless := _once(text)) != text:
        text = harmless
    return text


def _once(text: str) -> str:
    text = UNSEEN.sub("", LINES.sub("\n", text))
    for pattern in (CONTROL, OURS, TURN):
        text = pattern.sub(lambda found: found.group() + " ", text)
    return text


def marks(text: str, salt: str, what: str = "item") -> tuple[str, str]:
    """The lines before and after an item: the same for the same text, and not to be found in it."""
    digits = hashlib.blake2b(text.encode("utf-8", "replace"), key=salt.encode()[:64]).hexdigest()[
        :MARK_DIGITS
    ]
    return f"[[{what} {digits}]]", f"[[end of {what} {digits}]]"
