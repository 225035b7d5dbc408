#!lua flags=no-writes
-- may: whether the caller's access list allows commands. Nothing is read or changed.
-- KEYS  none
-- ARGV  pairs: command, key
-- Returns one number a pair: 1 allowed, 0 not
-- Cost  O(pairs)
-- Role  viewer producer worker
local answers = {}
for at = 1, #ARGV, 2 do answers[#answers + 1] = redis.acl_check_cmd(ARGV[at], ARGV[at + 1]) and 1 or 0 end
return answers
