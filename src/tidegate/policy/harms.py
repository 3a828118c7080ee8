"""The harm areas: the words in which policies, signals and figures speak of harm.

One place defines them. `key` is the short name in signals (`text.hate`), `policy` the id of the starter
policy that covers the area.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HarmArea:
    key: str
    policy: str
    title: str
    title_zh: str


HARM_AREAS = (
    HarmArea("extremism", "violent-extremism", "Violent extremism", "暴力极端主义"),
    HarmArea("hate", "hateful-behaviour", "Hateful behaviour", "仇恨行为"),
    HarmArea("harassment", "harassment-bullying", "Harassment and bullying", "骚扰与欺凌"),
    HarmArea("self_harm", "suicide-self-harm", "Suicide and self-harm", "自杀与自残"),
    HarmArea("exploitation", "human-exploitation", "Human exploitation and trafficking", "人口剥削与贩运"),
    HarmArea("child_safety", "child-safety", "Child safety", "儿童安全"),
    HarmArea("sexual", "sexual-content", "Sexual content", "色情内容"),
    HarmArea("violence", "graphic-violence", "Violence and graphic content", "暴力与血腥内容"),
    HarmArea("animal_abuse", "animal-abuse", "Animal abuse", "虐待动物"),
)

HARM_KEYS = tuple(area.key for area in HARM_AREAS)
BY_KEY = {area.key: area for area in HARM_AREAS}
