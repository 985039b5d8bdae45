"""YAML text as plain values, or one sentence why not."""

from __future__ import annotations

from typing import Any

import yaml

from ..errors import UserError
from ..incoming import TOO_DEEP, usable
from ..limits import YAML_MB, YAML_VALUES


def parse_yaml(text: str, origin: str) -> Any:
    """The content of YAML text, which makes no objects but plain ones.

    Raises UserError, which names `origin`, for what is no YAML, for too much of it, aliases that
    repeat included, and for values that nothing holds (see `usable`).
    """
    YAML_MB.check(len(text) / 1e6, f"{origin} has")
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        YAML_VALUES.check(_values_of(node, {}), f"{origin} has")
        return usable(loader.construct_document(node), origin)
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
        raise UserError(
            f"{origin} is not valid YAML ({error.problem or error.context}{line}); correct it."
        ) from error
    except yaml.reader.ReaderError as error:
        raise UserError(
            f"{origin} holds the character {chr(error.character)!r} at position {error.position}, "
            "which YAML does not allow; take it out."
        ) from error
    except RecursionError:
        raise UserError(f"{origin} {TOO_DEEP}.") from None
    except UserError:
        raise
    except (ValueError, ArithmeticError, AttributeError, LookupError, TypeError) as error:
        # What PyYAML raises for dates such as 2026-13-45 and for numbers that are none.
        why = error if isinstance(error, ValueError) else "a date or number was expected"
        raise UserError(f"{origin} holds a value that there is not ({why}); correct it.") from error
    finally:
        if loader is not None:
            loader.dispose()


def _values_of(node: yaml.Node, known: dict[int, float]) -> float:
    """How many values a node stands for, each as often as aliases repeat it."""
    if id(node) in known:
        return known[id(node)]
    # A node within itself has no end; counted so, it is beyond every limit.
    known[id(node)] = float("inf")
    children = node.value if isinstance(node.value, list) else []
    total = 1.0
    for child in children:
        parts = child if isinstance(child, tuple) else (child,)
        total += sum(_values_of(part, known) for part in parts)
    known[id(node)] = total
    return total
