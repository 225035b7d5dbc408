#!lua flags=allow-oom
-- begin: notes that a task which one more loss would bury is about to run, so that the loss is its own.
-- KEYS  1 the queue's hash
-- ARGV  1 id, 2 receipt
-- Returns 1, or 0 when the lease was lost
-- Cost  O(1)
-- Role  worker
-- include: base receipts
if call('HGET', ACTIVE, ARGV[1]) ~= ARGV[2] then return 0 end
call('HSET', TASK .. ARGV[1], 'begun', (select(4, read_receipt(ARGV[2]))), 'began', now)
return 1
