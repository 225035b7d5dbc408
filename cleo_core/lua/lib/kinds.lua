-- kinds: dead letters by the fingerprint of their error. A kind's letters are in one zset, by when they expire; how many they
-- are is that zset's size, so no count can drift. "dead:kinds" ranks the kinds by it, "dead:due" says when a kind's next
-- letter expires, so that the sweep finds it. What a call changes is noted and written once, at its end.
local DEAD = Q .. 'dead'
local KINDS = Q .. 'dead:kinds'
local DUE = Q .. 'dead:due'
local changed_kinds = {}

local function letters_of(fingerprint)
  return Q .. 'dead:fp:' .. fingerprint
end

local function changes_of(fingerprint)
  local change = changed_kinds[fingerprint]
  if not change then
    change = { come = {}, gone = {} }
    changed_kinds[fingerprint] = change
  end
  return change
end

-- Notes a letter that died at `at` (ms) and expires at `expiry` (ms).
local function join_kind(fingerprint, pattern, id, expiry, at)
  local change = changes_of(fingerprint)
  local come = change.come
  come[#come + 1] = expiry
  come[#come + 1] = id
  change.pattern = pattern
  change.first = math.min(change.first or at, at)
  change.last = math.max(change.last or at, at)
end

local function leave_kind(fingerprint, id)
  local gone = changes_of(fingerprint).gone
  gone[#gone + 1] = id
end

-- Ranks a kind anew, or forgets it when it has no letter left.
local function rank_kind(fingerprint)
  local letters, kind = letters_of(fingerprint), Q .. 'dead:kind:' .. fingerprint
  local size = call('ZCARD', letters)
  if size == 0 then
    call('ZREM', KINDS, fingerprint)
    call('ZREM', DUE, fingerprint)
    call('UNLINK', kind)
    return
  end
  local first = call('ZRANGE', letters, 0, 0, 'WITHSCORES')
  local last = call('ZRANGE', letters, -1, -1, 'WITHSCORES')
  local expiry = string.format('%.0f', last[2])
  call('ZADD', KINDS, size, fingerprint)
  call('ZADD', DUE, first[2], fingerprint)
  call('PEXPIREAT', letters, expiry)
  call('PEXPIREAT', kind, expiry)
end

-- The ranks live as long as the last dead letter.
local function keep_kinds()
  local last = call('ZRANGE', DEAD, -1, -1, 'WITHSCORES')
  if not last[2] then return end
  local expiry = string.format('%.0f', last[2])
  call('PEXPIREAT', KINDS, expiry)
  call('PEXPIREAT', DUE, expiry)
end

local function write_kinds()
  if next(changed_kinds) == nil then return end
  for fingerprint, change in pairs(changed_kinds) do
    if #change.gone > 0 then variadic('ZREM', letters_of(fingerprint), change.gone) end
    if #change.come > 0 then
      variadic('ZADD', letters_of(fingerprint), change.come)
      local key = Q .. 'dead:kind:' .. fingerprint
      local seen = call('HMGET', key, 'first', 'last')
      local first = math.min(tonumber(seen[1] or nil) or change.first, change.first)
      local last = math.max(tonumber(seen[2] or nil) or change.last, change.last)
      call('HSET', key, 'pattern', change.pattern, 'first', text_of(first), 'last', text_of(last))
    end
    rank_kind(fingerprint)
  end
  keep_kinds()
  changed_kinds = {}
end

-- Drops letters whose records have expired, at most `limit`, of at most 20 kinds.
local function prune_kinds(limit)
  local due = call('ZRANGE', DUE, '-inf', now, 'BYSCORE', 'LIMIT', 0, 20)
  for _, fingerprint in ipairs(due) do
    if limit <= 0 then break end
    local gone = call('ZRANGE', letters_of(fingerprint), '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
    if #gone > 0 then variadic('ZREM', letters_of(fingerprint), gone) end
    limit = limit - #gone
    rank_kind(fingerprint)
  end
  if #due > 0 then keep_kinds() end
end
