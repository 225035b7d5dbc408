#!lua flags=no-writes
-- explain: all that decides whether a task runs.
-- KEYS  1 the queue's hash
-- ARGV  1 id
-- Returns { now (ms), state ('' when there is no such task), fields NAME.. below, receipt, end of the lease (ms), due (ms),
--         waiting tasks of its group that come before it, its group's rank in the ring (-1: not in it), the queue's rules,
--         its group (see group_row), ids of up to 10 running tasks of the group, running tasks of the queue }
-- Cost  O(log n)
-- Role  viewer
-- include: base states group_row
local FIELDS = { 'name', 'group', 'prio', 'seq', 'reason', 'cancel', 'tries', 'losses', 'ready', 'at' }
local id = ARGV[1]
local state = state_of(id)
local task = call('HMGET', TASK .. id, unpack(FIELDS))
for i = 1, #FIELDS do task[i] = task[i] or '' end
local group = task[2]
local row, q = group_row(group), queue_row()

local function ahead()
  local order = row[10] ~= '' and row[10] or q[2] ~= '' and q[2] or 'priority'
  local own, before = tonumber(task[3]) or 1, 0
  for priority = 0, 3 do
    local lane = Q .. 'lane:' .. priority .. ':' .. group
    if order == 'lifo' then
      before = before + call('ZCOUNT', lane, '(' .. task[4], '+inf')
    elseif order == 'fifo' or priority == own then
      before = before + call('ZCOUNT', lane, '-inf', '(' .. task[4])
    elseif priority > own then
      before = before + call('ZCARD', lane)
    end
  end
  return before
end

return { now, state, task, call('HGET', Q .. 'active', id) or '', call('ZSCORE', Q .. 'leases', id) or '',
  call('ZSCORE', Q .. 'delayed', id) or '', state == 'waiting' and task[4] ~= '' and ahead() or 0,
  call('ZRANK', Q .. 'ring', group) or -1, q, row, call('SRANDMEMBER', Q .. 'running:' .. group, 10),
  call('ZCARD', Q .. 'leases') }
