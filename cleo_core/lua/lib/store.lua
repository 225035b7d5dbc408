-- store: a new task into its queue. One whose id exists already is left as it is.
local now_text = text_of(now)
local tails = {}

-- A batch is mostly of one kind, so all of an event but the id is written once a kind.
local function tell_added(id, name, group, state)
  local kind = name .. ' ' .. group .. ' ' .. state
  local tail = tails[kind]
  if not tail then
    tail = ',' .. string.sub(
      cjson.encode({ name, group, 0, 0, '', 0, 'task_added', state, now, 0, '', '', '' }), 2)
    tails[kind] = tail
  end
  emit_line('[' .. cjson.encode(id) .. tail)
end

-- `sequence` is its place among those that wait, if it need not wait for `delay` (ms) first. Returns its state if it
-- existed already.
local function store(id, name, arguments, head, group, priority, delay, sequence)
  local key = TASK .. id
  if call('EXISTS', key) == 1 then return (state_of(id)) end
  local state = delay > 0 and 'delayed' or 'waiting'
  local fields = { 'state', state, 'name', name, 'args', arguments, 'head', head, 'at', now_text }
  if group ~= '' then fields[#fields + 1] = 'group'; fields[#fields + 1] = group end
  if priority ~= '1' then fields[#fields + 1] = 'prio'; fields[#fields + 1] = priority end
  if delay > 0 then
    postpone(id, now + delay)
  else
    local number = text_of(sequence)
    fields[#fields + 1] = 'seq'
    fields[#fields + 1] = number
    line_up(id, priority, group, number)
  end
  call('HSET', key, unpack(fields))
  tell_added(id, name, group, state)
end
