"""Write plans into an array that stands in one value, ``panes = [{…}, {…}]``: items that stay keep their text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tomlkit
from tomlkit.items import Array, InlineTable

from .plan import Fields, Kind, Place, Plan
from .values import written


def rewrite_line(line: str, kind: Kind, plans: Sequence[Plan], parent: Place = ()) -> str:
    """
    Write tables into the line of an array.

    Args:
        line: The line of the array's key, or the lines where it takes several.
        kind: Of the tables.
        plans: All tables that are to be there, in order.
        parent: The place of the table that the line is in.

    """
    document = tomlkit.parse(line)
    (key,) = document
    found = document[key]
    if isinstance(found, Array):
        _rewrite(found, kind, plans, parent)
    else:
        document[key] = _array(kind, plans)
    return tomlkit.dumps(document)


def _rewrite(array: Array, kind: Kind, plans: Sequence[Plan], parent: Place) -> None:
    items = [_item(array, kind, plan, parent) for plan in plans]
    if [plan.old for plan in plans] == [(*parent, at) for at in range(len(array))]:
        for at, item in enumerate(items):
            if item is not array[at]:
                array[at] = item
        return
    for at in reversed(range(len(array))):
        if all(array[at] is not item for item in items):
            del array[at]
    _reorder(array, items)


def _reorder(array: Array, items: list[Any]) -> None:
    """Bring what is left into order, item by item."""
    for at, item in enumerate(items):
        if at < len(array) and array[at] is item:
            continue
        for later in range(at, len(array)):
            if array[later] is item:
                del array[later]
                break
        array.insert(at, item)


def _item(array: Array, kind: Kind, plan: Plan, parent: Place) -> Any:
    old = plan.old
    item = array[old[-1]] if old is not None and old[:-1] == parent else None
    if item is None or (not isinstance(item, InlineTable) and (plan.changes or plan.inner)):
        return _table(kind, plan)
    if isinstance(item, InlineTable):
        _change(item, kind, plan)
    return item


def _change(table: InlineTable, kind: Kind, plan: Plan) -> None:
    for key, value in plan.changes.items():
        if value is not None:
            table[key] = _value(written(value))
        elif key in table:
            del table[key]
    if kind.inner is None:
        return
    inner = table.get(kind.inner.name)
    if isinstance(inner, Array):
        _rewrite(inner, kind.inner, plan.inner, plan.old or ())
    elif plan.inner:
        table[kind.inner.name] = _array(kind.inner, plan.inner)


def _table(kind: Kind, plan: Plan) -> Any:
    return _value(_text(kind, plan))


def _array(kind: Kind, plans: Sequence[Plan]) -> Any:
    return _value(f"[{', '.join(_text(kind, plan) for plan in plans)}]")


def _text(kind: Kind, plan: Plan) -> str:
    parts = [f"{key} = {written(value)}" for key, value in _ordered(kind, plan.fields).items()]
    if kind.inner is not None:
        parts.append(f"{kind.inner.name} = [{', '.join(_text(kind.inner, each) for each in plan.inner)}]")
    return f"{{ {', '.join(parts)} }}" if parts else "{}"


def _ordered(kind: Kind, fields: Fields) -> Fields:
    return {key: fields[key] for key in kind.order if key in fields}


def _value(text: str) -> Any:
    return tomlkit.parse(f"value = {text}\n")["value"]
