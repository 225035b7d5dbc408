#!lua flags=no-writes
-- active: a window onto the running tasks, with what tells whether they are stuck; those whose leases end first come first.
-- KEYS  1 the queue's hash
-- ARGV  1 offset, 2 how many
-- Returns { now (ms), how many there are, tasks }; a task is
--       { id, receipt, end of its lease (ms), when it could run (ms), head (JSON), options of its group (JSON) or '',
--       when this attempt began (ms) or '' while the worker has not said so }
-- Cost  O(log n + how many)
-- Role  viewer
-- include: base rules ring groups receipts
local offset, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local window = call('ZRANGE', LEASES, offset, offset + size - 1, 'WITHSCORES')
local tasks = {}
local of_group = {}
for at = 1, #window, 2 do
  local id = window[at]
  local receipt = call('HGET', ACTIVE, id)
  if receipt then
    local _, _, group, fence = read_receipt(receipt)
    if not of_group[group] then
      local _, text = group_options(group)
      of_group[group] = text or ''
    end
    local task = call('HMGET', TASK .. id, 'ready', 'at', 'head', 'begun', 'began')
    local began = task[4] == text_of(fence) and task[5] or ''
    tasks[#tasks + 1] = { id, receipt, window[at + 1], task[1] or task[2] or '0', task[3] or '', of_group[group], began }
  end
end
return { now, call('ZCARD', LEASES), tasks }
