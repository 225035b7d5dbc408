-- locks: a group's lock is kept in the group's hash: "locked" is until when (ms), "barred" until when the group is closed for
-- the first in line, and lock_token, lock_owner, lock_fence, lock_since tell of the holder. `locks` lists all that are held.
local LOCKS = Q .. 'locks'

local function prune_locks()
  local last = call('ZRANGE', LOCKS, -1, -1, 'WITHSCORES')
  local over = call('ZRANGE', LOCKS, '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)
  if #over > 0 then call('ZREM', LOCKS, unpack(over)) end
  if last[2] then call('PEXPIREAT', LOCKS, string.format('%.0f', last[2])) end
end

-- Keeps the group closed for the first in line, who hears of it and comes; open if nobody stands there.
local function bar_for_first(group)
  local key = Q .. 'group:' .. group
  local first = call('ZRANGE', Q .. 'line:' .. group, 0, 0)[1]
  local seen = first and call('ZSCORE', Q .. 'seen:' .. group, first)
  if seen and tonumber(seen) > now then call('HSET', key, 'barred', seen) else call('HDEL', key, 'barred') end
end

-- Sets until when the group is locked (0: not at all) and what is known of the holder (field, value, ...).
local function change_lock(group, till, holder)
  local key = Q .. 'group:' .. group
  place_anew(group, function(before)
    if till == 0 then
      call('HDEL', key, 'locked', 'lock_token', 'lock_owner', 'lock_fence', 'lock_since')
      call('ZREM', LOCKS, group)
      bar_for_first(group)
    else
      call('HDEL', key, 'barred')
      call('HSET', key, 'locked', till, unpack(holder))
      call('ZADD', LOCKS, till, group)
    end
    return know(group, before.waiting)
  end)
  prune_locks()
  rest(group, waiting_of(group))
end

local function close_group(group, till)
  local key = Q .. 'group:' .. group
  place_anew(group, function(before)
    call('HSET', key, 'barred', till)
    return know(group, before.waiting)
  end)
  rest(group, waiting_of(group))
end

local function close_for_first(group)
  place_anew(group, function(before)
    bar_for_first(group)
    return know(group, before.waiting)
  end)
  rest(group, waiting_of(group))
end
