"""What each role may do on the server, as rules: made from the scripts themselves and from the few commands that are
called without a script.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cleo_core.access.lua_calls import Call, calls_of, covers
from cleo_core.models import Role
from cleo_core.scripts.loading import gate_of, load, script_names

# Whose scripts and commands a role has besides its own. Tasks enqueue tasks, so workers are producers too.
INCLUDES: dict[Role, frozenset[Role]] = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.PRODUCER: frozenset({Role.PRODUCER}),
    Role.WORKER: frozenset({Role.WORKER, Role.PRODUCER}),
    Role.OPERATOR: frozenset({Role.OPERATOR, Role.VIEWER}),
    Role.ADMIN: frozenset(Role),
}
SEES_ALL = frozenset({Role.VIEWER})

READS = frozenset(
    """
    EXISTS GET GETRANGE HEXISTS HGET HGETALL HKEYS HLEN HMGET HSCAN HVALS LINDEX LLEN LRANGE MGET PTTL SCARD SISMEMBER
    SMEMBERS SMISMEMBER SRANDMEMBER SSCAN STRLEN TTL TYPE XINFO XLEN XRANGE XREAD XREVRANGE ZCARD ZCOUNT ZMSCORE
    ZRANDMEMBER ZRANGE ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANK ZSCAN ZSCORE
    """.split()  # noqa: SIM905
)
# What an admin may ask of the server beyond what Cleo's services need: to find out what is wrong with it.
DIAGNOSTICS = frozenset(
    """
    scan type ttl pttl dbsize object memory|usage config|get client|list client|info latency|latest latency|history
    slowlog|get slowlog|len acl|dryrun acl|list acl|log role
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Direct:
    """Commands that are called without a script. ``keys`` and ``channels`` are of the queue, ``of_namespace`` and
    ``shared_channels`` of no queue.
    """

    roles: tuple[Role, ...]
    commands: str
    keys: str = ""
    of_namespace: str = ""
    channels: str = ""
    shared_channels: str = ""


EVERYONE = tuple(Role)
DIRECT = (
    Direct(EVERYONE, "ping info time select acl|whoami eval_ro evalsha_ro"),
    Direct(EVERYONE, "unsubscribe punsubscribe"),
    Direct((Role.VIEWER,), "subscribe psubscribe", channels="events", shared_channels="events"),
    Direct((Role.VIEWER,), "zrange zcard zcount zscore", of_namespace="queues workers signatures"),
    Direct((Role.VIEWER,), "get mget exists hget hscan", of_namespace="worker:* order:* signatures:*"),
    Direct((Role.VIEWER,), "xrange xrevrange xread xlen", of_namespace="audit events"),
    Direct((Role.PRODUCER,), "subscribe", channels="done:*"),
    Direct((Role.PRODUCER, Role.OPERATOR, Role.WORKER), "zadd", of_namespace="queues"),
    Direct((Role.WORKER, Role.OPERATOR), "subscribe", channels="unlocked"),
    Direct((Role.WORKER,), "subscribe", shared_channels="control:*"),
    Direct((Role.OPERATOR,), "publish", shared_channels="control:*"),
    Direct((Role.WORKER,), "get", of_namespace="order:*"),
    Direct((Role.WORKER,), "del", of_namespace="order:*"),
    Direct((Role.WORKER,), "zadd zrem zremrangebyscore", of_namespace="workers"),
    Direct((Role.WORKER,), "zadd zremrangebyscore", of_namespace="signatures"),
    Direct((Role.WORKER,), "expire", of_namespace="signatures:*"),
    Direct((Role.WORKER,), "set del", of_namespace="worker:*"),
    Direct((Role.VIEWER,), "hmget exists", of_namespace="load:*"),
    Direct((Role.ADMIN,), "unlink", of_namespace="load:*"),
    Direct((Role.WORKER,), "blpop", keys="wake"),
)
# Keys of the namespace that scripts take whose one key is not a queue's hash.
KEYS_OF_SCRIPTS: dict[str, str] = {
    "write_anyway": "queues workers worker:* signatures",
    "sample": "load:*",
    "publish": "signatures:*",
    "order": "audit",
    "may": "",
}


@dataclass
class Rules:
    """What a role may do. A pattern begins with ``Q`` for a key of a queue, else with ``N``, for one of the namespace.

    ``commands`` need no key or only read ``readable`` ones; ``writes`` says which commands may be used on which keys
    and channels: only on these, and not on any key that another command may be used on.
    """

    commands: set[str] = field(default_factory=set[str])
    readable: set[str] = field(default_factory=set[str])
    heard: set[str] = field(default_factory=set[str])
    writes: dict[tuple[str, ...], set[str]] = field(default_factory=dict[tuple[str, ...], set[str]])
    publishes: set[str] = field(default_factory=set[str])
    gates: set[str] = field(default_factory=set[str])

    def add(self, call: Call, own_keys: str | None = None) -> None:
        """Allow one call of a script; ``own_keys`` as in ``KEYS_OF_SCRIPTS``."""
        prefix = "Q" if own_keys is None else "N"
        if own_keys is not None and call.keys == ("queue",):
            for key in own_keys.split():
                self.add(call._replace(keys=(key,)), "")
            return
        keys = tuple(prefix + key for key in call.keys)
        if call.command == "PUBLISH":
            self.publishes |= {prefix + channel for channel in call.channels}
        elif not keys:
            self.commands.add(call.command.lower())
        elif call.command in READS:
            self.commands.add(call.command.lower())
            self.readable |= set(keys)
        else:
            self.writes.setdefault(keys, set()).add(call.command.lower())

    def add_direct(self, direct: Direct) -> None:
        """Allow commands that are called without a script."""
        keys = ["Q" + key for key in direct.keys.split()] + ["N" + key for key in direct.of_namespace.split()]
        channels = ["Q" + name for name in direct.channels.split()] + ["N" + n for n in direct.shared_channels.split()]
        for command in direct.commands.split():
            if command == "publish":
                self.publishes |= set(channels)
            elif not keys or command.upper() in READS:
                self.commands.add(command)
                self.readable |= set(keys)
                self.heard |= set(channels)
            else:
                for key in keys:
                    self.writes.setdefault((key,), set()).add(command)


def rules_of(role: Role) -> Rules:
    """What a role may do, by what the scripts that it may run call.

    Raises:
        UnreadableScript: a script calls something on a key that can't be followed.
    """
    rules = Rules()
    mine = INCLUDES[role]
    for direct in DIRECT:
        if mine & set(direct.roles):
            rules.add_direct(direct)
    for name in script_names():
        script = load(name)
        roles = {Role(one) for one in script.roles}
        if mine & roles:
            if script.read_only:
                rules.readable.add(f"Q{gate_of(script.roles)}")
            else:
                rules.gates.add(gate_of(script.roles))
        if mine & roles and not (script.read_only and mine & SEES_ALL):
            _add_script(rules, name, read_only=script.read_only)
        elif mine & roles:
            rules.commands |= {call.command.lower() for call in calls_of(name)}
    rules.gates |= {f"may:{one}" for one in mine - {Role.VIEWER}}
    rules.commands.add("get")
    if mine & SEES_ALL:
        rules.readable |= {"Q*"}
        rules.commands |= {command.lower() for command in READS & _mentioned()}
    rules.readable = _fewest(rules.readable)
    return rules


def _add_script(rules: Rules, name: str, *, read_only: bool) -> None:
    """Allow what a script calls, and the call itself with its one key."""
    named = KEYS_OF_SCRIPTS.get(name)
    if not read_only:
        for key in ["Qqueue"] if named is None else [f"N{key}" for key in named.split()]:
            rules.writes.setdefault((key,), set()).update({"eval", "evalsha"})
    elif named is None:
        rules.readable.add("Qqueue")
    for call in calls_of(name):
        rules.add(call, KEYS_OF_SCRIPTS.get(name))


def _mentioned() -> set[str]:
    """The commands that any script or service calls."""
    commands = {call.command for name in script_names() for call in calls_of(name)}
    return commands | {command.upper() for direct in DIRECT for command in direct.commands.split()} | {
        "HGET", "HGETALL", "EXISTS", "LRANGE", "XRANGE", "XREVRANGE",
    }  # fmt: skip


def _fewest(patterns: set[str]) -> set[str]:
    """Without patterns that others cover."""
    return {one for one in patterns if not any(one != other and covers(other, one) for other in patterns)}
