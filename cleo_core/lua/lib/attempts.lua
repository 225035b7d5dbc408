-- attempts: how attempts ended. The histories of the queue, of each group and of each worker keep a line of every attempt
-- (see events); the task's own record keeps its last 50 unsuccessful ones, one a line, with the traceback as 15th value.
-- "histories" knows which lists of groups and workers there are, scored by when (ms) something was added. At most LISTS are
-- kept, those that something was added to last: names of groups may be without end (one for each user, or for each order).
local LISTS = 10000
local history = {}
local history_by_group = {}
local history_by_worker = {}
local failures = {}

local function note_attempt(line, group, worker)
  local of_group, of_worker = list_of(history_by_group, group), list_of(history_by_worker, worker)
  history[#history + 1] = line
  of_group[#of_group + 1] = line
  of_worker[#of_worker + 1] = line
end

-- Notes the kind of an error: its fingerprint, its pattern, and of which task, name and group it was last.
local function note_error(fingerprint, pattern, id, receipt, group)
  if not fingerprint or fingerprint == '' then return end
  local known = failures[fingerprint] or { size = 0 }
  known.size = known.size + 1
  known.pattern, known.id, known.name, known.group = pattern or '', id, name_of(receipt), group
  failures[fingerprint] = known
end

-- Of a batch only the last `limit` can stay, so no more are sent.
local function write_list(key, lines, limit)
  local size = #lines
  local length = call('LPUSH', key, unpack(lines, math.max(1, size - limit + 1), size))
  if length > limit then call('LTRIM', key, 0, limit - 1) end
  call('EXPIRE', key, keeping().keep)
end

-- The kinds of errors that were seen last; those past the limit are forgotten, the longest unseen first: a few more than
-- came in, so that a limit that was lowered a lot is reached step by step.
local function write_failures()
  if not next(failures) then return end
  local index = Q .. 'errors'
  local at_most = 100
  for fingerprint, known in pairs(failures) do
    at_most = at_most + 1
    local key = Q .. 'error:' .. fingerprint
    call('HSETNX', key, 'first', now)
    call('HSET', key, 'last', now, 'pattern', known.pattern, 'task', known.id, 'name', known.name, 'group', known.group)
    call('HINCRBY', key, 'count', known.size)
    call('EXPIRE', key, keeping().keep)
    call('ZADD', index, now, fingerprint)
  end
  local excess = math.min(at_most, call('ZCARD', index) - keeping().errors)
  if excess > 0 then
    for _, fingerprint in ipairs(call('ZRANGE', index, 0, excess - 1)) do
      call('UNLINK', Q .. 'error:' .. fingerprint)
      call('ZREM', index, fingerprint)
    end
  end
  call('EXPIRE', index, keeping().keep)
end

-- Drops the lists past LISTS, the longest untouched first: a few more than came in, so that many are dropped step by step.
local function drop_lists(touched)
  local index = Q .. 'histories'
  local excess = math.min(call('ZCARD', index) - LISTS, touched + 100)
  if excess <= 0 then return end
  for _, name in ipairs(call('ZRANGE', index, 0, excess - 1)) do call('UNLINK', Q .. 'history:' .. name) end
  call('ZREMRANGEBYRANK', index, 0, excess - 1)
end

local function write_history()
  if #history == 0 then return end
  local limits = keeping()
  local lists = {}
  write_list(Q .. 'history', history, limits.queue)
  for group, lines in pairs(limits.group > 0 and history_by_group or {}) do
    write_list(Q .. 'history:g:' .. group, lines, limits.group)
    lists[#lists + 1] = now
    lists[#lists + 1] = 'g:' .. group
  end
  for worker, lines in pairs(limits.worker > 0 and history_by_worker or {}) do
    write_list(Q .. 'history:w:' .. worker, lines, limits.worker)
    lists[#lists + 1] = now
    lists[#lists + 1] = 'w:' .. worker
  end
  if #lists > 0 then
    variadic('ZADD', Q .. 'histories', lists)
    call('EXPIRE', Q .. 'histories', limits.keep)
    drop_lists(#lists / 2)
  end
  write_failures()
end

-- The task's own attempts with one more, the oldest dropped past 50.
local function with_attempt(attempts, line, traceback)
  line = string.sub(line, 1, -2) .. ',' .. cjson.encode(traceback or '') .. ']'
  if not attempts then return line end
  local _, breaks = string.gsub(attempts, '\n', '')
  if breaks >= 49 then attempts = string.gsub(attempts, '^[^\n]*\n', '', 1) end
  return attempts .. '\n' .. line
end
