#!lua flags=allow-oom
-- pause: stops or starts the claiming of a queue's tasks. Those that run go on.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 '1' to pause or '0' to resume
-- Returns 1 if that changed anything, else 0
-- Cost  O(1)
-- Role  operator
-- include: base events rules ring groups lanes audit
local before = call('HGET', QUEUE, 'paused') or '0'
if before == ARGV[2] then return 0 end
call('HSET', QUEUE, 'paused', ARGV[2])
local action = ARGV[2] == '1' and 'pause' or 'resume'
audit(ARGV[1], action, '', 1)
emit('queue_change', '', '', '', '', '', action == 'pause' and 'paused' or 'resumed')
if action == 'resume' then wake() end
publish_events()
return 1
