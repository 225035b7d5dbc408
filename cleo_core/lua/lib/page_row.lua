-- page_row: what a list shows of a task: its id, its receipt or '', and the fields below or ''.
local PAGE_FIELDS = { 'state', 'name', 'group', 'prio', 'at', 'ready', 'tries', 'end', 'progress', 'reason' }

local function page_row(id, receipt)
  local task = call('HMGET', TASK .. id, unpack(PAGE_FIELDS))
  for field = 1, #PAGE_FIELDS do task[field] = task[field] or '' end
  return { id, receipt, task }
end
