-- promote: moves delayed tasks whose time has come into their lanes, a slice a call. Returns how many it moved.
local function promote(limit)
  local due = call('ZRANGE', DELAYED, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
  local size = #due / 2
  if size == 0 then return 0 end
  local sequence = sequences(size)
  local gone = {}
  for i = 1, #due, 2 do
    local id = due[i]
    local key = TASK .. id
    gone[#gone + 1] = id
    local task = call('HMGET', key, 'name', 'prio', 'group')
    if task[1] then
      sequence = sequence + 1
      local group = task[3] or ''
      call('HSET', key, 'state', 'waiting', 'ready', due[i + 1], 'seq', sequence)
      line_up(id, task[2] or '1', group, sequence)
      emit('status_change', id, task[1], group, '', 'waiting')
    end
  end
  variadic('ZREM', DELAYED, gone)
  write_lanes()
  return size
end
