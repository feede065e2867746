"""The benchmark catalogue behind `containment verify`: one module per topic, each with `items()`."""
