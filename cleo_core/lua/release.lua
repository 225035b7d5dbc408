#!lua flags=allow-oom
-- release: takes back, in slices, the tasks of a worker that is known to be gone (its supervisor saw it die).
-- KEYS  1 the queue's hash
-- ARGV  1 worker id, 2 offset into the leases, 3 slice, 4 default max_deliveries, 5 and 6 retention of dead letters and of cancelled
--       tasks (s), 7 why
-- Returns { tasks taken back, the next offset, or -1 when the end is reached }
-- Cost  O(slice x log n)
-- Role  worker
-- include: base events keeping counters tallies rules ring groups lanes receipts departures attempts kinds endings lose
local offset, slice = tonumber(ARGV[2]), tonumber(ARGV[3])
local leased = call('ZRANGE', LEASES, offset, offset + slice - 1)
local gone = {}
for _, id in ipairs(leased) do
  local receipt = call('HGET', ACTIVE, id)
  if receipt and select(6, read_receipt(receipt)) == ARGV[1] then
    lose(id, receipt, ARGV[7], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]))
    gone[#gone + 1] = id
  end
end
drop_receipts(gone)
write_departures()
write_lanes()
write_endings()
write_history()
write_tallies()
write_counters()
publish_events()
return { #gone, #leased < slice and -1 or offset + #leased - #gone }
