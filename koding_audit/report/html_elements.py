"""HTML elements; all text is escaped, so a value from an account or a file cannot become markup or script."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from koding_audit.io.text import escape


def element(tag: str, *inside: Element | str | None, **attributes: str) -> Element:
    """Returns an element.

    inside: texts and elements, in this order; None is skipped
    attributes: as in HTML; `class_` is `class`, and an underscore within a name is a hyphen; "" gives an attribute
        without a value
    """
    parent = Element(tag, {_attribute_name(name): escape(value) for name, value in attributes.items()})
    for each in inside:
        if isinstance(each, str):
            _append_text(parent, each)
        elif each is not None:
            parent.append(each)
    return parent


def _append_text(parent: Element, text: str) -> None:
    """Appends a text after the children of an element."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + escape(text)
    else:
        parent.text = (parent.text or "") + escape(text)


def _attribute_name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
