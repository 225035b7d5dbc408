#!lua flags=allow-oom
-- fold: adds the counters of minutes that are over to those of their hour and their day, so that a range of any length is read
-- from a few values. A minute's hash is read, added and dropped in one call, so none counts twice, whoever dies and however
-- often this is called; a hash that a clock set back fills again is added too. Any worker does it, in slices.
--   minutes:<hour>  a string, a line for each minute: its number, a blank and a cell
--   hours:<day>, days:<32 days>  hashes: number of the hour or day and a cell
--   times:<day>:<kind>  zset of the groups (g), workers (w) or task names (n) of a day that have cells of their own, by run time
--                       (ms); the others share those of "<kind>+"
--   a cell is [[counts], [bucket, runs, ...], [bucket, waits, ...], [fingerprint, errors, ...]], with the counts of COUNTS in order
-- KEYS  1 the queue's hash
-- ARGV  1 how many hashes to fold at most
-- Returns 1 if there is more to fold, else 0
-- Cost  O(slice x fields of a minute)
-- Role  worker
-- include: base keeping
local left = tonumber(ARGV[1])
local COUNTS = { 'enqueued', 'completed', 'failed', 'retried', 'died', 'cancelled', 'lost', 't' }
local KINDS = { 'g', 'w', 'n' }
local place = {}
for i, name in ipairs(COUNTS) do place[name] = i end

local function add(into, key, number)
  into[key] = (into[key] or 0) + number
end

local function new_cell()
  local cell = { {}, {}, {}, {} }
  for i = 1, #COUNTS do cell[1][i] = 0 end
  return cell
end

-- The counters in a minute's hash, or nil if there are none. Those of a group, worker or name leave it to be worked out
-- how many completed (see tallies).
local function read_minute(key)
  local flat = call('HGETALL', key)
  if #flat == 0 then return nil end
  local cell = new_cell()
  local ran, counted = 0, false
  for i = 1, #flat, 2 do
    local field, number = flat[i], tonumber(flat[i + 1]) or 0
    local bucket = tonumber(string.sub(field, 2))
    local letter = string.sub(field, 1, 1)
    if place[field] then
      cell[1][place[field]] = number
      counted = counted or field == 'completed'
    elseif letter == '!' and field ~= '!' then
      cell[4][string.sub(field, 2)] = number
    elseif bucket and letter == 'r' then
      cell[2][bucket] = number
      ran = ran + number
    elseif bucket and letter == 'w' then
      cell[3][bucket] = number
    end
  end
  if not counted then cell[1][place.completed] = math.max(0, ran - cell[1][place.failed]) end
  return cell
end

-- Adds what a stored cell holds; one that can't be read counts as none.
local function add_stored(cell, text)
  local read, stored = pcall(cjson.decode, text or '')
  if not read or type(stored) ~= 'table' then return end
  for i = 1, #COUNTS do cell[1][i] = cell[1][i] + (tonumber(type(stored[1]) == 'table' and stored[1][i]) or 0) end
  for part = 2, 4 do
    local flat = type(stored[part]) == 'table' and stored[part] or {}
    for i = 1, #flat - 1, 2 do
      local key = flat[i]
      if part < 4 then key = tonumber(key) elseif type(key) ~= 'string' then key = nil end
      if key then add(cell[part], key, tonumber(flat[i + 1]) or 0) end
    end
  end
end

local function flat(numbers)
  local list = {}
  for key, number in pairs(numbers) do
    list[#list + 1] = key
    list[#list + 1] = number
  end
  return list
end

-- The 50 most frequent kinds of errors; the others as one.
local function most_frequent(errors)
  local kinds, kept = {}, {}
  for kind in pairs(errors) do kinds[#kinds + 1] = kind end
  table.sort(kinds, function(one, other) return errors[one] > errors[other] end)
  for i, kind in ipairs(kinds) do add(kept, i <= 50 and kind or '+', errors[kind]) end
  return kept
end

local function text_of_cell(cell)
  return cjson.encode({ cell[1], flat(cell[2]), flat(cell[3]), flat(most_frequent(cell[4])) })
end

local function add_to(key, number, cell, text, ends)
  local before = call('HGET', key, number)
  if before then
    local sum = new_cell()
    add_stored(sum, before)
    add_stored(sum, text)
    text = text_of_cell(sum)
  end
  call('HSET', key, number, text)
  call('EXPIREAT', key, ends)
end

-- Adds a minute's hash to the cells with the suffix that `suffix_of` says.
local function fold(minute, key, suffix_of)
  local cell = read_minute(key)
  if not cell then return end
  call('UNLINK', key)
  local hour, day = floor(minute / 60), floor(minute / 1440)
  local block = floor(day / 32)
  local suffix, text, limits = suffix_of(cell, day), text_of_cell(cell), keeping()
  local minutes = Q .. 'minutes:' .. hour .. suffix
  call('APPEND', minutes, '\n' .. text_of(minute) .. ' ' .. text)
  call('EXPIREAT', minutes, (hour + 1) * 3600 + limits.minutes)
  add_to(Q .. 'hours:' .. day .. suffix, hour, cell, text, (day + 1) * 86400 + limits.hours)
  add_to(Q .. 'days:' .. block .. suffix, day, cell, text, (block + 1) * 32 * 86400 + limits.days)
end

local function fold_own(minute, kind, name)
  fold(minute, Q .. 'minute:' .. text_of(minute) .. ':' .. kind .. ':' .. name, function(cell, day)
    local known = Q .. 'times:' .. day .. ':' .. kind
    if not call('ZSCORE', known, name) and call('ZCARD', known) >= keeping()[kind] then return ':' .. kind .. '+' end
    call('ZINCRBY', known, string.format('%.3f', cell[1][place.t] / 1000), name)
    call('EXPIREAT', known, (day + 1) * 86400 + keeping().days)
    return ':' .. kind .. ':' .. name
  end)
end

local function oldest()
  local over = '(' .. text_of(floor(now / 60000))
  return tonumber(call('ZRANGE', Q .. 'unfolded', '-inf', over, 'BYSCORE', 'LIMIT', 0, 1)[1])
end

local minute = oldest()
while minute and left > 0 do
  local prefix = Q .. 'minute:' .. text_of(minute)
  for _, kind in ipairs(KINDS) do
    if left > 0 then
      local names = call('SRANDMEMBER', prefix .. ':' .. kind, left)
      for _, name in ipairs(names) do
        fold_own(minute, kind, name)
        call('SREM', prefix .. ':' .. kind, name)
      end
      left = left - #names
    end
  end
  if left > 0 then
    for _, kind in ipairs(KINDS) do fold(minute, prefix .. ':' .. kind .. '+', function() return ':' .. kind .. '+' end) end
    fold(minute, prefix, function() return '' end)
    call('ZREM', Q .. 'unfolded', text_of(minute))
    left = left - 1 - #KINDS
    minute = oldest()
  end
end
local gone = call('ZRANGE', Q .. 'histories', '-inf', now - keeping().keep * 1000, 'BYSCORE', 'LIMIT', 0, 200)
if #gone > 0 then call('ZREM', Q .. 'histories', unpack(gone)) end
return minute and 1 or 0
