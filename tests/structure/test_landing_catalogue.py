from containment.verification import landing


def test_every_landing_benchmark_is_within_its_tolerance():
    items = list(landing.items())
    assert len(items) > 20
    assert not [item for item in items if not item.ok]
