import pytest

from containment.verification import landing


@pytest.mark.parametrize("item", list(landing.items()), ids=lambda item: item.name)
def test_item(item):
    assert item.ok, item
