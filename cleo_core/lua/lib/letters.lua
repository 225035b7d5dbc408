-- letters: which dead letters a filter is about. A filter is an object with some of
--   name, group (equal), worker (what its id begins with), text (lower case; in the id, the error or arguments of at most
--   16 kB), since, until_then (ms, of its death)
-- Searching arguments is what takes long: who looks at letter after letter stops when SEARCHED bytes of them were.
local SEARCHED = 1048576
local searched = 0

local function searched_enough() return searched >= SEARCHED end

local function has_text(id, reason, key, text)
  if string.find(string.lower(id), text, 1, true) or string.find(string.lower(reason), text, 1, true) then return true end
  local size = call('HSTRLEN', key, 'args')
  if size > 16384 then return false end
  searched = searched + size
  return string.find(string.lower(call('HGET', key, 'args') or ''), text, 1, true) ~= nil
end

-- Whether a letter is there and the filter is about it.
local function matches(id, filter)
  local key = TASK .. id
  local task = call('HMGET', key, 'state', 'name', 'group', 'end', 'reason')
  if task[1] ~= 'dead' then return false end
  if filter.name and task[2] ~= filter.name then return false end
  if filter.group and (task[3] or '') ~= filter.group then return false end
  if filter.worker or filter.since or filter.until_then then
    -- What can't be read of a letter's end was by no worker and at no time, which is before any.
    local read, line = pcall(cjson.decode, task[4] or '')
    local worker, at = read and line[6] or '', read and tonumber(line[10]) or 0
    if filter.worker and string.sub(worker, 1, #filter.worker) ~= filter.worker then return false end
    if filter.since and at < filter.since then return false end
    if filter.until_then and at > filter.until_then then return false end
  end
  return not filter.text or has_text(id, task[5] or '', key, filter.text)
end

-- The place of the first member that comes after (score, id), whether that one is still there or not.
local function place_after(key, score, id)
  local low, high = 0, call('ZCARD', key)
  while low < high do
    local middle = floor((low + high) / 2)
    local member = call('ZRANGE', key, middle, middle, 'WITHSCORES')
    local of = tonumber(member[2])
    if of < score or (of == score and member[1] <= id) then low = middle + 1 else high = middle end
  end
  return low
end
