"""Elements of a page, whose every text is inert: what an account or a file says can only ever be text there."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from koding_audit.io.text import escape


def element(tag: str, *inside: Element | str | None, **attributes: str) -> Element:
    """An element with texts and elements inside, in that order; None stands for nothing.

    attributes: as HTML spells them; `class_` is class, and an underscore within a name is a hyphen. One that is "" is
    there without a value.
    """
    made = Element(tag, {_attribute_name(name): escape(value) for name, value in attributes.items()})
    for each in inside:
        if isinstance(each, str):
            _append_text(made, each)
        elif each is not None:
            made.append(each)
    return made


def _append_text(parent: Element, text: str) -> None:
    """Add a text behind whatever is inside already."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + escape(text)
    else:
        parent.text = (parent.text or "") + escape(text)


def _attribute_name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
