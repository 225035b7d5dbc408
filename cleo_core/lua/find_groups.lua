#!lua flags=no-writes
-- find_groups: groups whose name contains a text, a slice of all groups a call.
-- KEYS  1 the queue's hash
-- ARGV  1 cursor, 2 pattern (as of MATCH), 3 slice
-- Returns { next cursor ('0' at the end), names found }
-- Cost  O(slice)
-- Role  viewer
-- include: base
local page = call('ZSCAN', Q .. 'groups', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local names = {}
for i = 1, #page[2], 2 do names[#names + 1] = page[2][i] end
return { page[1], names }
