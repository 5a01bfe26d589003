import pytest
from pydantic import ValidationError

from stormlab_models.mixed.parameters import JavaScript, Parameters


def test_a_server_is_all_there_is_by_default() -> None:
    assert not any((Parameters().javascript, Parameters().python, Parameters().modelled))


@pytest.mark.parametrize("keys", [{"count": -1}, {"count": 2_000}, {"code": ""}, {"odd": 1}])
def test_bad_groups_are_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JavaScript.model_validate({"code": "npm:partysocket@1.3.0", **keys})
