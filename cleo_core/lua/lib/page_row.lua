-- page_row: what a list shows of a task: its id, its receipt or '', the fields below or '', and the beginning of its
-- arguments, which are only looked into where they are small.
local PAGE_FIELDS = { 'state', 'name', 'group', 'prio', 'at', 'ready', 'tries', 'end', 'progress', 'reason' }

local function page_row(id, receipt)
  local task = call('HMGET', TASK .. id, unpack(PAGE_FIELDS))
  for field = 1, #PAGE_FIELDS do task[field] = task[field] or '' end
  local size = call('HSTRLEN', TASK .. id, 'args')
  local arguments = size > 0 and size <= 16384 and call('HGET', TASK .. id, 'args') or ''
  task[#PAGE_FIELDS + 1] = size > 200 and string.sub(arguments, 1, 200) .. '…' or arguments
  return { id, receipt, task }
end
