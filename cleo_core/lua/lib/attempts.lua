-- attempts: how attempts ended. The histories of the queue, of each group and of each worker keep a line of every attempt
-- (see events); the task's own record keeps its last 50 unsuccessful ones, one a line, with the traceback as 15th value.
local history = {}
local history_by_group = {}
local history_by_worker = {}

local function note_attempt(line, group, worker)
  local of_group, of_worker = list_of(history_by_group, group), list_of(history_by_worker, worker)
  history[#history + 1] = line
  of_group[#of_group + 1] = line
  of_worker[#of_worker + 1] = line
end

-- Of a batch only the last `limit` can stay, so no more are sent.
local function write_list(key, lines, limit)
  local size = #lines
  call('LPUSH', key, unpack(lines, math.max(1, size - limit + 1), size))
  call('LTRIM', key, 0, limit - 1)
  call('EXPIRE', key, 2592000)
end

local function write_history()
  if #history == 0 then return end
  write_list(Q .. 'history', history, 500)
  for group, lines in pairs(history_by_group) do write_list(Q .. 'history:g:' .. group, lines, 200) end
  for worker, lines in pairs(history_by_worker) do write_list(Q .. 'history:w:' .. worker, lines, 100) end
end

-- The task's own attempts with one more, the oldest dropped past 50.
local function with_attempt(attempts, line, traceback)
  line = string.sub(line, 1, -2) .. ',' .. cjson.encode(traceback or '') .. ']'
  if not attempts then return line end
  local _, breaks = string.gsub(attempts, '\n', '')
  if breaks >= 49 then attempts = string.gsub(attempts, '^[^\n]*\n', '', 1) end
  return attempts .. '\n' .. line
end
