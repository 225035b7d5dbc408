"""Each script's head says which role may run it, which is what the access lists are made of."""

from __future__ import annotations

import pytest

from cleo_core.scripts.loading import load, script_names

ROLES = {"viewer", "producer", "worker", "operator", "admin"}


@pytest.mark.parametrize("name", script_names())
def test_a_script_says_which_role_may_run_it(name: str) -> None:
    script = load(name)
    assert script.roles, f"Add a line '-- Role  viewer|producer|worker|operator|admin' to the head of {name}.lua"
    assert set(script.roles) <= ROLES


@pytest.mark.parametrize("name", script_names())
def test_only_scripts_that_read_are_for_viewers(name: str) -> None:
    script = load(name)
    assert script.read_only or "viewer" not in script.roles


@pytest.mark.parametrize("name", script_names())
def test_exactly_the_scripts_of_operators_and_admins_are_audited(name: str) -> None:
    script = load(name)
    # An action that workers do too (a lock, a registry) is not an operator's decision.
    changes_by_hand = set(script.roles) <= {"operator", "admin"}
    assert (
        "\naudit(" in script.text or " audit(" in script.text.replace("local function audit(", "")
    ) == changes_by_hand
