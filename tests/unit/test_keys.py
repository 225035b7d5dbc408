"""Keys: every key of a queue in one slot, no two the same, and channels that lead back to their queue."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleo_core.keys
from cleo_core import InvalidName
from cleo_core.access.lua_calls import calls_of, covers
from cleo_core.access.rules import KEYS_OF_SCRIPTS
from cleo_core.keys import Keys
from cleo_core.scripts.loading import load, script_names

NAMES = st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="{}"), min_size=1, max_size=12)


def _tag(key: str) -> str:
    """What Redis Cluster hashes of a key."""
    return key[key.index("{") + 1 : key.index("}")]


@given(namespace=NAMES, queue=NAMES, other=NAMES)
def test_all_keys_of_a_queue_hash_to_its_name(namespace: str, queue: str, other: str) -> None:
    keys = Keys(namespace).of_queue(queue)
    made = [
        keys.queue, keys.wake, keys.events, keys.history, keys.audit, keys.task(other), keys.group_history(other),
        keys.worker_history(other), keys.minute(7), keys.histories, keys.error(other), keys.times(7, "g"),
        keys.done_channel(other),
    ]  # fmt: skip
    assert {_tag(key) for key in made} == {queue}
    assert len(set(made)) == len(made)


@given(namespace=NAMES, queue=NAMES)
def test_the_channel_of_events_leads_back_to_its_queue(namespace: str, queue: str) -> None:
    keys = Keys(namespace)
    assert keys.queue_of_channel(keys.of_queue(queue).events) == queue


@given(one=st.tuples(NAMES, NAMES), other=st.tuples(NAMES, NAMES))
def test_no_two_queues_share_a_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (Keys(namespace).of_queue(queue).queue for namespace, queue in (one, other))
    assert (first == second) == (one == other)


@pytest.mark.parametrize("namespace", ["cleo", "a*b", "a?b", "a[b]", "a^b-c", "a\\b", "a:b"])
def test_the_pattern_of_events_matches_this_namespace_alone(namespace: str) -> None:
    pattern = Keys(namespace).events_pattern
    plain = pattern.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    assert plain == f"{namespace}:{{*}}:events"
    if namespace.isalnum():
        assert fnmatchcase("cleo:{emails}:events", pattern)
        assert not fnmatchcase("other:{emails}:events", pattern)


def test_registries_are_in_no_queue() -> None:
    keys = Keys("cleo")
    for key in (keys.queues, keys.workers, keys.worker("w"), keys.control_channel("w")):
        assert key.startswith("cleo:")
        assert "{" not in key


@pytest.mark.parametrize("namespace", ["", "a{b", "a\nb", "x" * 201])
def test_a_namespace_that_can_not_be_part_of_a_key_is_refused(namespace: str) -> None:
    with pytest.raises(InvalidName, match="namespace"):
        Keys(namespace)


def _listed() -> set[str]:
    """The keys of a queue in the table, as patterns."""
    return {re.sub(r"<[^>]*>", "*", key) for key in re.findall(r"``Q ([^`]+)``", cleo_core.keys.__doc__ or "")}


@pytest.mark.parametrize("name", script_names())
def test_every_key_that_a_script_writes_is_in_the_table(name: str) -> None:
    if name in KEYS_OF_SCRIPTS or load(name).read_only:
        return
    # What clears and drops histories goes through their names.
    used = {key for call in calls_of(name) for key in call.keys} - {"history*", "history:*"}
    assert {key for key in used if not any(covers(listed, key) for listed in _listed())} == set()


def test_every_key_in_the_table_is_used_by_a_script() -> None:
    used = {key for name in script_names() for call in calls_of(name) for key in (*call.keys, *call.channels)}
    assert {listed for listed in _listed() if not any(covers(listed, key) for key in used - {"*"})} <= {"done:*"}
