-- revive: puts a dead letter back into its lane, with its attempts kept and its counts started anew. The caller has found it
-- dead, and calls write_kinds and write_lanes at its end.
local function revive(id, name, group, priority, message)
  local key = TASK .. id
  local sequence = sequences(1) + 1
  leave_kind(call('HGET', key, 'fp') or '', id)
  call('ZREM', DEAD, id)
  call('PERSIST', key)
  call('HDEL', key, 'tries', 'losses', 'begun', 'began', 'reason', 'fp', 'pattern', 'end', 'cancel', 'progress')
  call('HSET', key, 'state', 'waiting', 'seq', sequence, 'ready', now)
  line_up(id, priority, group, sequence)
  emit('status_change', id, name, group, '', 'waiting', message)
end
