"""How an item is set apart from the instructions around it.

The marks are made from a keyed hash of the item, so that no item can contain its own; control tokens that a
server might read as the end of a message are taken apart.
"""

from __future__ import annotations

import hashlib
import re

CONTROL = re.compile(
    r"<(?=[|｜/]?(?:im_start|im_end|im_sep|s|system|user|assistant|tool|bos|eos|pad|unk|eot|eom"
    r"|start_of_turn|end_of_turn|begin_of_text|end_of_text|start_header_id|end_header_id|endoftext|endofprompt"
    r"|begin▁of▁sentence|end▁of▁sentence|think|tool_call|channel|message|start|end|return|constrain|call)\b"
    r"|[|｜])"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\b)"
    r"|<(?=<\s*/?SYS)",
    re.IGNORECASE,
)
"""Where control tokens of the usual chat templates begin."""

MARK_DIGITS = 16


def defused(text: str) -> str:
    """The text with control tokens taken apart: `<|im_end|>` becomes `< |im_end|>`. Idempotent."""
    return CONTROL.sub(lambda found: found.group() + " ", text)


def marks(text: str, salt: str) -> tuple[str, str]:
    """The lines before and after an item: the same for the same text, and not to be found in it."""
    digits = hashlib.blake2b(text.encode("utf-8", "replace"), key=salt.encode()[:64]).hexdigest()[
        :MARK_DIGITS
    ]
    return f"[[item {digits}]]", f"[[end of item {digits}]]"
