#!lua flags=no-writes
-- survey: which groups would come first under other rules; a slice of all groups a call. Changes nothing.
-- KEYS  1 the queue's hash
-- ARGV  1 strategy, 2 order ('' for as it is), 3 cursor, 4 slice, 5 how many groups are wanted
-- Returns { next cursor ('0' at the end), the first groups of this slice with their scores (flat, scores as text) }
-- Cost  O(slice)
-- Role  viewer
-- include: base rules ring_dry groups supposed
suppose(ARGV[1], ARGV[2])
local page = call('ZSCAN', GROUPS, ARGV[3], 'COUNT', ARGV[4])
for i = 1, #page[2], 2 do place(know(page[2][i], tonumber(page[2][i + 1])), 'nowhere') end
local order = {}
for group in pairs(dry_scores) do order[#order + 1] = group end
table.sort(order, function(a, b) return before(dry_scores[a], a, dry_scores[b], b) end)
local answer = {}
for i = 1, math.min(#order, tonumber(ARGV[5])) do
  answer[#answer + 1] = order[i]
  answer[#answer + 1] = string.format('%.17g', dry_scores[order[i]])
end
return { page[1], answer }
