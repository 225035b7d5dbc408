#!lua flags=allow-oom
-- hand_back: puts back, uncharged, tasks that are leased to a worker which doesn't know of them (the answer to its claim
-- was lost, or it stops).
-- KEYS  1 the queue's hash
-- ARGV  1 worker id, 2 offset into the leases, 3 slice, then the ids that the worker does hold
-- Returns { tasks put back, the next offset, or -1 when the end is reached }
-- Cost  O(slice x log n)
-- Role  worker
-- include: base events rules ring groups lanes receipts departures
local offset, slice = tonumber(ARGV[2]), tonumber(ARGV[3])
local mine = {}
for at = 4, #ARGV do mine[ARGV[at]] = true end
local leased = call('ZRANGE', LEASES, offset, offset + slice - 1)
local gone = {}
for _, id in ipairs(leased) do
  local receipt = not mine[id] and call('HGET', ACTIVE, id)
  if receipt then
    local _, _, group, _, _, worker = read_receipt(receipt)
    if worker == ARGV[1] then
      local task = call('HMGET', TASK .. id, 'prio', 'seq')
      line_up(id, task[1] or '1', group, tonumber(task[2]) or sequences(1) + 1)
      emit_line(line_of(receipt, 'status_change', 'waiting', 0, '', '', 'handed back'))
      depart(id, group)
      gone[#gone + 1] = id
    end
  end
end
drop_receipts(gone)
write_departures()
write_lanes()
publish_events()
return { #gone, #leased < slice and -1 or offset + #leased - #gone }
