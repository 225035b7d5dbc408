#!lua flags=no-writes
-- preview: the tasks that would be taken next, by the scheduler's own code on tables. Changes nothing.
-- KEYS  1 the queue's hash
-- ARGV  1 strategy, 2 order ('' for as it is), 3 how many, then the groups that may come into it (none: those first in the
--       ring, if that makes no score void)
-- Returns { now (ms), tasks as page.lua returns them }
-- Cost  O(how many x groups)
-- Role  viewer
-- include: base rules ring_dry groups take supposed page_row
local limit = tonumber(ARGV[3])
if not suppose(ARGV[1], ARGV[2]) then
  -- Of those first in the ring some may turn out to be at a limit that was set for all groups.
  local seen, good = 0, 0
  repeat
    local page = call('ZRANGE', RING, seen, seen + limit, 'WITHSCORES')
    for i = 1, #page, 2 do
      if allowed(know(page[i], 1), 1) > 0 then
        stand_in_ring(page[i], tonumber(page[i + 1]))
        good = good + 1
      end
    end
    seen = seen + limit + 1
  until #page == 0 or good > limit or seen > 5000
  for _, set in ipairs({ call('ZRANGE', BEFORE, 0, 499), call('ZRANGE', THROTTLED, '-inf', now, 'BYSCORE', 'LIMIT', 0, 500) }) do
    for _, group in ipairs(set) do place(know(group, waiting_of(group)), 'nowhere') end
  end
else
  for at = 4, #ARGV do place(know(ARGV[at], waiting_of(ARGV[at])), 'nowhere') end
end
local tasks = {}
for i, id in ipairs((take(limit))) do tasks[i] = page_row(id, '') end
return { now, tasks }
