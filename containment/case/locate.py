"""Where each key of a TOML file stands: the map from key path to line and column that tomllib does not give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

Path = tuple[str | int, ...]
Place = tuple[int, int]


def locate(source: bytes) -> dict[Path, Place]:
    """Line and column (from 1) of every key in a valid TOML text, by key path; array tables count from 0."""
    import tree_sitter_toml
    from tree_sitter import Language, Parser

    tree = Parser(Language(tree_sitter_toml.language())).parse(source)
    places: dict[Path, Place] = {}
    arrays: Counter[Path] = Counter()
    for node in tree.root_node.named_children:
        if node.type == "pair":
            _pair(node, (), places)
        elif node.type in ("table", "table_array_element"):
            header, *rest = [child for child in node.named_children if child.type != "comment"]
            base: Path = _indexed(tuple(_keys(header)), arrays)
            if node.type == "table_array_element":
                arrays[base] += 1
                base = (*base, arrays[base] - 1)
            places.setdefault(base, _place(header))
            for child in rest:
                _pair(child, base, places)
    return places


def _indexed(path: Path, arrays: Counter[Path]) -> Path:
    """`path` with the index of the latest element put in where a parent is an array of tables."""
    done: Path = ()
    for i, key in enumerate(path):
        done = (*done, key)
        if done in arrays and i < len(path) - 1:
            done = (*done, arrays[done] - 1)
    return done


def _pair(node: Node, base: Path, places: dict[Path, Place]) -> None:
    key, value = node.named_children[0], node.named_children[-1]
    path = base
    for name in _keys(key):
        path = (*path, name)
        places.setdefault(path, _place(key))
    _inside(value, path, places)


def _inside(value: Node, path: Path, places: dict[Path, Place]) -> None:
    if value.type == "inline_table":
        for child in value.named_children:
            if child.type == "pair":
                _pair(child, path, places)
    elif value.type == "array":
        items = [child for child in value.named_children if child.type != "comment"]
        for i, item in enumerate(items):
            places[(*path, i)] = _place(item)
            _inside(item, (*path, i), places)


def _keys(node: Node) -> Iterator[str]:
    if node.type == "dotted_key":
        for child in node.named_children:
            yield from _keys(child)
    else:
        text = (node.text or b"").decode()
        yield text[1:-1] if node.type == "quoted_key" else text


def _place(node: Node) -> Place:
    return node.start_point.row + 1, node.start_point.column + 1
