#!lua flags=allow-oom
-- order: tells a worker what to do.
-- KEYS  1 the namespace's audit; its name ends in "audit" as the hash of a queue ends in "queue", so that the pieces fit both
-- ARGV  1 actor (JSON), 2 action (for the audit), 3 worker id, 4 the state that it is wanted in, 5 how long the order holds (s)
-- Returns nothing
-- Cost  O(1)
-- Role  operator
-- include: base audit
call('SET', Q .. 'order:' .. ARGV[3], ARGV[4], 'EX', ARGV[5])
call('PUBLISH', Q .. 'control:' .. ARGV[3], 'order')
audit(ARGV[1], ARGV[2], ARGV[3], 1)
