-- lose: takes a task back from a worker that is gone. The loss is charged to the task; but the one that would bury it only
-- if the task had begun (begin.lua). A worker begins such tasks one at a time, so that a task which kills its workers is
-- told apart from those that merely ran beside it. At `max_deliveries` losses it is poison.
local function max_deliveries_of(head, default)
  local read, options = pcall(cjson.decode, head or '')
  local max = read and type(options) == 'table' and tonumber(options.max_deliveries)
  return max or default
end

-- The tasks that were quarantined: receipt, head, why.
local poisoned = {}

local POISON = 'WorkerLost: poison'
local LOST = 'WorkerLost: worker lost'

local function lose(id, receipt, why, default_max, dead_retention, cancelled_retention)
  local key = TASK .. id
  local _, name, group, fence, _, worker = read_receipt(receipt)
  local task = call('HMGET', key, 'prio', 'seq', 'losses', 'begun', 'head', 'attempts', 'cancel', 'name')
  depart(id, group)
  if not task[8] then return end
  local losses = tonumber(task[3]) or 0
  local options = group_options(group)
  local max = max_deliveries_of(task[5], options.max_deliveries or default_max)
  if losses + 1 < max or task[4] == text_of(fence) then losses = losses + 1 end
  local state = task[7] and 'cancelled' or losses >= max and 'dead' or 'waiting'
  local line = line_of(receipt, 'task_stalled', state, 0, 'lost', 'WorkerLost', 'worker ' .. worker .. ' ' .. why)
  note_attempt(line, group, worker)
  local kind = string.sub(redis.sha1hex(LOST), 1, 12)
  note_error(kind, LOST, id, receipt, group)
  tally_end(worker, group, receipt, 'lost', nil, nil, state == 'dead' and 'died' or nil, kind)
  count('lost')
  call('HSET', key, 'losses', losses, 'ready', now)
  if state ~= 'cancelled' then call('HSET', key, 'attempts', with_attempt(task[6], line)) end
  if state == 'cancelled' then
    call_off(id, line, cancelled_retention)
  elseif state == 'dead' then
    local reason = 'poison: ' .. losses .. ' workers were lost while running it'
    bury(id, reason, line, options.dead_retention or dead_retention, string.sub(redis.sha1hex(POISON), 1, 12), POISON)
    for _, value in ipairs({ receipt, task[5] or '', reason }) do poisoned[#poisoned + 1] = value end
    emit_line(line)
  else
    line_up(id, task[1] or '1', group, tonumber(task[2]) or sequences(1) + 1)
    emit_line(line)
  end
end
