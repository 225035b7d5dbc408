-- ticks: the tasks that a schedule stores when its times come. It is given pairs of a time (ms) and an id, and returns how
-- many are new.
local function store_ticks(id, pairs_of_ticks)
  local size = #pairs_of_ticks / 2
  if size == 0 then return 0 end
  local key = schedule_key(id)
  local f = call('HMGET', key, 'task', 'args', 'head', 'group', 'prio')
  local sequence = sequences(size)
  local new = 0
  for i = 1, size do
    local task = pairs_of_ticks[2 * i]
    if not store(task, f[1], f[2], f[3], f[4] or '', f[5] or '1', 0, sequence + i) then new = new + 1 end
  end
  call('HINCRBY', key, 'runs', new)
  call('HSET', key, 'last', pairs_of_ticks[2 * size - 1], 'last_task', pairs_of_ticks[2 * size])
  count('enqueued', new)
  return new
end
