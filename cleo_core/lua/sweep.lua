#!lua flags=allow-oom
-- sweep: what any worker does now and then for all: takes back tasks whose lease ran out, promotes due ones, prunes, tells which workers are gone.
-- KEYS  1 the queue's hash
-- ARGV  1 slice, 2 default max_deliveries, 3 and 4 retention of dead letters and of cancelled tasks (s), 5 least time since the last sweep (ms), 6 worker id:
--       of many workers that sweep each for all, most find that it was just done
-- Returns { tasks taken back, tasks promoted, ms until the next delayed task (-1: none), ms after which this worker is to
--       fire schedules (-1: no need), of each task that is poison: receipt, head, why }; a full slice means: call again
-- Cost  O(slice x log n)
-- Role  worker
-- include: base events keeping counters tallies rules ring groups lanes delays promote carry_on receipts departures attempts kinds endings lose presence tick_wait
local slice = tonumber(ARGV[1])
local ago = now - (call('HGET', QUEUE, 'swept') or 0)
if ago >= 0 and ago < tonumber(ARGV[5]) then return { 0, 0, next_due(), ask_tick_wait(ARGV[6]), {} } end
if ago >= 0 or judge_throttled_anew() then call('HSET', QUEUE, 'swept', now) end
local expired = call('ZRANGE', LEASES, '-inf', now, 'BYSCORE', 'LIMIT', 0, slice)
for _, id in ipairs(expired) do
  local receipt = call('HGET', ACTIVE, id)
  if receipt then lose(id, receipt, 'let its lease run out', tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])) end
end
drop_receipts(expired)
write_departures()
write_lanes()
write_endings()
local promoted = promote(slice)
if carry_on(slice) + free_throttled(slice) > 0 then wake() end
prune('completed', slice)
prune('cancelled', slice)
prune('dead', slice)
prune_kinds(slice)
miss_workers(slice)
write_history()
write_tallies()
write_counters()
publish_events()
return { #expired, promoted, next_due(), ask_tick_wait(ARGV[6]), poisoned }
