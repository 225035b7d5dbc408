-- endings: the last states of a task. Each sets the record's lifetime, so that nothing that has run lives for ever.
-- The ended tasks of a state are indexed by when their record expires.
local WAITS = Q .. 'waits'
local retired = { completed = {}, cancelled = {} }
local expiries = {}
local buried = {}
local has_waits

-- Whether somebody waits for the end of this task (see await.lua). Costs nothing while nobody waits for any.
local function stop_waiting(id)
  if has_waits == nil then has_waits = call('EXISTS', WAITS) == 1 end
  return has_waits and call('SREM', WAITS, id) == 1
end

local function tell_waiter(id, state)
  call('PUBLISH', Q .. 'done:' .. id, state)
end

-- Drops entries whose record has expired, at most `limit`, and gives the index itself a lifetime.
local function prune(state, limit)
  local index = Q .. state
  local gone = call('ZRANGE', index, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
  if #gone > 0 then variadic('ZREM', index, gone) end
  local last = call('ZRANGE', index, -1, -1, 'WITHSCORES')
  if last[2] then call('PEXPIREAT', index, string.format('%.0f', last[2])) end
end

-- Ends a completed or cancelled task; `retention` is in seconds. 0 drops the record now, or in a minute if somebody waits.
local function retire(id, state, retention)
  local waited = stop_waiting(id)
  if waited and retention == 0 then retention = 60 end
  if retention == 0 then
    call('UNLINK', TASK .. id)
  else
    local list = retired[state]
    local expiry = expiries[retention]
    if not expiry then
      expiry = { text_of(retention), text_of(now + retention * 1000) }
      expiries[retention] = expiry
    end
    call('EXPIRE', TASK .. id, expiry[1])
    list[#list + 1] = expiry[2]
    list[#list + 1] = id
  end
  count(state)
  if waited then tell_waiter(id, state) end
end

-- Makes a task a dead letter; `line` tells of its end, `retention` is in seconds. The fingerprint and pattern are those of
-- its error: what finds others that failed of the same kind.
local function bury(id, reason, line, retention, fingerprint, pattern)
  local key = TASK .. id
  if fingerprint == '' then
    pattern = string.sub(reason, 1, 200)
    fingerprint = string.sub(redis.sha1hex(pattern), 1, 12)
  end
  call('HSET', key, 'state', 'dead', 'end', line, 'reason', reason, 'fp', fingerprint, 'pattern', pattern)
  call('EXPIRE', key, retention)
  local expiry = text_of(now + retention * 1000)
  buried[#buried + 1] = expiry
  buried[#buried + 1] = id
  join_kind(fingerprint, pattern, id, expiry, now)
  count('died')
  if stop_waiting(id) then tell_waiter(id, 'dead') end
end

local function write_endings()
  for state, list in pairs(retired) do
    if #list > 0 then
      variadic('ZADD', Q .. state, list)
      prune(state, #list + 20)
    end
  end
  if #buried == 0 then return end
  variadic('ZADD', Q .. 'dead', buried)
  prune('dead', #buried + 20)
  write_kinds()
end

-- Cancels a task, with the line that tells of it.
local function call_off(id, line, retention)
  call('HSET', TASK .. id, 'state', 'cancelled', 'end', line)
  retire(id, 'cancelled', retention)
  emit_line(line)
end
